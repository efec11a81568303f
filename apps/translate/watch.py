"""What TensorBoard shows of a translator beside its curves."""

import keras
import numpy as np
import tensorflow as tf

from data.corpora import Pairs
from data.tokenizer import END, START

from ..harness.figures import attention_map
from ..harness.run_folder import RunFolder
from ..harness.watch import Watch, markdown_table
from .config import Config
from .data import TranslationData
from .metrics import bleu
from .model import Translator
from .search import Searcher, with_end

SCORED = 200
"""Validation sentences that are decoded, greedily, while training: enough for a curve."""
SHOWN = 8
MAPS = 3


def watch(config: Config, run: RunFolder, model: Translator, data: TranslationData) -> Watch:
    """Validation BLEU, a table of translations, attention maps and the embeddings."""
    pairs = _spread(data.split("validation"), SCORED)
    greedy = config.decode.model_copy(update={"beam": 1})
    searcher = Searcher(model, data.tokenizer, greedy, config.data.max_length)
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
        return {
            f"attention/{i + 1}": _attention(model, data, pairs.source[i], pairs.target[i])
            for i in range(min(MAPS, len(pairs)))
        }

    def embedding():
        vectors = keras.ops.convert_to_numpy(model.embedding.embeddings)
        return vectors, data.tokenizer.pieces

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


def _attention(model: Translator, data: TranslationData, source: str, target: str):
    """Where the decoder looks in `source` while it writes the reference."""
    source_ids = with_end(data.tokenizer.tokenize(tf.constant([source])))
    written = with_end(data.tokenizer.tokenize(tf.constant([target])))
    read = tf.concat([[[START]], written[:, :-1]], axis=1)
    scores = model.attention(source_ids, read)[0]
    pieces = data.tokenizer.pieces
    names = [[pieces[i] if i != END else "END" for i in ids[0]] for ids in (source_ids, written)]
    return attention_map(keras.ops.convert_to_numpy(scores), *names)
