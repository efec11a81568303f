"""The verb `evaluate` for translation: search, teacher forcing, scores, report."""

import time
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from data.batches import Batches
from data.tokenizer import PAD

from ..harness.app import Evaluation
from ..harness.report import examples, render
from ..harness.run_folder import RunFolder
from ..harness.traces import note
from .config import Config
from .data import TranslationData
from .metrics import MEASURES, paired_bootstrap, score, token_metrics
from .model import Translator
from .search import Searcher


def evaluate(
    config: Config, run: RunFolder, model: Translator, data: TranslationData, split: str
) -> Evaluation:
    """Scores the model on one split of the corpus."""
    corpus, pairs = data.corpus, data.split(split)
    searcher = Searcher(model, data.tokenizer, config.decode, config.data.max_length)
    started = time.monotonic()
    predictions = searcher(pairs.source)
    seconds = time.monotonic() - started
    hypotheses = [prediction.text for prediction in predictions]
    scores = score(pairs.source, pairs.target, hypotheses, corpus.target, corpus.checks)
    metrics = {
        **scores["metrics"],
        **_teacher_forced(config, model, data, split),
        "sentences_per_second": len(pairs) / seconds,
    }
    title = (
        f"{run.name}: {corpus.name} {corpus.source} -> {corpus.target}, {split}, "
        f"{len(pairs):,} sentences, beam {config.decode.beam}"
    )
    sides = {"source": pairs.source, "reference": pairs.target, "hypothesis": hypotheses}
    report = render(title, metrics, MEASURES, scores["signatures"], examples(5, **sides))
    rows = [dict(zip(sides, row, strict=True)) for row in zip(*sides.values(), strict=True)]
    headline = ("sacrebleu", "chrf", "token_accuracy", *corpus.checks)
    return Evaluation(metrics, report, rows, scores["signatures"], headline)


def versus(config: Config, ours: Sequence[dict], theirs: Sequence[dict]) -> str:
    """One sentence: whether the translations of two runs differ in quality."""
    if [row["reference"] for row in ours] != [row["reference"] for row in theirs]:
        return "not the same sentences, so there is nothing to compare."
    references, a = ([row[name] for row in ours] for name in ("reference", "hypothesis"))
    b = [row["hypothesis"] for row in theirs]
    delta, p = paired_bootstrap(references, a, b, config.data.target)
    verdict = "a real difference" if p < 0.05 else "no difference that is certain"
    return f"{delta:+.1f} sacreBLEU, p = {p:.3f} (paired bootstrap): {verdict}."


def _teacher_forced(
    config: Config, model: Translator, data: TranslationData, split: str
) -> dict[str, float]:
    """Token metrics when the model is given the reference up to each token."""
    pairs = data.split(split)
    batches = Batches(
        data.tokenizer, pairs.source, pairs.target, batch_tokens=config.data.batch_tokens
    )

    def guess(inputs):
        note("teacher forcing")
        return tf.argmax(model(inputs), axis=-1, output_type=tf.int32)

    predict = tf.function(guess, autograph=False, reduce_retracing=True)
    found = [(labels, predict(inputs)) for inputs, labels in batches.validation()]
    real = [labels != PAD for labels, _ in found]
    right, guessed = (
        np.concatenate(
            [tf.boolean_mask(pair[side], keep) for pair, keep in zip(found, real, strict=True)]
        )
        for side in (0, 1)
    )
    return token_metrics(right, guessed, np.ones(right.shape, bool))
