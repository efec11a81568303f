"""Measures the sentiment app: trains it as a user would, scores it on test, records the figures.

python -m benchmarks.sentiment builtin
DATA_DIR=... python -m benchmarks.sentiment sst2 | sst5
DATA_DIR=... python -m benchmarks.sentiment memories
DATA_DIR=... python -m benchmarks.sentiment imdb-lstm | imdb-transformer | imdb-best
DATA_DIR=... python -m benchmarks.sentiment speed
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from layers.catalogue import MEMORIES

from . import record, results, runs
from .record import record_and_show
from .runs import MINUTES, Measured, Rows

APP = "sentiment"


def _score(name: str):
    return lambda run: run.test[name]


SCORES: Rows = {
    "accuracy": ("accuracy", _score("accuracy")),
    "accuracy_low": ("accuracy", _score("accuracy_low")),
    "accuracy_high": ("accuracy", _score("accuracy_high")),
    "f1_macro": ("F1", _score("f1_macro")),
    "ece": ("error", _score("ece")),
    "ece_calibrated": ("error", _score("ece_calibrated")),
    "bag_of_words_accuracy": ("accuracy", _score("bag_of_words_accuracy")),
    "tfidf_lr_accuracy": ("accuracy", _score("tfidf_lr_accuracy")),
    "nbsvm_accuracy": ("accuracy", _score("nbsvm_accuracy")),
    **MINUTES,
}
VERDICTS: Rows = {f"{name}_p": ("p", _score(f"{name}_p")) for name in ("tfidf_lr", "nbsvm")}
MEMORY: Rows = {
    "accuracy": SCORES["accuracy"],
    "accuracy_low": SCORES["accuracy_low"],
    "accuracy_high": SCORES["accuracy_high"],
    "parameters": MINUTES["parameters"],
    "seconds_per_epoch": (
        "s",
        lambda run: run.training["train_seconds"] / run.training["epochs"],
    ),
}


@dataclass(frozen=True)
class Trial:
    """A training whose rows are for at most so many minutes of it."""

    rows: str
    flags: Sequence[str]
    seeds: Sequence[int] = (1,)
    minutes: float = 90


TRIALS = {
    "builtin": Trial("builtin", (), (1, 2, 3)),
    "sst2": Trial("sst2.best", ("--data.corpus", "sst2_phrases"), (1, 2, 3)),
    "sst5": Trial("sst5.best", ("--data.corpus", "sst5_phrases"), (1, 2, 3)),
    "imdb-lstm": Trial("imdb.lstm", ("--data.corpus", "imdb")),
    "imdb-transformer": Trial(
        "imdb.transformer", ("--data.corpus", "imdb", "--model.memory", "transformer")
    ),
    "imdb-best": Trial("imdb.best", ("--preset", "imdb-best")),
}

_measure, _write = partial(runs.measure, APP), partial(runs.write, APP)


def trial(arguments: argparse.Namespace) -> None:
    """A preset, trained for at most as long as its rows allow."""
    one = TRIALS[arguments.name]
    command = _command(arguments.name, arguments, one.seeds)
    found = _measure(arguments.name, arguments.seeds, one.flags, one.minutes, arguments.resume)
    # A probability is one of a single run: the mean of several would be none.
    rows = SCORES if len(found) > 1 else {**SCORES, **VERDICTS}
    _write(one.rows, rows, found, command, mean=True)
    if one.rows.startswith("imdb."):
        _write("imdb.nbsvm", {"accuracy": SCORES["nbsvm_accuracy"]}, found, command)


def memories(arguments: argparse.Namespace) -> None:
    """Every memory on the sentences of SST-2; what is recorded is not measured again."""
    command = "python -m benchmarks.sentiment memories"
    for memory in arguments.memories or MEMORIES:
        rows = f"memories.{memory}"
        known = {row["what"] for row in record.read(APP)}
        if f"{APP}.{rows}.accuracy" in known and not arguments.again:
            print(f"{rows} is recorded (--again measures it anew)")
            continue
        # The memory alone, and its time without what is done for TensorBoard.
        alone = ["--model.ngrams", "0", "--train.score-every", "0"]
        flags = ["--data.corpus", "sst2", "--model.memory", memory, *alone]
        found: dict[int, Measured] = _measure(
            f"sst2-{memory}", [1], flags, resume=not arguments.again
        )
        _write(rows, MEMORY, found, command)
    results.main()


def speed(arguments: argparse.Namespace) -> None:
    """How many reviews a second are classified, beside a bidirectional LSTM of Keras."""
    from . import sentiment_speed  # it imports TensorFlow, and the others need not

    started = time.monotonic()
    found, command = sentiment_speed.measure(), "python -m benchmarks.sentiment speed"
    seconds = time.monotonic() - started
    for name, value, unit in (
        ("speed_vs_keras_bilstm", found["ours"] / found["keras"], "ratio"),
        ("texts_per_second", found["ours"], "texts/s"),
        ("keras_bilstm_texts_per_second", found["keras"], "texts/s"),
    ):
        record_and_show(APP, f"predict.{name}", value, unit, command, seconds)


def _command(name: str, arguments: argparse.Namespace, usual: Sequence[int]) -> str:
    """The command that measures the same again."""
    words = ["python -m benchmarks.sentiment", name]
    if list(arguments.seeds) != list(usual):
        words += ["--seeds", *map(str, arguments.seeds)]
    return " ".join(words)


def main(words: Sequence[str] | None = None) -> int:
    """Does what the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sentiment",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choices = parser.add_subparsers(metavar="WHAT", help="if nothing is said: builtin")
    for name, one in TRIALS.items():
        choice = choices.add_parser(name, help=f"rows {APP}.{one.rows}.*")
        choice.add_argument("--seeds", type=int, nargs="+", default=list(one.seeds))
        choice.add_argument(
            "--resume", action="store_true", help="go on where an interrupted measurement stopped"
        )
        choice.set_defaults(action=trial, name=name)
    choice = choices.add_parser("memories", help=memories.__doc__.partition("\n")[0])
    choice.add_argument("--memories", nargs="+", default=[], choices=list(MEMORIES))
    choice.add_argument("--again", action="store_true", help="those that are recorded, too")
    choice.set_defaults(action=memories)
    choices.add_parser("speed", help=speed.__doc__.partition("\n")[0]).set_defaults(action=speed)
    arguments = parser.parse_args(words or sys.argv[1:] or ["builtin"])
    return runs.answered(arguments.action, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
