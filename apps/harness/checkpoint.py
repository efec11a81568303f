"""Checkpoints from which training goes on exactly: every variable, and where training stood."""

import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import keras
import numpy as np

from data.errors import UserError

from .files import atomic_path


@dataclass
class Standing:
    """Where training stands, beside the values of the variables."""

    epoch: int = 0
    """The epoch in progress, from 0."""
    step: int = 0
    """Steps of that epoch that are done."""
    best_loss: float = float("inf")
    """The lowest validation loss so far."""
    waited: int = 0
    """Epochs since it was reached."""
    kept: dict[int, float] = field(default_factory=dict)
    """Epochs whose weights are kept for averaging, with their validation losses."""
    seconds: float = 0.0
    """Time spent in training, over all processes of this run."""
    stopped: int = 0
    """The epochs that were asked for when early stopping ended the run; 0 if it did not."""

    def finished(self, epochs: int) -> bool:
        """Whether there is nothing left to do of `epochs` epochs."""
        return max(self.epoch, self.stopped) >= epochs


def save_checkpoint(path: Path, model: keras.Model, standing: Standing) -> None:
    """Writes the state of `model`, its optimizer, its random seeds and its metrics.

    Raises:
        UserError: the file cannot be written; the checkpoint before it is still there.
    """
    arrays = {f"v{i}": _array(variable) for i, variable in enumerate(_variables(model))}
    standing_bytes = np.frombuffer(json.dumps(asdict(standing)).encode(), np.uint8)
    with atomic_path(path) as partial:
        np.savez(partial, standing=standing_bytes, **arrays)


def load_checkpoint(path: Path, model: keras.Model) -> Standing:
    """Puts `model` into the state that `save_checkpoint` wrote.

    Raises:
        UserError: the file is damaged or belongs to another model.
    """
    standing_bytes, *arrays = _read(path, remedy="delete it to start again").values()
    variables = list(_variables(model))
    if [v.shape for v in arrays] != [tuple(v.shape) for v in variables]:
        raise UserError(f"{path} is the checkpoint of another model: delete it to start again.")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    standing = json.loads(standing_bytes.tobytes())
    standing["kept"] = {int(epoch): loss for epoch, loss in standing["kept"].items()}
    return Standing(**standing)


def save_weights(path: Path, model: keras.Model) -> None:
    """Writes the weights alone, for averaging."""
    with atomic_path(path) as partial:
        np.savez(partial, *[_array(weight) for weight in model.trainable_variables])


def load_mean_weights(paths: list[Path], model: keras.Model) -> None:
    """Gives `model` the mean of the weights in `paths`.

    Raises:
        UserError: one of them is missing or damaged.
    """
    total: list[np.ndarray] = []
    for path in paths:
        found = _read(path, remedy="delete the folder of its run to start again")
        arrays = [array.astype(np.float64) for array in found.values()]
        total = [a + b for a, b in zip(total, arrays, strict=True)] if total else arrays
    for weight, array in zip(model.trainable_variables, total, strict=True):
        weight.assign(array / len(paths))


def _read(path: Path, remedy: str) -> dict[str, np.ndarray]:
    """The arrays of a file in the order in which they were written."""
    try:
        with open(path, "rb") as file, np.load(file) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is missing or damaged: {remedy}.") from error


def _variables(model: keras.Model) -> Iterator[keras.Variable]:
    """Every variable once, in an order that depends on the model alone."""
    seen = set()
    metrics = [variable for metric in model.metrics for variable in metric.variables]
    for variable in [*model.variables, *model.optimizer.variables, *metrics]:
        if id(variable) not in seen:
            seen.add(id(variable))
            yield variable


def _array(variable: keras.Variable) -> np.ndarray:
    return keras.ops.convert_to_numpy(variable.value)
