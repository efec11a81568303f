"""Which words carried a decision."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import tensorflow as tf

from data.labelled_batches import shortened
from data.text import WORD_START
from data.tokenizer import END, PAD, Tokenizer

from ..harness.app import Prediction
from ..harness.run_folder import RunFolder
from ..harness.traces import note
from .config import Config
from .data import as_read
from .model import Classifier


def explainer(config: Config, run: RunFolder, model: Classifier) -> Callable:
    """A function that adds the words, with their weights, to predictions about texts."""
    tokenizer = Tokenizer.load(run.tokenizer)
    explain = Explainer(config, model, tokenizer, config.explanation.method)

    def with_words(texts: Sequence[str], predictions: Sequence[Prediction]) -> list[Prediction]:
        return [
            replace(one, words=explain(as_read(config, text), model.classes.index(one.text)))
            for text, one in zip(texts, predictions, strict=True)
        ]

    return with_words


class Explainer:
    """The weight of each word of a text for a class.

    "attention" gives the weights of the attention pooling, which say where the model looked;
    "gradients" integrated gradients (Sundararajan et al. 2017, equation 1) of the score of the
    class, less the mean score of the others, along the straight line from embeddings of zero: they
    say what spoke for the class and what against it, and sum to the difference between both ends
    of the line. To these comes what phrases (`model.ngrams`) add, shared among their tokens.
    """

    def __init__(self, config: Config, model: Classifier, tokenizer: Tokenizer, method: str):
        self._config = config
        self._model = model
        self._tokenizer = tokenizer
        self._pieces = tokenizer.pieces
        weigh = {"attention": self._attention, "gradients": self._gradients}[method]
        signature = [tf.TensorSpec((1, None), tf.int32), tf.TensorSpec((), tf.int32)]
        self._weigh = tf.function(weigh, input_signature=signature, autograph=False)

    def __call__(self, text: str, label: int) -> tuple[tuple[str, float], ...]:
        """Pieces of the text in order, blanks included, each with its weight."""
        settings = self._config.data
        ids = self._tokenizer.tokenize(tf.constant([text]))
        kept = shortened(ids, settings.max_length, settings.keep)
        batch = tf.concat([kept, tf.constant([[END]])], axis=1).to_tensor(PAD)
        weights = self._weigh(batch, label).numpy()[0, :-1]
        return in_text(text, self._spans(ids[0].numpy(), weights))

    def _spans(self, ids, weights):
        """Pieces of the whole text and their weights; those that were cut out weigh nothing."""
        pieces = [self._pieces[index] for index in ids]
        cut = len(pieces) - len(weights)
        if not cut:
            return list(zip(pieces, weights, strict=True))
        head = {"head": len(weights), "tail": 0, "head+tail": len(weights) // 2}
        start = head[self._config.data.keep]
        weights = np.concatenate([weights[:start], np.zeros(cut), weights[start:]])
        return list(zip(pieces, weights, strict=True))

    def _attention(self, ids, label):
        note("explanation")
        return self._model.attention(ids)

    def _gradients(self, ids, label):
        note("explanation")
        steps = self._config.explanation.steps
        embedded = tf.cast(self._model.reader.embed(ids), tf.float32)
        # The midpoints of equal stretches of the line.
        shares = (tf.range(steps, dtype=tf.float32) + 0.5) / steps
        line = shares[:, None, None] * embedded
        classes = len(self._model.classes)
        sign = tf.one_hot(label, classes) * classes / (classes - 1) - 1 / (classes - 1)
        with tf.GradientTape() as tape:
            tape.watch(line)
            logits = self._model.logits_of(line, tf.repeat(ids, steps, axis=0))
            score = tf.linalg.matvec(logits, sign)
        gradients = tf.reduce_mean(tape.gradient(score, line), axis=0, keepdims=True)
        weights = tf.reduce_sum(gradients * embedded, axis=-1)
        if self._model.bag:
            weights += tf.linalg.matvec(self._model.bag.shares(ids, ids != PAD), sign)
        return weights


def in_text(text: str, pieces: Sequence[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """Weights of subwords as weights of the words that they are in.

    Args:
        text: the text they are of.
        pieces: its subwords in order with their weights; a new word begins at `WORD_START`.

    Returns:
        Words, and the blanks between them with weight 0: joined they are the text.
    """
    sums: list[float] = []
    for piece, weight in pieces:
        if piece.startswith(WORD_START) or not sums:
            sums.append(0.0)
        sums[-1] += float(weight)
    # Subwords are parted at the blank alone, whatever else looks like one.
    words = [part for part in re.split(r"( +)", text) if part]
    blank = [not part.strip(" ") for part in words]
    # One subword of blanks alone may open a text; it belongs to no word.
    spare = sums[-(len(words) - sum(blank)) :] if len(words) > sum(blank) else []
    weights = iter(spare)
    return tuple(
        (part, 0.0 if space else next(weights, 0.0))
        for part, space in zip(words, blank, strict=True)
    )
