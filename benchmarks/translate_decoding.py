"""How fast a trained translator decodes the test set of its corpus."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from apps.harness.run_folder import RunFolder
from apps.translate.config import Config
from apps.translate.data import load_corpus
from apps.translate.search import Searcher
from data.tokenizer import Tokenizer

ROUNDS = 3


def write_sources(run: Path, file: Path) -> None:
    """Writes the source sentences of the test set, one a line."""
    file.write_text("\n".join(_sources(run)) + "\n", encoding="utf-8")


def sentences_per_second(run: Path) -> float:
    """How many sentences a second a beam of five translates once its graphs are traced.

    From strings to strings, in the batches of the app; the median of some rounds.
    """
    folder = RunFolder(run)
    config, sources = folder.config(Config), _sources(run)
    searcher = Searcher(
        folder.load_model(),
        Tokenizer.load(folder.tokenizer),
        config.decode.model_copy(update={"beam": 5}),
        config.data.max_length,
    )
    searcher(sources)  # traces
    rates = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        searcher(sources)
        rates.append(len(sources) / (time.perf_counter() - started))
        print(f"beam 5: {rates[-1]:.1f} sentences/s", flush=True)
    return statistics.median(rates)


def _sources(run: Path) -> list[str]:
    return list(load_corpus(RunFolder(run).config(Config)).splits["test"].source)
