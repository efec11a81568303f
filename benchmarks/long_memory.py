"""Measures what recurrent cells remember over a long sequence: one table and one plot of all.

python -m benchmarks.long_memory                     every cell that is not recorded yet
python -m benchmarks.long_memory --memories lstm gru --again
python -m benchmarks.long_memory --quick             tiny, to see that it works
"""

from __future__ import annotations

import argparse
import bisect
import dataclasses
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from apps.harness.files import atomic_path, atomic_write
from apps.harness.provenance import ROOT
from apps.harness.quiet import quiet
from apps.harness.report import number
from data.errors import UserError, did_you_mean

with quiet():
    import keras

from layers import recurrent

from .memory_plot import Panel, draw
from .memory_tasks import TASKS, Task, gradient_ratios, learn
from .record import RESULTS, read, record

FILE = "long_memory"
PROGRAM = f"python -m benchmarks.{FILE}"
MISUSE = 2

MakeCell = Callable[..., keras.layers.Layer]

CELLS: Mapping[str, MakeCell] = {
    "rnn": keras.layers.SimpleRNNCell,
    "gru": keras.layers.GRUCell,
    "lstm": recurrent.LSTMCell,
    "peephole_lstm": recurrent.PeepholeLSTMCell,
    "coupled_lstm": recurrent.CoupledLSTMCell,
    "projected_lstm": lambda units, **kwargs: recurrent.ProjectedLSTMCell(
        units, units // 2, **kwargs
    ),
    "layer_norm_lstm": recurrent.LayerNormLSTMCell,
    "multiplicative_lstm": recurrent.MultiplicativeLSTMCell,
    "nas": recurrent.NASCell,
    "ablated_lstm": partial(recurrent.AblatedLSTMCell, variant="no_input_gate"),
    "slstm": partial(recurrent.SLSTMCell, heads=2),
    "mlstm": partial(recurrent.MLSTMCell, heads=2),
    "min_lstm": recurrent.MinLSTMCell,
    "min_gru": recurrent.MinGRUCell,
}
"""Memory, as the catalogue names it, to what makes its cell from even `units` and `dtype`."""


