"""How fast a trained translator decodes the test set of its corpus."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np

from apps.harness.run_folder import RunFolder
from apps.translate.config import Config
from apps.translate.data import load_corpus
from apps.translate.metrics import bleu
from apps.translate.search import Searcher
from data.tokenizer import Tokenizer

ROUNDS = 3


def write_sources(run: Path, file: Path) -> None:
    """Writes the source sentences of the test set, one a line."""
    file.write_text("\n".join(_sources(run)) + "\n", encoding="utf-8")


def measure(run: Path) -> dict[str, tuple[float, str]]:
    """What decoding with a beam of five comes to, by the last part of a row, with its unit.

    Sentences a second are from strings to strings, in the batches of the app, once graphs are
    traced; the median of some rounds. Quality in bfloat16 is measured on validation.
    """
    folder = RunFolder(run)
    config = folder.config(Config)
    corpus = load_corpus(config)
    model, tokenizer = folder.load_model(), Tokenizer.load(folder.tokenizer)
    searchers = {
        name: Searcher(
            one, tokenizer, config.decode.model_copy(update={"beam": 5}), config.data.max_length
        )
        for name, one in (("float32", model), ("bfloat16", model.computing_in("mixed_bfloat16")))
    }
    validation = corpus.splits["validation"]
    quality = {
        name: bleu(
            validation.target, [one.text for one in search(validation.source)], corpus.target
        )
        for name, search in searchers.items()  # which traces
    }
    sources = corpus.splits["test"].source
    rates: dict[str, list[float]] = {name: [] for name in searchers}
    for _ in range(ROUNDS):
        for name, search in searchers.items():
            started = time.perf_counter()
            found = search(sources)
            rates[name].append(len(sources) / (time.perf_counter() - started))
            print(f"beam 5, {name}: {rates[name][-1]:.1f} sentences/s", flush=True)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    lengths = tokenizer.tokenize([one.text for one in found]).row_lengths().numpy() + 1
    of_sources = tokenizer.tokenize(list(sources)).row_lengths().numpy()
    return {
        "sentences_per_second": (medians["float32"], "sentences/s"),
        "bfloat16_speed": (medians["bfloat16"] / medians["float32"], "ratio"),
        "bfloat16_bleu_lost": (quality["float32"] - quality["bfloat16"], "BLEU"),
        "steps_after_the_end": (after_the_end(of_sources, lengths, config.decode.batch), "share"),
    }


def after_the_end(sources: np.ndarray, translations: np.ndarray, batch: int) -> float:
    """The share of steps that sentences take in a batch after their translation has ended.

    A batch that shrinks as translations end could save so much at most.

    Args:
        sources, translations: their lengths `(sentences,)`; batches are of like sources.
        batch: sentences of one.
    """
    order = np.argsort(-sources, kind="stable")
    lengths = translations[order]
    batches = [lengths[start : start + batch] for start in range(0, len(lengths), batch)]
    return 1.0 - lengths.sum() / sum(one.max() * len(one) for one in batches)


def _sources(run: Path) -> list[str]:
    return list(load_corpus(RunFolder(run).config(Config)).splits["test"].source)
