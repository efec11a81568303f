"""Every memory by name plays every role it says it has, and says what it has not."""

import keras
import numpy as np
import pytest
from keras import ops

from layers.catalogue import ATTENTIONS, MEMORIES, build, resolve

BATCH, TIME, UNITS = 2, 4, 8
SMALL = {"transformer": {"layers": 1, "heads": 2, "hidden_units": 12}, "lstm": {"layers": 2}}


def inputs(seed=0):
    return np.random.default_rng(seed).normal(size=(BATCH, TIME, UNITS)).astype("float32")


@pytest.mark.parametrize("name", MEMORIES)
def test_every_role(name):
    def make(role):
        return build(name, role, {"units": UNITS, **SMALL.get(name, {})})

    mask = np.arange(TIME)[None] < [[TIME], [2]]
    encoded = make("encode")(inputs(), mask=mask)
    assert tuple(encoded.shape) == (BATCH, TIME, UNITS)
    reader = make("read")
    read = ops.convert_to_numpy(reader(inputs(), mask=mask))
    assert read.shape == (BATCH, TIME, UNITS)
    beginning = ops.convert_to_numpy(reader(inputs()[:, :2]))
    np.testing.assert_allclose(read[:, :2], beginning, atol=1e-5)
    assert tuple(make("summarise")(inputs(), mask=mask).shape) == (BATCH, UNITS)
    decoder = make("decode")
    whole = ops.convert_to_numpy(decoder(inputs(1), encoded, memory_mask=mask))
    assert whole.shape == (BATCH, TIME, UNITS)
    step, state = decoder.begin(encoded, mask, max_length=TIME)
    for time in range(TIME):
        outputs, state = step(inputs(1)[:, time], state)
        np.testing.assert_allclose(ops.convert_to_numpy(outputs), whole[:, time], atol=1e-4)


@pytest.mark.parametrize("name", MEMORIES)
def test_an_option_it_has_not_is_refused(name):
    with pytest.raises(ValueError, match=f"memory {name} has no option zzz: it has layers"):
        build(name, "encode", {"units": UNITS, "zzz": 1})


def test_every_recurrent_memory_may_have_layers():
    assert [name for name in MEMORIES if "layers" not in MEMORIES[name].options] == []


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_every_attention_of_a_cell(attention):
    decoder = build("gru", "decode", {"units": UNITS, "attention": attention})
    encoded, mask = inputs(), np.arange(TIME)[None] < [[TIME], [2]]
    whole = ops.convert_to_numpy(decoder(inputs(1), encoded, memory_mask=mask))
    step, state = decoder.begin(encoded, mask, max_length=TIME)
    for time in range(TIME):
        outputs, state = step(inputs(1)[:, time], state)
        np.testing.assert_allclose(ops.convert_to_numpy(outputs), whole[:, time], atol=1e-4)


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_the_dtype_reaches_the_layer(name):
    layer = build(name, "encode", {"units": UNITS}, dtype="mixed_bfloat16")
    outputs = layer(inputs())
    assert keras.backend.standardize_dtype(outputs.dtype) == layer.compute_dtype == "bfloat16"


@pytest.mark.parametrize(
    ("name", "role", "options", "sentence"),
    [
        ("ntm", "encode", {}, "no memory ntm: choose one of transformer, rnn, gru, lstm"),
        ("lstm", "translate", {}, "cannot translate: it has the roles encode, read, decode, "),
        ("lstm", "encode", {"heads": 2}, "lstm has no option heads: it has layers"),
        ("transformer", "encode", {"heads": "two"}, "heads of transformer is of type int"),
        ("lstm", "decode", {"attention": "zzz"}, "no attention zzz: it is general, dot, concat"),
        ("lstm", "encode", {"units": 7}, "even units, not 7"),
        ("ablated_lstm", "encode", {"variant": "no_gates"}, "must be one of no_input_gate, "),
        ("transformer", "decode", {"units": 9}, "multiple of the number of heads"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(name, role, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        layer = build(name, role, {"units": 8, **options})
        shape = (BATCH, TIME, options.get("units", 8))
        layer(*[np.zeros(shape, "float32")] * (2 if role == "decode" else 1))


def test_defaults_are_filled_in():
    options = resolve("transformer", {"heads": 2})
    assert options["heads"] == 2
    assert options == {**MEMORIES["transformer"].options, "heads": 2}
    assert (options["layers"], options["hidden_units"]) == (4, 256)
