"""Measures the translate app: trains it as a user would, scores it on test, records the figures.

python -m benchmarks.translate builtin
python -m benchmarks.translate builtin --memories transformer lstm
python -m benchmarks.translate builtin-blind
DATA_DIR=... python -m benchmarks.translate multi30k
DATA_DIR=... python -m benchmarks.translate multi30k-30min
DATA_DIR=... python -m benchmarks.translate multi30k-lstm
DATA_DIR=... python -m benchmarks.translate decoding
DATA_DIR=... python -m benchmarks.translate speed
DATA_DIR=... python -m benchmarks.translate profile
"""

from __future__ import annotations

import argparse
import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.harness.metrics_file import read
from apps.harness.provenance import ROOT
from data.errors import UserError

from .record import record_and_show, record_seeds

FILE = "translate"
RUNS = ROOT / "runs" / "translate"


@dataclass(frozen=True)
class Measured:
    """One trained and evaluated run."""

    train_seconds: float
    """The whole command `train`: start of Python, imports, corpus, training, validation scores."""
    evaluate_seconds: float
    """The whole command `evaluate` on test."""
    training: Mapping[str, Any]
    """What training wrote to `metrics.json`."""
    test: Mapping[str, float]
    """The scores on test."""


Rows = Mapping[str, tuple[str, Callable[[Measured], float]]]
"""The last part of a row's name to its unit and where it is found."""

COST: Rows = {
    "train_seconds": ("s", lambda run: run.train_seconds),
    "fit_seconds": ("s", lambda run: run.training["train_seconds"]),
    "evaluate_seconds": ("s", lambda run: run.evaluate_seconds),
    "epochs": ("epochs", lambda run: run.training["epochs"]),
    "parameters": ("parameters", lambda run: run.training["parameters"]),
}
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
    "train_minutes": ("min", lambda run: run.training["train_seconds"] / 60),
    "evaluate_seconds": COST["evaluate_seconds"],
    "epochs": COST["epochs"],
    "parameters": COST["parameters"],
}


def measure(
    name: str, seeds: Sequence[int], flags: Sequence[str], most_minutes: float = math.inf
) -> dict[int, Measured]:
    """Trains one run a seed from nothing and evaluates it on test.

    Args:
        name: the runs are named `bench-<name>-<seed>`; what an earlier measurement left under
            these names is removed.
        seeds: the seeds to train with.
        flags: settings of the command `train` other than run and seed.
        most_minutes: of training; a run that took longer is not scored on test.

    Raises:
        SystemExit: training took longer than that.
        subprocess.CalledProcessError: one of the commands failed.
    """
    found = {}
    for seed in seeds:
        run = f"bench-{name}-{seed}"
        shutil.rmtree(RUNS / run, ignore_errors=True)
        train_seconds = _timed("train", "--run", run, "--train.seed", str(seed), *flags)
        minutes = read(RUNS / run / "metrics.json")["training"]["train_seconds"] / 60
        if minutes > most_minutes:
            raise SystemExit(
                f"Training took {minutes:.1f} minutes and the rows are for at most "
                f"{most_minutes:g}: nothing was scored on test, nothing recorded."
            )
        evaluate_seconds = _timed("evaluate", "--run", run, "--split", "test")
        metrics = read(RUNS / run / "metrics.json")
        found[seed] = Measured(
            train_seconds, evaluate_seconds, metrics["training"], metrics["test"]
        )
    return found


def write(prefix: str, rows: Rows, runs: Mapping[int, Measured], command: str) -> None:
    """Records the rows of some runs and prints their medians."""
    seconds = {seed: run.train_seconds + run.evaluate_seconds for seed, run in runs.items()}
    for name, (unit, value) in rows.items():
        values = {seed: value(run) for seed, run in runs.items()}
        what = f"{FILE}.{prefix}.{name}"
        median = record_seeds(FILE, what, values, unit, command, seconds)
        print(f"{what} = {median:.6g} {unit}")


def builtin(arguments: argparse.Namespace) -> None:
    """The default command, or the built-in corpus with each of some memories."""
    command = _command("builtin", arguments)
    if not arguments.memories:
        write("builtin.en-de", BUILTIN, measure("builtin", arguments.seeds, []), command)
    for memory in arguments.memories:
        runs = measure(f"builtin-{memory}", arguments.seeds, ["--model.memory", memory])
        write(f"memories.{memory}", BUILTIN, runs, command)


