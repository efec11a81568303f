"""Every memory by name: the only place that knows them.

A memory has roles. An app asks `build(name, role, options)` for the one it needs and knows nothing
else of it, so a new memory joins every app by one entry here:

* "encode": `call(inputs, mask)`, `(batch, time, features)` to `(batch, time, units)`.
* "read": the same, but each step depends on itself and those before it alone.
* "decode": teacher forcing by `call(inputs, memory, mask, memory_mask)`, and step by step by
  `begin(memory, memory_mask, max_length) -> (step, state)`, with the same numbers.
* "summarise": `call(inputs, mask)`, `(batch, time, features)` to `(batch, units)`.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import keras

from layers.attention import (
    AdditiveAttention,
    ContentAttention,
    LuongAttention,
    MonotonicAdditiveAttention,
    MultiHeadContentAttention,
)
from layers.recurrent import (
    AblatedLSTMCell,
    Cell,
    CoupledLSTMCell,
    LayerNormLSTMCell,
    LSTMCell,
    MinGRUCell,
    MinLSTMCell,
    MLSTMCell,
    MultiplicativeLSTMCell,
    NASCell,
    PeepholeLSTMCell,
    ProjectedLSTMCell,
    RecurrentDecoder,
    RecurrentEncoder,
    RecurrentSummary,
    SLSTMCell,
    StockCell,
)
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


ATTENTIONS: Mapping[str, Callable[[int], ContentAttention]] = {
    "general": lambda units: LuongAttention("general"),
    "dot": lambda units: LuongAttention("dot"),
    "concat": lambda units: LuongAttention("concat"),
    "additive": AdditiveAttention,
    "coverage": lambda units: AdditiveAttention(units, coverage=True),
    "monotonic": MonotonicAdditiveAttention,
    "multi_head": lambda units: MultiHeadContentAttention(4, -(-units // 4)),
}
"""How a decoder of cells may look at what was encoded, made for so many units."""


def _recurrent(summary: str, cell: Callable[..., Cell], **options: Option) -> Memory:
    """The entry of a cell: bidirectional where the whole sequence may be known.

    `cell` takes `units` and the options, and returns a cell with an output of that size.
    """

    def whole(layer):
        def make(units, dropout, layers, dtype, attention, **options):
            if units % 2:
                raise ValueError(f"A bidirectional memory needs even units, not {units}.")
            half = cell(units // 2, **options)
            return layer(half, layers=layers, dropout=dropout, dtype=dtype)

        return make

    def read(units, dropout, layers, dtype, attention, **options):
        one_way = {"layers": layers, "dropout": dropout, "bidirectional": False, "dtype": dtype}
        return RecurrentEncoder(cell(units, **options), **one_way)

    def decode(units, dropout, layers, dtype, attention, **options):
        if attention not in ATTENTIONS:
            raise ValueError(f"There is no attention {attention}: it is {_listed(ATTENTIONS)}.")
        return RecurrentDecoder(
            cell(units, **options),
            layers=layers,
            attention=ATTENTIONS[attention](units),
            dropout=dropout,
            dtype=dtype,
        )

    roles = {
        "encode": whole(RecurrentEncoder),
        "read": read,
        "decode": decode,
        "summarise": whole(RecurrentSummary),
    }
    return Memory(summary, {"layers": 1, "attention": "general", **options}, roles)


def _transformer(stack: Callable[..., keras.layers.Layer]) -> Callable[..., keras.layers.Layer]:
    """What makes a stack from options, none of which is None."""

    def make(positions, window, key_value_heads, **options):
        return stack(
            positions=None if positions == "none" else positions,
            window=window or None,
            key_value_heads=key_value_heads or None,
            **options,
        )

    return make


MEMORIES: Mapping[str, Memory] = {
    "transformer": Memory(
        "self-attention over everything seen so far (Vaswani et al. 2017)",
        {
            "layers": 4,
            "heads": 4,
            "hidden_units": 256,
            "positions": "sinusoidal",  # or rotary, alibi, relative, none
            "norm_first": True,  # pre-norm; post-norm if False
            "norm": "layer",  # or rms
            "activation": "relu",  # or gelu, swiglu
            "window": 0,  # how far a position sees; 0 is everywhere
            "key_value_heads": 0,  # shared by the heads in groups; 0 is as many as heads
        },
        {
            "encode": _transformer(TransformerEncoder),
            "read": _transformer(partial(TransformerEncoder, causal=True)),
            "decode": _transformer(TransformerDecoder),
            "summarise": _transformer(TransformerSummary),
        },
    ),
    # All the others: bidirectional to encode and summarise, with attention to decode.
    "rnn": _recurrent(
        "a hidden state and no gate (Elman 1990), the cell of Keras",
        lambda units: StockCell(keras.layers.SimpleRNNCell(units)),
    ),
    "gru": _recurrent(
        "a hidden state behind two gates (Cho et al. 2014), the cell of Keras",
        lambda units: StockCell(keras.layers.GRUCell(units)),
    ),
    "lstm": _recurrent(
        "a cell state behind gates (Hochreiter & Schmidhuber 1997; Gers et al. 2000)",
        LSTMCell,
    ),
    "peephole_lstm": _recurrent(
        "an LSTM whose gates see the cell state (Gers & Schmidhuber 2000)",
        PeepholeLSTMCell,
    ),
    "coupled_lstm": _recurrent(
        "an LSTM that stores as much as it forgets (Greff et al. 2017)",
        CoupledLSTMCell,
    ),
    "projected_lstm": _recurrent(
        "an LSTM with a cell state `expansion` times its output (Sak et al. 2014)",
        lambda units, expansion: ProjectedLSTMCell(expansion * units, units),
        expansion=2,
    ),
    "layer_norm_lstm": _recurrent(
        "an LSTM that normalises what its gates and its output see (Ba et al. 2016)",
        LayerNormLSTMCell,
    ),
    "multiplicative_lstm": _recurrent(
        "an LSTM with a recurrent transition of its own for each input (Krause et al. 2016)",
        MultiplicativeLSTMCell,
    ),
    "nas": _recurrent(
        "the cell found by neural architecture search (Zoph & Le 2017)",
        NASCell,
    ),
    # The study could take out the input gate without a loss where steps are discrete (music).
    "ablated_lstm": _recurrent(
        "an LSTM with one part taken out, the `variant` (Greff et al. 2017)",
        AblatedLSTMCell,
        variant="no_input_gate",
    ),
    "slstm": _recurrent(
        "an LSTM with exponential gates, in heads (Beck et al. 2024)",
        SLSTMCell,
        heads=4,
    ),
    "mlstm": _recurrent(
        "a matrix of values under keys behind gates, trained in parallel (Beck et al. 2024)",
        MLSTMCell,
        heads=4,
    ),
    "min_lstm": _recurrent(
        "an LSTM whose gates see the input alone, trained in parallel (Feng et al. 2024)",
        MinLSTMCell,
    ),
    "min_gru": _recurrent(
        "a GRU whose gates see the input alone, trained in parallel (Feng et al. 2024)",
        MinGRUCell,
    ),
}


def build(name: str, role: str, options: Mapping[str, Option], dtype=None) -> keras.layers.Layer:
    """Makes the layer that plays `role` with the memory `name`.

    Args:
        name: a name of `MEMORIES`.
        role: "encode", "read", "decode" or "summarise".
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
        choices = f": choose one of {_listed(MEMORIES)}."
        raise ValueError(f"There is no memory {name}{_did_you_mean(name, MEMORIES, choices)}")
    defaults = MEMORIES[name].options
    for key, value in options.items():
        if key not in defaults:
            choices = _did_you_mean(key, defaults, f": it has {_listed(defaults)}.")
            raise ValueError(f"The memory {name} has no option {key}{choices}")
        if type(value) is not type(defaults[key]):
            kind = type(defaults[key]).__name__
            raise ValueError(f"The option {key} of {name} is of type {kind}, not {value!r}.")
    return {**defaults, **options}


def _did_you_mean(word: str, names, otherwise: str) -> str:
    """How the sentence about an unknown name ends: with the name that is like it, if any."""
    close = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.7)
    return f": did you mean {close[0]}?" if close else otherwise


def _listed(names) -> str:
    return ", ".join(names)