@dataclass(frozen=True)
class Settings:
    """What the figures depend on, the same for every cell."""

    length: int = field(default=100, metadata={"help": "steps of a sequence"})
    steps: int = field(default=2000, metadata={"help": "training steps on each task"})
    batch: int = field(default=32, metadata={"help": "sequences of a training step"})
    rate: float = field(default=0.01, metadata={"help": "the highest learning rate"})
    parameters: int = field(default=5500, metadata={"help": "weights of a cell, about"})
    seed: int = field(default=1, metadata={"help": "seed of weights and sequences"})

    def __post_init__(self):
        if self.length < 10 or min(self.steps, self.batch, self.parameters) < 1 or self.rate <= 0:
            raise UserError("The length must be at least 10, and all other sizes more than 0.")

    @property
    def distances(self) -> list[int]:
        """The distances at which a gradient is recorded: 1 and every tenth of the length."""
        return sorted({1, *(self.length * tenth // 10 for tenth in range(1, 11))})

    @property
    def command(self) -> str:
        """The command that measures the same; the seed has a column of its own."""
        words = [f"--{f.name} {getattr(self, f.name)}" for f in dataclasses.fields(self)]
        return " ".join([PROGRAM, *(word for word in words if not word.startswith("--seed "))])


QUICK = Settings(length=20, steps=20, batch=8, parameters=500)
QUICK_RESULTS = ROOT / "runs" / f"{FILE}-quick"

Figures = dict[str, tuple[float, str, float]]
"""The last parts of a row's name to its value, its unit and the seconds that measuring took."""


def measure(make: MakeCell, settings: Settings) -> Figures:
    """Measures one memory."""
    units, parameters = size_of(make, settings.parameters)
    found: Figures = {"units": (units, "units", 0), "parameters": (parameters, "parameters", 0)}

    started = time.monotonic()
    make_precise = partial(make, units, dtype="float64")
    ratios = gradient_ratios(make_precise, settings.distances, settings.seed)
    seconds = time.monotonic() - started
    for distance, ratio in ratios.items():
        found[gradient_part(distance)] = (ratio, "ratio", seconds)

    for task in TASKS:
        started = time.monotonic()
        value, trained = learn(
            partial(make, units),
            task,
            length=settings.length,
            steps=settings.steps,
            batch=settings.batch,
            rate=settings.rate,
            seed=settings.seed,
        )
        seconds = time.monotonic() - started
        found[score_part(task, settings)] = (value, task.metric, seconds)
        found[seconds_part(task, settings)] = (trained, "s", seconds)
    return found


def size_of(make: MakeCell, parameters: int) -> tuple[int, int]:
    """The even number of units with which a cell has about so many weights, and those weights.

    They are counted with the inputs of the task that has most features.
    """

    @cache
    def count(units: int) -> int:
        cell = make(units)
        cell.build((None, max(task.features for task in TASKS)))
        return cell.count_params()

    most = 2
    while count(most) < parameters:
        most *= 2
    choices = range(2, most + 1, 2)
    enough = bisect.bisect_left(choices, parameters, key=count)
    around = choices[max(0, enough - 1) : enough + 1]
    units = min(around, key=lambda units: abs(count(units) - parameters))
    return units, count(units)


def gradient_part(distance: int) -> str:
    """The last parts of the name of a row of the gradient."""
    return f"gradient_{distance}.ratio"


def score_part(task: Task, settings: Settings) -> str:
    """The last parts of the name of a task's score."""
    return f"{task.name}_{settings.length}.{task.metric}"


def seconds_part(task: Task, settings: Settings) -> str:
    """The last parts of the name of a task's training time."""
    return f"{task.name}_{settings.length}.seconds"


def recorded(file: Path, settings: Settings) -> dict[str, dict[str, float]]:
    """Memory to the figures recorded under these settings, in the order of `CELLS`.

    A memory of which a figure is missing is left out.
    """
    wanted = ["units", "parameters", *map(gradient_part, settings.distances)]
    for task in TASKS:
        wanted += [score_part(task, settings), seconds_part(task, settings)]
    rows = {
        row["what"]: float(row["value"])
        for row in read(file)
        if (row["command"], row["seed"]) == (settings.command, str(settings.seed))
    }
    names = {name: [f"{FILE}.{name}.{part}" for part in wanted] for name in CELLS}
    return {
        name: {part: rows[what] for part, what in zip(wanted, whats, strict=True)}
        for name, whats in names.items()
        if rows.keys() >= set(whats)
    }


def table(figures: Mapping[str, Mapping[str, float]], settings: Settings) -> str:
    """The Markdown table of all memories, a line each."""
    distances = [settings.distances[i] for i in (1, 5, -1)]
    header = ["memory", "units", "parameters"]
    header += [f"gradient at {distance}" for distance in distances]
    guess = ["(a guess)", *[""] * (len(header) - 1)]
    header += [f"{task.name} {settings.length}: {task.metric}" for task in TASKS]
    guess += [significant(task.baseline) for task in TASKS]
    lines = [[*guess, ""]]
    for name, found in figures.items():
        values = [found[gradient_part(distance)] for distance in distances]
        values += [found[score_part(task, settings)] for task in TASKS]
        seconds = sum(found[seconds_part(task, settings)] for task in TASKS)
        sizes = [number(int(found[size])) for size in ("units", "parameters")]
        lines.append([name, *sizes, *map(significant, values), number(seconds, 0)])
    header.append("seconds of training")
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    rule = ["-" * widths[0], *["-" * (width - 1) + ":" for width in widths[1:]]]
    return "\n".join(_line(line, widths) for line in (header, rule, *lines))


def significant(value: float) -> str:
    """A figure with three significant digits: 0.987, 0.00123, 4.56e-07."""
    return f"{value:.3g}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return f"| {' | '.join(padded)} |"


def show(results: Path, settings: Settings) -> None:
    """Prints the table of what is recorded under these settings; writes it and the plot."""
    figures = recorded(results / f"{FILE}.csv", settings)
    text = table(figures, settings)
    print(f"\n{text}\n", flush=True)
    seed = f"seed {settings.seed}"
    atomic_write(results / f"{FILE}.md", f"{text}\n\nMeasured by `{settings.command}`, {seed}.\n")
    curves = {
        name: {0: 1.0, **{k: found[gradient_part(k)] for k in settings.distances}}
        for name, found in figures.items()
    }
    panels = [
        Panel(
            title=task.title.format(length=settings.length),
            values={name: found[score_part(task, settings)] for name, found in figures.items()},
            baseline=task.baseline,
            is_error=task.metric == "mse",
        )
        for task in TASKS
    ]
    with atomic_path(results / f"{FILE}.png") as path:
        draw(curves, panels).savefig(path)
    print(f"The plot of it is {results / FILE}.png.")


def main(words: Sequence[str] | None = None) -> int:
    """Does what the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--memories", nargs="+", default=list(CELLS), metavar="NAME", help=", ".join(CELLS)
    )
    parser.add_argument("--again", action="store_true", help="measure what is recorded, too")
    quick_results = QUICK_RESULTS.relative_to(ROOT)
    parser.add_argument("--quick", action="store_true", help=f"tiny; recorded in {quick_results}")
    parser.add_argument("--results", type=Path, help="folder of the record, the table and the plot")
    for f in dataclasses.fields(Settings):
        text = f"{f.metadata['help']} ({f.default}; {getattr(QUICK, f.name)} if --quick)"
        parser.add_argument(f"--{f.name}", type=type(f.default), help=text)
    arguments = parser.parse_args(words)
    try:
        run(arguments)
    except UserError as error:
        print(error, file=sys.stderr)
        return MISUSE
    return 0


def run(arguments: argparse.Namespace) -> None:
    """Measures the memories that are asked for and not recorded, then shows all."""
    for name in arguments.memories:
        if name not in CELLS:
            end = did_you_mean(name, CELLS, f": choose from {', '.join(CELLS)}.")
            raise UserError(f"There is no recurrent cell {name}{end}")
    given = {f.name: getattr(arguments, f.name) for f in dataclasses.fields(Settings)}
    given = {key: value for key, value in given.items() if value is not None}
    settings = dataclasses.replace(QUICK if arguments.quick else Settings(), **given)
    results = arguments.results or (QUICK_RESULTS if arguments.quick else RESULTS)
    file = results / f"{FILE}.csv"
    done = {} if arguments.again else recorded(file, settings)
    for name in arguments.memories:
        if name in done:
            print(f"{name} is recorded already; --again measures it again.", flush=True)
            continue
        print(f"{name} ...", flush=True)
        for part, (value, unit, seconds) in measure(CELLS[name], settings).items():
            what = f"{FILE}.{name}.{part}"
            record(file, what, value, unit, settings.command, settings.seed, seconds)
            print(f"{what} = {value:.6g} {unit}", flush=True)
    show(results, settings)


if __name__ == "__main__":
    raise SystemExit(main())
