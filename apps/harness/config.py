"""Configuration: frozen, validated, printable, saved beside the run.

An app's `Config` extends `BaseConfig` by its own sections (`data`, `decode`, ...). There is no
default anywhere else, and every field is a flag: `train.epochs` is `--train.epochs`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import pydantic
from pydantic import Field

from data.errors import UserError, did_you_mean

from .files import atomic_write

Option = bool | int | float | str
"""The value of one option of a memory."""


class Section(pydantic.BaseModel):
    """A group of settings: frozen, with no field but those it declares."""

    model_config = pydantic.ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,  # they are the help of the flags
    )


class TrainConfig(Section):
    """How to train."""

    epochs: int = Field(30, ge=1)
    """Passes over the training examples."""
    seed: int = Field(1, ge=0)
    """Decides initial weights, dropout and the order of the examples."""
    learning_rate: float = Field(0.002, gt=0)
    """The largest learning rate of the schedule."""
    warmup_steps: int = Field(200, ge=0)
    """Steps over which the learning rate rises from 0."""
    schedule: Literal["inverse_square_root", "cosine", "constant"] = "inverse_square_root"
    """How the learning rate falls after the warm-up."""
    weight_decay: float = Field(0.0, ge=0)
    """Decoupled weight decay; 0 is none."""
    clip_norm: float = Field(1.0, ge=0)
    """The largest global norm of the gradient; 0 is no limit."""
    label_smoothing: float = Field(0.1, ge=0, lt=1)
    """Share of the target probability spread over all tokens or classes."""
    patience: int = Field(10, ge=0)
    """Epochs without a better validation loss before training stops; 0 never stops early."""
    average: int = Field(5, ge=1)
    """Epochs with the best validation loss whose weights are averaged; 1 is the best alone."""
    checkpoint_seconds: float = Field(60.0, ge=0)
    """Seconds between checkpoints; 0 writes one after every step."""
    score_every: int = Field(5, ge=0)
    """Epochs between looks at validation examples, after the first epoch; 0 is never."""
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    """What layers compute in while they learn; weights, and the trained model, are in float32."""
    xla: bool = False
    """Compile the training step with XLA."""
    init_from: str | None = None
    """A run whose weights to start from."""
    profile: bool = False
    """Write a TensorBoard profile of ten early steps."""


class ModelConfig(Section):
    """What to train."""

    memory: str = "transformer"
    """The working memory, by its name in the catalogue (layers/catalogue.py)."""
    units: int = Field(128, ge=1)
    """Width of the model."""
    dropout: float = Field(0.1, ge=0, lt=1)
    """Share of the activations dropped in training."""
    options: dict[str, Option] = {}
    """Options of the memory, those of its entry in the catalogue; the rest keep its defaults."""


class BaseConfig(Section):
    """The sections every app has; each app adds `data`, with at least a `corpus`."""

    when_used: ClassVar[tuple[str, ...]] = ()
    """Sections that say how a trained model is used: flags of `evaluate`, `predict` and `export`,
    too, and free to change while a run goes on."""

    train: TrainConfig = TrainConfig()
    model: ModelConfig = ModelConfig()


C = TypeVar("C", bound=BaseConfig)


def flat(config: pydantic.BaseModel) -> dict[str, Any]:
    """The settings under their dotted names, `{"train.epochs": 30, ...}`, options included."""
    return flat_values(config.model_dump())


def flat_values(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings under their dotted names, as `flat`, whichever app they belong to."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= flat_values(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def differences(a: pydantic.BaseModel, b: pydantic.BaseModel) -> dict[str, tuple[Any, Any]]:
    """The settings in which two configurations differ, `{name: (in a, in b)}`.

    An option that only one of them sets is `None` in the other.
    """
    left, right = flat(a), flat(b)
    names = list(left) + [name for name in right if name not in left]
    return {
        name: (left.get(name), right.get(name))
        for name in names
        if left.get(name) != right.get(name)
    }


def merged(config: C, changes: Mapping[str, Any]) -> C:
    """`config` with `changes` laid over it, validated.

    Args:
        config: what to start from; it is not changed.
        changes: nested (`{"train": {"epochs": 3}}`) or dotted (`{"train.epochs": 3}`) settings.

    Raises:
        UserError: a setting that does not exist or a value that it cannot have.
    """
    values = config.model_dump()
    for name, change in changes.items():
        _lay(values, name.split("."), change)
    return validated(type(config), values)


def _lay(values: dict[str, Any], path: list[str], change: Any) -> None:
    if len(path) > 1:
        _lay(values.setdefault(path[0], {}), path[1:], change)
    elif isinstance(change, Mapping) and isinstance(values.get(path[0]), dict):
        for name, inner in change.items():
            _lay(values[path[0]], name.split("."), inner)
    else:
        values[path[0]] = change


def validated(kind: type[C], values: Mapping[str, Any]) -> C:
    """`kind` made from nested settings.

    Raises:
        UserError: a setting that does not exist or a value that it cannot have.
    """
    try:
        return kind.model_validate(values)
    except pydantic.ValidationError as error:
        raise UserError(explain(error, kind)) from None


def explain(error: pydantic.ValidationError, kind: type[pydantic.BaseModel]) -> str:
    """The first complaint of pydantic as one sentence that says what would be right."""
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"There is no setting {name}{did_you_mean(name, settings(kind))}"
    message = first["msg"].removeprefix("Value error, ").split(", unable to parse")[0].rstrip(".")
    if first["type"] == "value_error" or not message.startswith("Input "):
        return f"{name}: {message}." if name else f"{message}."
    return f"{name} {message.removeprefix('Input ')}, not {first['input']!r}."


def settings(kind: type[pydantic.BaseModel], prefix: str = "") -> list[str]:
    """The dotted names of every setting of a configuration class."""
    names: list[str] = []
    for name, field in kind.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, pydantic.BaseModel):
            names += settings(inner, f"{prefix}{name}.")
        else:
            names.append(prefix + (field.alias or name))
    return names


def save_config(config: pydantic.BaseModel, path: Path) -> None:
    """Writes `config` as JSON, whole or not at all."""
    atomic_write(path, config.model_dump_json(indent=2) + "\n")


def read_settings(path: Path) -> dict[str, Any]:
    """The nested settings that `save_config` wrote, whichever app they belong to.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path.parent} is no run folder: it has no {path.name}.") from None
    except (OSError, ValueError):
        values = None
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no settings in JSON: restore it, or delete its folder.")
    return values


def load_config(path: Path, kind: type[C]) -> C:
    """Reads what `save_config` wrote.

    Raises:
        UserError: the file is missing or damaged, or has settings that `kind` has not.
    """
    try:
        return kind.model_validate(read_settings(path))
    except pydantic.ValidationError as error:
        raise UserError(f"{path} does not fit: {explain(error, kind)}") from None
