"""What TensorBoard shows of a translator beside its curves."""

import keras
import numpy as np
import tensorflow as tf

from data.corpora import Pairs
from data.text import WORD_START
from data.tokenizer import END, PAD, START

from ..harness.figures import attention_map, piece_labels
from ..harness.run_folder import RunFolder
from ..harness.traces import note
from ..harness.watch import Watch, markdown_table
from .config import Config, DecodeConfig
from .data import TranslationData
from .metrics import bleu
from .model import Translator
from .search import Searcher, search, with_end

SCORED = 200
"""Validation sentences that are decoded, greedily, while training: enough for a curve."""
SHOWN = 8
MAPS = 3


def watch(config: Config, run: RunFolder, model: Translator, data: TranslationData) -> Watch:
    """Validation BLEU, a table of translations, where the model looked for some, the embeddings."""
    pairs = _spread(data.split("validation"), SCORED)
    greedy = config.decode.model_copy(update={"beam": 1, "sample": False})
    searcher = Searcher(model, data.tokenizer, greedy, config.data.max_length)
    attention, pieces = _attention(model, greedy), data.tokenizer.pieces
    latest: list[str] = []

    def translate() -> list[str]:
        latest[:] = [prediction.text for prediction in searcher(pairs.source)]
        return latest

    def scores():
        return {"bleu": bleu(pairs.target, translate(), data.corpus.target)}

    def texts():
        rows = zip(pairs.source, pairs.target, latest or translate(), strict=True)
        table = markdown_table(("source", "reference", "hypothesis"), list(rows)[:SHOWN])
        return {"translations": table}

    def figures():
        ids = data.tokenizer.tokenize(tf.constant(pairs.source[:MAPS]))
        source = with_end(ids[:, : config.data.max_length])
        written, weights = attention(source)
        found = zip(weights.numpy(), source.numpy(), written.numpy(), strict=True)
        return {
            f"attention/{i + 1}": attention_map(one, *map(names, sides))
            for i, (one, *sides) in enumerate(found)
        }

    def names(ids):
        # END is a word of its own, not the rest of the last one.
        return [pieces[i] if i != END else f"{WORD_START}END" for i in ids if i != PAD]

    def embedding():
        vectors = keras.ops.convert_to_numpy(model.embedding.embeddings)
        # SentencePiece's mark is no Latin-1: a label with it would be missing among the points.
        return vectors, {"piece": piece_labels(pieces)}

    return Watch(
        texts=texts,
        figures=figures,
        embedding=embedding,
        scores=scores,
        inputs=lambda: next(iter(data.validation.validation()))[0],
    )


def _spread(pairs: Pairs, count: int) -> Pairs:
    """`count` pairs spread evenly over the split, which may be sorted by length."""
    indices = np.unique(np.linspace(0, len(pairs) - 1, min(count, len(pairs))).astype(int))
    return Pairs([pairs.source[i] for i in indices], [pairs.target[i] for i in indices])


def _attention(model: Translator, settings: DecodeConfig):
    """A function from source ids to what is written of them and where each head looks meanwhile.

    Ids `(sentences, time)` and weights `(sentences, heads, time, source time)`.
    """

    def write(source):
        note("search")
        tokens, _ = search(model, source, settings, settings.max_length)
        written = tokens[:, 0]
        # Given what it wrote, a decoder looks where it looked while it wrote, and tells it of each
        # head; a step of the search tells the mean.
        starts = tf.fill((tf.shape(written)[0], 1), START)
        return written, model.attention(source, tf.concat([starts, written[:, :-1]], axis=1))

    any_size = [tf.TensorSpec((None, None), tf.int32)]
    return tf.function(write, autograph=False, input_signature=any_size)
