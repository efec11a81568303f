"""What an app hands to the harness: one frozen dataclass of callables."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from .config import BaseConfig

if TYPE_CHECKING:
    from .run_folder import RunFolder


@dataclass(frozen=True)
class Prediction:
    """What a model says about one text."""

    text: str
    """The answer."""
    score: float
    """How sure the model is of it; larger is surer."""
    alternatives: tuple[tuple[str, float], ...] = ()
    """The n best answers with their scores, best first; `text` is the first of them."""
    words: tuple[tuple[str, float], ...] = ()
    """The question in pieces that give it back when joined, each with its weight: above 0 it speaks
    for the answer, below 0 against it. Only an explainer fills them in."""
    line: str = ""
    """What plain output shows, if that is not the text alone: `positive<TAB>0.976`."""


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found."""

    metrics: dict[str, float]
    """Metric name to value, as it is written to `metrics.json`."""
    report: str
    """The readable report."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    """One dictionary an example: source, reference, hypothesis and what is known of each."""
    signatures: dict[str, str] = field(default_factory=dict)
    """Metric name to the settings it was computed with, where they need saying."""
    headline: tuple[str, ...] = ()
    """The metrics that are shown where there is room for few, such as TensorBoard's HParams."""
    details: dict[str, Any] = field(default_factory=dict)
    """What is no single number, or of one class only; `metrics.json` keeps it apart."""


@dataclass(frozen=True)
class App:
    """An app template, as far as the harness knows it.

    Every callable may be given as `later(__package__, "module:function")`, which imports its
    module at the first call, so that `--help` and a mistyped flag are answered at once.
    """

    name: str
    """The name of the folder in `apps/`."""
    summary: str
    """What the app does, in one line."""
    config: type[BaseConfig]
    """The configuration: a frozen model with `train`, `model` and the app's own sections."""
    prepare: Callable[[Any, RunFolder], Any]
    """`(config, run) -> data`: reads the corpus; makes the tokenizer, or loads the run's. Training
    uses `data.train`, which has a length in steps and `training(position) -> tf.data.Dataset`,
    `data.validation.validation() -> tf.data.Dataset`, and `data.summary`, lines to print."""
    build: Callable[[Any, Any], Any]
    """`(config, data) -> keras.Model`."""
    evaluate: Callable[[Any, RunFolder, Any, Any, str], Evaluation]
    """`(config, run, model, data, split) -> Evaluation`."""
    predictor: Callable[[Any, RunFolder, Any, int], Callable[[Sequence[str]], list[Prediction]]]
    """`(config, run, model, n_best) -> function`, the function from texts to as many predictions,
    each with the `n_best` alternatives that are asked for, or as many as there are."""
    export: Callable[[Any, RunFolder, Any], Any]
    """`(config, run, model) -> tf.Module` with a `serve` signature from strings to strings."""
    watch: Callable[[Any, RunFolder, Any, Any], Any]
    """`(config, run, model, data) -> Watch`: what TensorBoard shows beyond scalars."""
    versus: Callable[[Any, list[dict], list[dict]], str]
    """`(config, rows, rows of another run) -> sentence` on how sure their difference is."""
    explainer: (
        Callable[
            [Any, RunFolder, Any],
            Callable[[Sequence[str], list[Prediction]], list[Prediction]],
        ]
        | None
    ) = None
    """`(config, run, model) -> function`, the function from texts and what was predicted of them to
    the same predictions with their `words`; without one, `predict` has no `--explain`."""
    warm_start: Callable[[Any, RunFolder, Any], float] | None = None
    """`(config, run, model) -> seconds`: gives a new model the weights to start from, as of a
    pre-training, and says how long that took; a run that goes on has its own."""
    finish: Callable[[Any, Any, Any], None] | None = None
    """`(config, model, data)`: sets what only a trained model can, before it is saved."""
    next_steps: bool = True
    """Whether training ends with what to do next."""
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Name to nested settings that are laid over the defaults; unless `--preset` says otherwise,
    that named like the chosen corpus and memory (`multi30k-lstm`), or like the corpus."""

    def load(self) -> None:
        """Imports all that was left for later, so that Keras knows the classes of saved models."""
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, later):
                value.load()


@dataclass(frozen=True)
class later:  # noqa: N801 (reads as the function it stands for)
    """A function that imports what it is made of when it is first called."""

    package: str
    """The package of the caller, `__package__`, so that a copied app needs no edit."""
    target: str
    """`"module:function"`, the module relative to the package."""

    def load(self) -> Callable[..., Any]:
        """The function itself."""
        module, _, name = self.target.partition(":")
        return getattr(importlib.import_module(f".{module}", self.package), name)

    def __call__(self, *arguments, **keywords):
        return self.load()(*arguments, **keywords)
