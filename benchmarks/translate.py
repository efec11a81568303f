"""Measures the translate app: trains it as a user would, scores it on test, records the figures.

python -m benchmarks.translate builtin
python -m benchmarks.translate builtin --memories transformer lstm
python -m benchmarks.translate builtin-blind
DATA_DIR=... python -m benchmarks.translate multi30k
DATA_DIR=... python -m benchmarks.translate multi30k-lstm
DATA_DIR=... python -m benchmarks.translate decoding
DATA_DIR=... python -m benchmarks.translate speed
DATA_DIR=... python -m benchmarks.translate profile
DATA_DIR=... python -m benchmarks.translate findings
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from data.errors import UserError

from . import runs
from .record import record_and_show
from .runs import COST, MINUTES, Rows, timed

APP = "translate"

BUILTIN: Rows = {
    "bleu": ("BLEU", lambda run: run.test["sacrebleu"]),
    "pronoun_accuracy": ("accuracy", lambda run: run.test["pronoun_accuracy"]),
    **COST,
}
MULTI30K: Rows = {
    "sacrebleu": ("BLEU", lambda run: run.test["sacrebleu"]),
    "sacrebleu_low": ("BLEU", lambda run: run.test["sacrebleu_low"]),
    "sacrebleu_high": ("BLEU", lambda run: run.test["sacrebleu_high"]),
    "lc_bleu": ("BLEU", lambda run: run.test["lc_bleu"]),
    "chrf": ("chrF", lambda run: run.test["chrf"]),
    "length_ratio": ("ratio", lambda run: run.test["length_ratio"]),
    **MINUTES,
}

_measure, _write = partial(runs.measure, APP), partial(runs.write, APP)


def builtin(arguments: argparse.Namespace) -> None:
    """The default command, or the built-in corpus with each of some memories."""
    command = _command("builtin", arguments)
    if not arguments.memories:
        _write("builtin.en-de", BUILTIN, _measure("builtin", arguments.seeds, []), command)
    for memory in arguments.memories:
        found = _measure(f"builtin-{memory}", arguments.seeds, ["--model.memory", memory])
        _write(f"memories.{memory}", BUILTIN, found, command)


def builtin_blind(arguments: argparse.Namespace) -> None:
    """The default command on the corpus without first sentences: what pronouns then cost."""
    flags = ["--data.corpus", "builtin-blind"]
    found = _measure("builtin-blind", arguments.seeds, flags)
    _write("builtin-blind.en-de", BUILTIN, found, _command("builtin-blind", arguments))


@dataclass(frozen=True)
class Trial:
    """A training on Multi30k whose rows are for at most so many minutes of it."""

    rows: str
    minutes: int
    flags: Sequence[str]


# Faster on a processor with instructions for it, of no use on others, so no preset has it.
BFLOAT16 = ("--train.precision", "mixed_bfloat16")
TRIALS = {
    "multi30k": Trial("multi30k.en-de.transformer", 60, ["--data.corpus", "multi30k", *BFLOAT16]),
    "multi30k-lstm": Trial("multi30k.en-de.lstm", 90, ["--preset", "multi30k-lstm", *BFLOAT16]),
}


def multi30k(arguments: argparse.Namespace) -> None:
    """A preset for Multi30k, trained for at most as long as its rows allow."""
    trial = TRIALS[arguments.name]
    found = _measure(arguments.name, arguments.seeds, trial.flags, trial.minutes, arguments.resume)
    _write(trial.rows, MULTI30K, found, _command(arguments.name, arguments))


def decoding(arguments: argparse.Namespace) -> None:
    """How fast the Transformer that `multi30k` left translates its test set."""
    from . import translate_decoding  # it imports TensorFlow, and the others need not

    run, command = runs.FOLDER / APP / "bench-multi30k-1", "python -m benchmarks.translate decoding"
    if not (run / "model.keras").exists():
        raise UserError(f"There is no {run}: run `python -m benchmarks.translate multi30k` first.")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.txt", Path(folder) / "out.txt"
        translate_decoding.write_sources(run, source)
        files = ("--input", str(source), "--output", str(target))
        predict_seconds = timed(APP, "predict", "--run", run.name, "--decode.beam", "5", *files)
    found = translate_decoding.measure(run)
    seconds = time.monotonic() - started
    what = "multi30k.test_2016.predict_seconds"
    record_and_show(APP, what, predict_seconds, "s", command, seconds)
    for name, (value, unit) in found.items():
        record_and_show("decoding", f"beam5.multi30k.{name}", value, unit, command, seconds)


def speed(arguments: argparse.Namespace) -> None:
    """How fast training is, beside KerasHub and beside what the machine can do."""
    from . import translate_speed  # it imports TensorFlow, and the others need not

    started = time.monotonic()
    found, command = translate_speed.measure(), "python -m benchmarks.translate speed"
    seconds = time.monotonic() - started
    for name, value, unit in (
        ("speed_vs_kerashub", found.ours / found.peer, "ratio"),
        ("gemm_share", found.share, "share"),
        ("tokens_per_second", found.ours, "tokens/s"),
        ("kerashub_tokens_per_second", found.peer, "tokens/s"),
    ):
        record_and_show(APP, f"train.{name}", value, unit, command, seconds)


def profile(arguments: argparse.Namespace) -> None:
    """Where the time of a step of training goes, beside what the machine would need for it."""
    from . import translate_profile  # it imports TensorFlow, and the others need not

    started = time.monotonic()
    parts, command = translate_profile.measure(), "python -m benchmarks.translate profile"
    seconds = time.monotonic() - started
    for name, part in parts.items():
        row = f"train_step.{name}"
        record_and_show(APP, f"{row}.milliseconds", part.milliseconds, "ms", command, seconds)
        if part.floor:
            record_and_show(APP, f"{row}.floor_milliseconds", part.floor, "ms", command, seconds)


def findings(arguments: argparse.Namespace) -> None:
    """How much faster each thing that was found makes a step of training."""
    from . import translate_findings  # it imports TensorFlow, and the others need not

    started = time.monotonic()
    found, command = translate_findings.measure(), "python -m benchmarks.translate findings"
    seconds = time.monotonic() - started
    for name, ratio in found.items():
        record_and_show(APP, f"train_findings.{name}.speed", ratio, "ratio", command, seconds)


def _command(name: str, arguments: argparse.Namespace) -> str:
    """The command that measures the same again."""
    words = ["python -m benchmarks.translate", name]
    if getattr(arguments, "memories", None):
        words += ["--memories", *arguments.memories]
    if arguments.seeds != arguments.usual_seeds:
        words += ["--seeds", *map(str, arguments.seeds)]
    return " ".join(words)


def main(words: Sequence[str] | None = None) -> int:
    """Does what the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.translate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choices = parser.add_subparsers(
        metavar="WHAT", help="if nothing is said: builtin, speed, profile"
    )
    for name, action, seeds in (
        ("builtin", builtin, [1, 2, 3]),
        ("builtin-blind", builtin_blind, [1]),
        *((name, multi30k, [1]) for name in TRIALS),
        ("decoding", decoding, []),
        ("speed", speed, []),
        ("profile", profile, []),
        ("findings", findings, []),
    ):
        choice = choices.add_parser(name, help=action.__doc__.partition("\n")[0])
        if seeds:
            choice.add_argument("--seeds", type=int, nargs="+", default=seeds)
        choice.set_defaults(action=action, name=name, usual_seeds=seeds)
        if action is builtin:
            choice.add_argument("--memories", nargs="+", default=[], help="one row set for each")
        if action is multi30k:
            words_of_help = "go on where an interrupted measurement stopped"
            choice.add_argument("--resume", action="store_true", help=words_of_help)
    words = words or sys.argv[1:]
    for given in [words] if words else [["builtin"], ["speed"], ["profile"]]:
        arguments = parser.parse_args(given)
        if status := runs.answered(arguments.action, arguments):
            return status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
