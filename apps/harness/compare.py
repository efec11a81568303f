"""`compare`: run folders side by side."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data.errors import UserError

from . import metrics_file
from .config import flat_values, read_settings
from .report import number, table, width

TRAINING = {"parameters": "parameters", "epochs": "epochs", "train_seconds": "train seconds"}


def compare(folders: Sequence[Path | str], columns: int | None = None) -> str:
    """One table over runs: the settings they differ in, size, training time and metrics.

    A figure that a run does not have is shown as `-`. With one line a run where that fits
    `columns`, otherwise with one column a run, in several tables if need be.

    Args:
        folders: run folders.
        columns: how wide the table may be; the width of the terminal if `None`.

    Raises:
        UserError: there are no folders, or one of them holds no readable run.
    """
    if not folders:
        raise UserError("There is no run to compare: name at least one.")
    columns = columns or shutil.get_terminal_size((80, 24)).columns
    paths = [Path(folder) for folder in folders]
    configs = [flat_values(read_settings(path / "config.json")) for path in paths]
    figures = [_figures(path) for path in paths]

    facts: dict[str, list[str]] = {}
    for name in _all_names(configs):
        values = [config.get(name) for config in configs]
        if any(value != values[0] for value in values):
            facts[name] = [_setting(value) for value in values]
    for name in [*TRAINING.values(), *_all_names(figures)]:
        facts[name] = [number(found.get(name)) for found in figures]

    runs = _names(paths)
    by_run = [[run, *values] for run, *values in zip(runs, *facts.values(), strict=True)]
    wide = table(["run", *facts], by_run)
    if _fits(wide, columns):
        return wide
    return "\n\n".join(_transposed(runs, facts, columns))


def _transposed(runs: list[str], facts: dict[str, list[str]], columns: int) -> list[str]:
    """Tables with one column a run, each with as many runs as fit, at least one."""

    def of(first: int, last: int) -> str:
        rows = [[name, *values[first:last]] for name, values in facts.items()]
        return table(["run", *runs[first:last]], rows)

    tables, first = [], 0
    while first < len(runs):
        last = first + 1
        while last < len(runs) and _fits(of(first, last + 1), columns):
            last += 1
        tables.append(of(first, last))
        first = last
    return tables


def _fits(text: str, columns: int) -> bool:
    return all(width(line) <= columns for line in text.splitlines())


def _figures(folder: Path) -> dict[str, Any]:
    """What is known of a run, under the names that the table shows."""
    metrics = metrics_file.read(folder / "metrics.json")
    training = metrics.get(metrics_file.TRAINING, {})
    found = {shown: training[name] for name, shown in TRAINING.items() if name in training}
    for split in metrics_file.SPLITS:
        found |= {f"{split} {name}": value for name, value in metrics.get(split, {}).items()}
    return found


def _all_names(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every name once: those of the first, then what the others add; test after validation."""
    names = list(dict.fromkeys(name for one in found for name in one))
    names = [name for name in names if name not in TRAINING.values()]
    return sorted(names, key=lambda name: name.startswith("test "))


def _setting(value: Any) -> str:
    return "-" if value is None else value if isinstance(value, str) else json.dumps(value)


def _names(paths: Sequence[Path]) -> list[str]:
    """The names of the folders, with that of their app where two are the same."""
    names = [path.resolve().name for path in paths]
    if len(set(names)) == len(names):
        return names
    return [f"{path.resolve().parent.name}/{path.resolve().name}" for path in paths]
