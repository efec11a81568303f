"""Every memory by name: the only place that knows them.

A memory has roles. An app asks `build(name, role, options)` for the one it needs and knows nothing
else of it, so a new memory joins every app by one entry here:

* "encode": `call(inputs, mask)`, `(batch, time, features)` to `(batch, time, units)`.
* "decode": teacher forcing by `call(inputs, memory, mask, memory_mask)`, and step by step by
  `begin(memory, memory_mask, max_length) -> (step, state)`, with the same numbers.
* "summarise": `call(inputs, mask)`, `(batch, time, features)` to `(batch, units)`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import keras

from layers.recurrent import Cell, LSTMCell, RecurrentDecoder, RecurrentEncoder, RecurrentSummary
from layers.transformer import TransformerDecoder, TransformerEncoder, TransformerSummary

Option = bool | int | float | str


@dataclass(frozen=True)
class Memory:
    """An entry of the catalogue."""

    summary: str
    """What it is, in one line."""
    options: Mapping[str, Option]
    """Its own options with their defaults, beside `units` and `dropout`, which every memory has."""
    roles: Mapping[str, Callable[..., keras.layers.Layer]]
    """Role to the function that makes its layer from `units`, `dropout` and the options."""


def _recurrent(cell: type[Cell]) -> dict[str, Callable[..., keras.layers.Layer]]:
    """The roles of a recurrent cell: bidirectional where the whole sequence is known."""

    def halved(layer):
        def make(units, dropout, layers, **kwargs):
            if units % 2:
                raise ValueError(f"A bidirectional memory needs even units, not {units}.")
            return layer(cell(units // 2), layers=layers, dropout=dropout, **kwargs)

        return make

    def decode(units, dropout, layers, **kwargs):
        return RecurrentDecoder(cell(units), layers=layers, dropout=dropout, **kwargs)

    return {
        "encode": halved(RecurrentEncoder),
        "decode": decode,
        "summarise": halved(RecurrentSummary),
    }


MEMORIES: Mapping[str, Memory] = {
    "transformer": Memory(
        "self-attention over everything seen so far (Vaswani et al. 2017, pre-norm)",
        {"layers": 4, "heads": 4, "hidden_units": 256},
        {
            "encode": TransformerEncoder,
            "decode": TransformerDecoder,
            "summarise": TransformerSummary,
        },
    ),
    "lstm": Memory(
        "a cell state behind gates; bidirectional to encode, with attention to decode",
        {"layers": 1},
        _recurrent(LSTMCell),
    ),
}


def build(name: str, role: str, options: Mapping[str, Option], dtype=None) -> keras.layers.Layer:
    """Makes the layer that plays `role` with the memory `name`.

    Args:
        name: a name of `MEMORIES`.
        role: "encode", "decode" or "summarise".
        options: `units`, `dropout`, and any of the memory's own options.
        dtype: the layer's dtype or dtype policy, Keras's default if None.

    Raises:
        ValueError: in one sentence, for an unknown name, a role the memory has not, or an option
            it has not.
    """
    options = dict(options)
    common = {"units": options.pop("units"), "dropout": options.pop("dropout", 0.0)}
    resolved = resolve(name, options)
    roles = MEMORIES[name].roles
    if role not in roles:
        raise ValueError(f"The memory {name} cannot {role}: it has the roles {_listed(roles)}.")
    return roles[role](**common, **resolved, dtype=dtype)


def resolve(name: str, options: Mapping[str, Option]) -> dict[str, Option]:
    """The memory's own options, its defaults filled in.

    Raises:
        ValueError: in one sentence, for an unknown name or option, or a value of another type.
    """
    if name not in MEMORIES:
        raise ValueError(f"There is no memory {name}: choose one of {_listed(MEMORIES)}.")
    defaults = MEMORIES[name].options
    for key, value in options.items():
        if key not in defaults:
            raise ValueError(f"The memory {name} has no option {key}: it has {_listed(defaults)}.")
        if type(value) is not type(defaults[key]):
            kind = type(defaults[key]).__name__
            raise ValueError(f"The option {key} of {name} is of type {kind}, not {value!r}.")
    return {**defaults, **options}


def _listed(names) -> str:
    return ", ".join(names)
