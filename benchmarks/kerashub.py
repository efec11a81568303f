"""The peer of the translate app: the same tiny Transformer, written with the layers of KerasHub.

It is fixed, so that ratios against it stay comparable: post-embedding dropout, pre-norm blocks, an
output layer that shares the target's embedding, float32, batches of 64 sentences padded to the
longest, plain `fit` without XLA.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import tensorflow as tf

from data.errors import UserError
from data.tokenizer import PAD

BATCH = 64


def hub():
    """The module `keras_hub`.

    Raises:
        UserError: it is not installed.
    """
    try:
        import keras_hub
    except ImportError as error:
        raise UserError(
            "The peer of this benchmark is KerasHub, which is not installed: run "
            "`pip install --constraint constraints.txt --editable '.[bench]'`."
        ) from error
    return keras_hub


def translator(
    vocabulary: int,
    length: int,
    units: int,
    layers: int,
    heads: int,
    hidden_units: int,
    dropout: float,
) -> keras.Model:
    """A compiled model from `{"source": ids, "target": ids}` to logits.

    Args:
        vocabulary: number of token ids.
        length: the longest sentence that its positions are learned for.
        units, layers, heads, hidden_units, dropout: as in the app.
    """
    modeling = hub().layers

    def block(kind):
        return kind(hidden_units, heads, dropout=dropout, normalize_first=True)

    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    embeddings = [
        modeling.TokenAndPositionEmbedding(vocabulary, length, units, mask_zero=True)
        for _ in range(2)
    ]
    memory, outputs = [
        keras.layers.Dropout(dropout)(embed(ids))
        for embed, ids in zip(embeddings, (source, target), strict=True)
    ]
    for _ in range(layers):
        memory = block(modeling.TransformerEncoder)(memory)
    memory = keras.layers.LayerNormalization()(memory)
    for _ in range(layers):
        outputs = block(modeling.TransformerDecoder)(outputs, memory)
    outputs = keras.layers.LayerNormalization()(outputs)
    logits = embeddings[1].token_embedding(outputs, reverse=True)
    model = keras.Model({"source": source, "target": target}, logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PAD)
    model.compile("adam", loss, jit_compile=False)
    return model


def batches(source: Sequence[Sequence[int]], target: Sequence[Sequence[int]], seed: int):
    """A `tf.data.Dataset` for its `fit`: shuffled, 64 sentences each, padded to the longest.

    Args:
        source: token ids of the sources.
        target: token ids of the targets, from START to END.
        seed: seed of the order.
    """
    ragged = [tf.ragged.constant(ids, dtype=tf.int32) for ids in (source, target)]

    def split(source, target):
        source, target = (ids.to_tensor(PAD) for ids in (source, target))
        return {"source": source, "target": target[:, :-1]}, target[:, 1:]

    dataset = tf.data.Dataset.from_tensor_slices(tuple(ragged))
    dataset = dataset.shuffle(len(source), seed=seed).batch(BATCH, drop_remainder=True)
    return dataset.map(split, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
