"""The verb `evaluate`: scores a trained run on one split of its corpus."""

import json
import time
from dataclasses import replace

import keras

from data.errors import UserError

from .app import App, Evaluation
from .config import BaseConfig, merged
from .files import atomic_write
from .metrics_file import read, record_evaluation
from .run_folder import RunFolder
from .tensorboard import write_final
from .traces import Traces


def evaluate(
    app: App, run: RunFolder, split: str, against: RunFolder | None, overrides: dict
) -> None:
    """Prints and writes the scores of `run` on `split`.

    Args:
        against: a run evaluated on the same split before, to test the difference from.
        overrides: settings to change for this evaluation, by their dotted names.

    Raises:
        UserError: the run is not finished, `against` was not evaluated on this split, or a file
            of either is damaged.
    """
    config = merged(run.config(app.config), overrides)
    keras.utils.set_random_seed(config.train.seed)
    data = app.prepare(config, run)
    traces = Traces()
    evaluation = evaluate_model(app, config, run, run.load_model(), data, split, against)
    print(traces)
    print(evaluation.report)


def evaluate_model(
    app: App,
    config: BaseConfig,
    run: RunFolder,
    model,
    data,
    split: str,
    against: RunFolder | None = None,
) -> Evaluation:
    """Evaluates, and writes `metrics.json`, the report and one line of JSON per example."""
    # What cannot be read is told before the work begins.
    steps = read(run.metrics).get("training", {}).get("steps", 0)
    theirs = _rows(against, split) if against else []
    started = time.monotonic()
    evaluation = app.evaluate(config, run, model, data, split)
    seconds = time.monotonic() - started
    final = {f"{split}_{name}": evaluation.metrics[name] for name in evaluation.headline}
    write_final(run, final, steps)
    verdicts = {}
    if against:
        verdicts[against.name] = verdict = app.versus(config, evaluation.rows, theirs)
        report = f"{evaluation.report.rstrip()}\n\nAgainst {against.name}: {verdict}\n"
        evaluation = replace(evaluation, report=report)
    record_evaluation(
        run.metrics,
        split,
        evaluation.metrics,
        seconds,
        signatures=evaluation.signatures,
        against=verdicts,
        details=evaluation.details,
    )
    atomic_write(run.report, evaluation.report)
    lines = (json.dumps(row, ensure_ascii=False) for row in evaluation.rows)
    atomic_write(_rows_file(run, split), "\n".join(lines) + "\n")
    return evaluation


def _rows_file(run: RunFolder, split: str):
    return run.path / f"{split}.jsonl"


def _rows(run: RunFolder, split: str) -> list[dict]:
    file = _rows_file(run, split)
    if not file.is_file():
        raise UserError(
            f"The run {run.name} was not evaluated on {split} yet: evaluate it first, "
            "then compare with it."
        )
    try:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    except (OSError, ValueError):
        rows = [None]
    if not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{file} is damaged: evaluate the run {run.name} on {split} again.")
    return rows
