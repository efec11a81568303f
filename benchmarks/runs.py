"""Runs of an app, trained and scored as a user would, for the record."""

from __future__ import annotations

import argparse
import math
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.harness.metrics_file import read
from apps.harness.provenance import ROOT
from data.errors import UserError

from .record import record_seeds

FOLDER = ROOT / "runs"


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
MINUTES: Rows = {
    "train_minutes": ("min", lambda run: run.training["train_seconds"] / 60),
    **{name: COST[name] for name in ("evaluate_seconds", "epochs", "parameters")},
}


def measure(
    app: str,
    name: str,
    seeds: Sequence[int],
    flags: Sequence[str],
    most_minutes: float = math.inf,
    resume: bool = False,
) -> dict[int, Measured]:
    """Trains one run a seed and evaluates it on test.

    Args:
        app: the name of the app.
        name: the runs are named `bench-<name>-<seed>`.
        seeds: the seeds to train with.
        flags: settings of the command `train` other than run and seed.
        most_minutes: of training; a run that took longer is not scored on test.
        resume: go on with runs that an earlier measurement left, instead of removing them.

    Raises:
        SystemExit: training took longer than that.
        subprocess.CalledProcessError: one of the commands failed.
    """
    found = {}
    for seed in seeds:
        run = f"bench-{name}-{seed}"
        folder = FOLDER / app / run
        if not resume:
            shutil.rmtree(folder, ignore_errors=True)
        train_seconds = timed(app, "train", "--run", run, "--train.seed", str(seed), *flags)
        minutes = read(folder / "metrics.json")["training"]["train_seconds"] / 60
        if minutes > most_minutes:
            raise SystemExit(
                f"Training took {minutes:.1f} minutes and the rows are for at most "
                f"{most_minutes:g}: nothing was scored on test, nothing recorded."
            )
        evaluate_seconds = timed(app, "evaluate", "--run", run, "--split", "test")
        metrics = read(folder / "metrics.json")
        found[seed] = Measured(
            train_seconds, evaluate_seconds, metrics["training"], metrics["test"]
        )
    return found


def write(
    app: str,
    prefix: str,
    rows: Rows,
    runs: Mapping[int, Measured],
    command: str,
    mean: bool = False,
) -> None:
    """Records the rows of some runs and prints their medians, or means."""
    # A measurement that went on with a run has not seen all of its training.
    seconds = {
        seed: max(run.train_seconds, run.training["train_seconds"]) + run.evaluate_seconds
        for seed, run in runs.items()
    }
    for name, (unit, value) in rows.items():
        values = {seed: value(run) for seed, run in runs.items()}
        what = f"{app}.{prefix}.{name}"
        average = record_seeds(app, what, values, unit, command, seconds, mean)
        print(f"{what} = {average:.6g} {unit}")


def timed(app: str, verb: str, *flags: str) -> float:
    """Runs one command of an app, its output shown; returns its wall time in seconds."""
    command = [sys.executable, "-m", f"apps.{app}", verb, *flags]
    print("$", " ".join(["python", *command[1:]]), flush=True)
    started = time.monotonic()
    subprocess.run(command, cwd=ROOT, check=True)
    return time.monotonic() - started


def answered(action: Callable[[argparse.Namespace], None], arguments: argparse.Namespace) -> int:
    """Does one measurement; returns the exit status."""
    try:
        action(arguments)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print("That command failed, so nothing was recorded of it.", file=sys.stderr)
        return error.returncode or 1
    return 0
