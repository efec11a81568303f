"""`metrics.json`, the figures of one run.

    {"training": {"parameters": 1234567, "train_seconds": 98.7, "epochs": 12},
     "validation": {"sacrebleu": 97.1, ...},
     "test": {"sacrebleu": 96.9, ...},
     "details": {"test": {"confusion": [[...], ...], ...}},
     "measured": {"test": {"signatures": {...}, "against": {...}, "seconds": 3.2,
                           "hardware": ..., "date": ..., "commit": ...}}}

Training writes its block, each evaluation that of its split, what belongs to that, if there is
anything, and how it was measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data.errors import UserError

from .files import atomic_write
from .provenance import commit, hardware, today

TRAINING = "training"
SPLITS = ("validation", "test")
DETAILS, MEASURED = "details", "measured"
OF_EVALUATIONS = (*SPLITS, DETAILS, MEASURED)


def read(path: str | Path) -> dict[str, Any]:
    """The figures in `path`, none if there is no such file.

    Raises:
        UserError: the file is damaged.
    """
    path = Path(path)
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not (isinstance(found, dict) and all(isinstance(block, dict) for block in found.values())):
        raise UserError(f"{path} holds no metrics in JSON: delete it and evaluate the run again.")
    return found


def update(path: str | Path, block: str, values: Mapping[str, Any]) -> None:
    """Merges `values` into one block of the file; what else is in it stays.

    The file is written whole or not at all.

    Raises:
        UserError: the file is damaged or cannot be written.
    """
    metrics = read(path)
    metrics.setdefault(block, {}).update(values)
    _write(path, metrics)


def record_evaluation(
    path: str | Path,
    split: str,
    metrics: Mapping[str, float],
    seconds: float,
    signatures: Mapping[str, str] | None = None,
    against: Mapping[str, str] | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Writes what an evaluation found on `split`, in place of what an earlier one did.

    Args:
        path: the `metrics.json` of the run.
        split: `validation` or `test`.
        metrics: metric name to value.
        seconds: how long the evaluation took.
        signatures: metric name to the settings it was computed with.
        against: name of another run to how sure the difference from it is.
        details: what is no single number.

    Raises:
        UserError: the file is damaged or cannot be written.
    """
    found = read(path)
    found[split] = dict(metrics)
    if details:
        found.setdefault(DETAILS, {})[split] = dict(details)
    found.setdefault(MEASURED, {})[split] = {
        "signatures": dict(signatures or {}),
        "against": dict(against or {}),
        "seconds": round(seconds, 1),
        "hardware": hardware(),
        "date": today(),
        "commit": commit(),
    }
    _write(path, found)


def forget(path: str | Path) -> None:
    """Removes the evaluations: training went on, and they are of other weights now.

    Raises:
        UserError: the file is damaged or cannot be written.
    """
    found = read(path)
    if any(name in found for name in OF_EVALUATIONS):
        _write(path, {name: found[name] for name in found if name not in OF_EVALUATIONS})


def _write(path: str | Path, metrics: Mapping[str, Any]) -> None:
    atomic_write(path, json.dumps(metrics, indent=2, ensure_ascii=False) + "\n")
