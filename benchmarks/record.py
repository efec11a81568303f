"""The record of results: every figure we state is a row in `benchmarks/results/*.csv`."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Mapping
from pathlib import Path

from apps.harness.files import atomic_write
from apps.harness.provenance import ROOT, commit, hardware, today

RESULTS = ROOT / "benchmarks" / "results"
COLUMNS = (
    "what",
    "value",
    "unit",
    "command",
    "seed",
    "commit",
    "hardware",
    "seconds",
    "date",
)


def record(
    file: str | Path,
    what: str,
    value: float,
    unit: str,
    command: str,
    seed: int | str,
    seconds: float,
) -> None:
    """Writes one row, in place of an earlier one of the same `what` and `seed`.

    Args:
        file: the name of the file in `benchmarks/results` (`translate`), or a path ending in
            `.csv`.
        what: the dotted name of the figure, the metric last: `translate.builtin.en-de.bleu`.
        value: the figure.
        unit: what it is counted in: `BLEU`, `accuracy`, `s`, `parameters`, ...
        command: the command that measures it again.
        seed: the seed of the run, or those a median (`1,2,3`) or a mean (`1+2+3`) is of.
        seconds: how long measuring took.
    """
    path = results_file(file)
    row = {
        "what": what,
        "value": f"{value:.6g}" if isinstance(value, float) else str(value),
        "unit": unit,
        "command": command,
        "seed": str(seed),
        "commit": commit(),
        "hardware": hardware(),
        "seconds": f"{seconds:.0f}",
        "date": today(),
    }
    rows = read(path)
    for i, known in enumerate(rows):
        if (known["what"], known["seed"]) == (row["what"], row["seed"]):
            rows[i] = row
            break
    else:
        rows.append(row)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    atomic_write(path, text.getvalue())


def record_and_show(
    file: str, what: str, value: float, unit: str, command: str, seconds: float
) -> None:
    """Writes the row `<file>.<what>` of a measurement that takes no seed, and prints it."""
    record(file, f"{file}.{what}", value, unit, command, 0, seconds)
    print(f"{file}.{what} = {value:.4g} {unit}", flush=True)


def record_seeds(
    file: str | Path,
    what: str,
    values: Mapping[int, float],
    unit: str,
    command: str,
    seconds: Mapping[int, float],
    mean: bool = False,
) -> float:
    """Writes a row for each seed and, of several, one for their median, which is returned.

    Args:
        values: seed to figure.
        seconds: seed to how long measuring it took.
        mean: take the mean and not the median; its row has the seeds `1+2+3`.
        file, what, unit, command: as for `record`.
    """
    for seed, value in values.items():
        record(file, what, value, unit, command, seed, seconds[seed])
    average = (statistics.fmean if mean else statistics.median)(values.values())
    if len(values) > 1:
        seeds = ("+" if mean else ",").join(map(str, values))
        record(file, what, average, unit, command, seeds, sum(seconds.values()))
    return average


def read(file: str | Path) -> list[dict[str, str]]:
    """The rows of a file of the record, none if it is not there.

    Raises:
        ValueError: its columns are not those of the record.
    """
    path = results_file(file)
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        rows = list(reader)
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise ValueError(f"{path} must have the columns {','.join(COLUMNS)}.")
    return rows


def results_file(file: str | Path) -> Path:
    """The path of a file of the record: `translate` is `benchmarks/results/translate.csv`."""
    return Path(file) if str(file).endswith(".csv") else RESULTS / f"{file}.csv"