def builtin_blind(arguments: argparse.Namespace) -> None:
    """The default command on the corpus without first sentences: what pronouns then cost."""
    flags = ["--data.corpus", "builtin-blind"]
    runs = measure("builtin-blind", arguments.seeds, flags)
    write("builtin-blind.en-de", BUILTIN, runs, _command("builtin-blind", arguments))


@dataclass(frozen=True)
class Trial:
    """A training on Multi30k whose rows are for at most so many minutes of it."""

    rows: str
    minutes: int
    flags: Sequence[str]


TRIALS = {
    "multi30k": Trial("multi30k.en-de.transformer", 60, ["--data.corpus", "multi30k"]),
    "multi30k-30min": Trial(
        "multi30k.en-de.transformer_30min",
        30,
        [
            *("--data.corpus", "multi30k", "--data.batch-tokens", "2048"),
            *("--model.dropout", "0.15", "--train.epochs", "11", "--train.average", "3"),
            *("--train.learning-rate", "0.003", "--train.warmup-steps", "400"),
        ],
    ),
    "multi30k-lstm": Trial("multi30k.en-de.lstm", 90, ["--preset", "multi30k-lstm"]),
}


def multi30k(arguments: argparse.Namespace) -> None:
    """A preset for Multi30k, trained for at most as long as its rows allow."""
    trial = TRIALS[arguments.name]
    runs = measure(arguments.name, arguments.seeds, trial.flags, trial.minutes)
    write(trial.rows, MULTI30K, runs, _command(arguments.name, arguments))


def decoding(arguments: argparse.Namespace) -> None:
    """How fast the Transformer that `multi30k` left translates its test set."""
    from . import translate_decoding  # it imports TensorFlow, and the others need not

    run, command = RUNS / "bench-multi30k-1", "python -m benchmarks.translate decoding"
    if not (run / "model.keras").exists():
        raise UserError(f"There is no {run}: run `python -m benchmarks.translate multi30k` first.")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.txt", Path(folder) / "out.txt"
        translate_decoding.write_sources(run, source)
        files = ("--input", str(source), "--output", str(target))
        predict_seconds = _timed("predict", "--run", run.name, "--decode.beam", "5", *files)
    rate = translate_decoding.sentences_per_second(run)
    seconds = time.monotonic() - started
    what = "multi30k.test_2016.predict_seconds"
    record_and_show(FILE, what, predict_seconds, "s", command, seconds)
    what = "beam5.multi30k.sentences_per_second"
    record_and_show("decoding", what, rate, "sentences/s", command, seconds)


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
        record_and_show(FILE, f"train.{name}", value, unit, command, seconds)


def profile(arguments: argparse.Namespace) -> None:
    """Where the time of a step of training goes, beside what the machine would need for it."""
    from . import translate_profile  # it imports TensorFlow, and the others need not

    started = time.monotonic()
    parts, command = translate_profile.measure(), "python -m benchmarks.translate profile"
    seconds = time.monotonic() - started
    for name, part in parts.items():
        row = f"train_step.{name}"
        record_and_show(FILE, f"{row}.milliseconds", part.milliseconds, "ms", command, seconds)
        if part.floor:
            record_and_show(FILE, f"{row}.floor_milliseconds", part.floor, "ms", command, seconds)


def _timed(verb: str, *flags: str) -> float:
    """Runs one command of the app, its output shown; returns its wall time in seconds."""
    command = [sys.executable, "-m", "apps.translate", verb, *flags]
    print("$", " ".join(["python", *command[1:]]), flush=True)
    started = time.monotonic()
    subprocess.run(command, cwd=ROOT, check=True)
    return time.monotonic() - started


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
    ):
        choice = choices.add_parser(name, help=action.__doc__.partition("\n")[0])
        if seeds:
            choice.add_argument("--seeds", type=int, nargs="+", default=seeds)
        choice.set_defaults(action=action, name=name, usual_seeds=seeds)
        if action is builtin:
            choice.add_argument("--memories", nargs="+", default=[], help="one row set for each")
    words = words or sys.argv[1:]
    try:
        for given in [words] if words else [["builtin"], ["speed"], ["profile"]]:
            arguments = parser.parse_args(given)
            arguments.action(arguments)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print("That command failed, so nothing was recorded of it.", file=sys.stderr)
        return error.returncode or 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
