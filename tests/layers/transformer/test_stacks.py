"""The stacks in their roles: encode, decode and summarise."""

import keras
import numpy as np
import pytest
from keras import ops
from layer_contract import check_layer

from layers.transformer import TransformerDecoder, TransformerEncoder, TransformerSummary

BATCH, TIME, MEMORY, UNITS = 3, 5, 7, 8
STACK = {
    "units": UNITS,
    "layers": 2,
    "heads": 2,
    "hidden_units": 12,
    "dropout": 0.2,
    "attention_dropout": 0.3,
    "hidden_dropout": 0.4,
    "seed": 5,
}
SMALL = {"units": UNITS, "layers": 2, "heads": 2, "hidden_units": 12, "dropout": 0.2}


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def array(tensor):
    return ops.convert_to_numpy(tensor).astype("float32")


def prefix_mask(lengths, time):
    return np.arange(time) < np.array(lengths)[:, None]


@pytest.mark.parametrize("stack", [TransformerEncoder, TransformerSummary])
def test_padding_changes_nothing(stack):
    layer, inputs, mask = stack(**SMALL), normal(BATCH, TIME, UNITS), prefix_mask([5, 3, 1], TIME)
    plain = array(layer(inputs, mask=mask))
    loud = np.where(mask[:, :, None], inputs, 1e3).astype("float32")
    longer = np.concatenate([loud, normal(BATCH, 4, UNITS)], axis=1)
    longer_mask = np.concatenate([mask, np.zeros((BATCH, 4), bool)], axis=1)
    for outputs in (layer(loud, mask=mask), layer(longer, mask=longer_mask)):
        outputs = array(outputs)
        if outputs.ndim == 3:
            outputs = np.where(mask[:, :, None], outputs[:, :TIME], plain)
        np.testing.assert_allclose(outputs, plain, atol=1e-5)


def test_summary_is_the_mean_of_the_real_positions():
    inputs, mask = normal(BATCH, TIME, UNITS), prefix_mask([5, 2, 0], TIME)
    summary, encoder = TransformerSummary(**SMALL), TransformerEncoder(**SMALL)
    for layer in (summary, encoder):
        layer.build((None, None, UNITS))
    encoder.set_weights(summary.get_weights())
    encoded = array(encoder(inputs, mask=mask))
    expected = [encoded[0].mean(0), encoded[1, :2].mean(0), np.zeros(UNITS)]
    np.testing.assert_allclose(array(summary(inputs, mask=mask)), expected, atol=1e-5)
    whole = array(summary(inputs))
    np.testing.assert_allclose(whole, array(encoder(inputs)).mean(1), atol=1e-5)


def decode(layer, inputs, memory, memory_mask, max_length):
    """All steps one by one, `inputs` `(rows, time, units)`."""
    memory = ops.convert_to_tensor(memory)
    mask = None if memory_mask is None else ops.convert_to_tensor(memory_mask)
    step, state = layer.begin(memory, mask, max_length=max_length)
    repeats = len(inputs) // len(memory)
    state = keras.tree.map_structure(lambda part: ops.repeat(part, repeats, axis=0), state)
    outputs = []
    for time in range(inputs.shape[1]):
        output, state = step(ops.convert_to_tensor(inputs[:, time]), state)
        outputs.append(array(output))
    return np.stack(outputs, axis=1), state


@pytest.mark.parametrize("policy, tolerance", [("float32", 1e-5), ("mixed_float16", 2e-2)])
def test_steps_equal_the_whole(policy, tolerance):
    layer = TransformerDecoder(**SMALL, dtype=policy)
    inputs, memory = normal(BATCH, TIME, UNITS), normal(BATCH, MEMORY, 6)
    for mask in (None, prefix_mask([7, 0, 4], MEMORY)):
        whole = array(layer(inputs, memory, memory_mask=mask))
        outputs, state = decode(layer, inputs, memory, mask, TIME + 1)
        np.testing.assert_allclose(outputs, whole, atol=tolerance)
    assert (ops.convert_to_numpy(state["position"]) == TIME).all()
    leading = {tuple(part.shape)[0] for part in keras.tree.flatten(state)}
    assert leading == {BATCH}


def test_folded_beams_equal_a_repeated_memory():
    layer, beam = TransformerDecoder(**SMALL), 4
    inputs, memory = normal(BATCH * beam, TIME, UNITS), normal(BATCH, MEMORY, 6)
    mask = prefix_mask([7, 2, 4], MEMORY)
    layer.build((None, None, UNITS), (None, None, 6))
    outputs, _ = decode(layer, inputs, memory, mask, TIME)
    whole = layer(inputs, memory.repeat(beam, 0), memory_mask=mask.repeat(beam, 0))
    np.testing.assert_allclose(outputs, array(whole), atol=1e-5)


def test_steps_run_in_a_compiled_loop():
    layer = TransformerDecoder(**SMALL)
    inputs, memory = normal(BATCH, TIME, UNITS), normal(BATCH, MEMORY, 6)
    mask = prefix_mask([7, 2, 4], MEMORY)
    whole = array(layer(inputs, memory, memory_mask=mask))

    def run(inputs, memory, mask):
        step, state = layer.begin(memory, mask, max_length=TIME)

        def body(time, outputs, state):
            output, state = step(ops.take(inputs, time, axis=1), state)
            return time + 1, ops.slice_update(outputs, (0, time, 0), output[:, None]), state

        start = (ops.zeros((), "int32"), ops.zeros_like(inputs), state)
        return ops.while_loop(lambda time, *_: time < TIME, body, start)[1]

    functions = [run]
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        floats, booleans = tf.TensorSpec((None, None, UNITS)), tf.TensorSpec((None, None), tf.bool)
        signature = [floats, tf.TensorSpec((None, None, 6)), booleans]
        functions.append(tf.function(run, input_signature=signature))
        functions.append(tf.function(run, jit_compile=True))
    elif keras.config.backend() == "jax":
        import jax

        functions.append(jax.jit(run))
    tensors = [ops.convert_to_tensor(part) for part in (inputs, memory, mask)]
    for function in functions:
        np.testing.assert_allclose(array(function(*tensors)), whole, atol=1e-5)


def test_begin_says_what_it_needs():
    layer, memory = TransformerDecoder(**SMALL), ops.convert_to_tensor(normal(BATCH, MEMORY, 6))
    with pytest.raises(ValueError, match="max_length"):
        layer.begin(memory)
    with pytest.raises(ValueError, match="before decoding"):
        layer.begin(memory, max_length=3)


def test_scores_are_those_of_the_last_block():
    layer = TransformerDecoder(**SMALL)
    symbolic = layer(
        keras.Input((TIME, UNITS)), keras.Input((MEMORY, 6)), return_attention_scores=True
    )
    assert [part.shape for part in symbolic] == [(None, 5, 8), (None, 2, 5, 7)]
    mask = prefix_mask([7, 2, 4], MEMORY)
    _, scores = layer(
        normal(BATCH, TIME, UNITS),
        normal(BATCH, MEMORY, 6),
        memory_mask=mask,
        return_attention_scores=True,
    )
    scores = array(scores)
    assert scores.shape == (3, 2, 5, 7)
    np.testing.assert_allclose(scores.sum(-1), 1, atol=1e-5)
    assert not scores[np.broadcast_to(~mask[:, None, None], scores.shape)].any()


def test_other_widths_are_refused():
    with pytest.raises(ValueError, match="units=8"):
        TransformerEncoder(**SMALL)(normal(BATCH, TIME, 6))
    with pytest.raises(ValueError, match="layers"):
        TransformerEncoder(8, layers=0)


@pytest.mark.parametrize("stack", [TransformerEncoder, TransformerSummary])
def test_contract_of_encoder_and_summary(stack):
    check_layer(
        stack,
        STACK,
        normal(BATCH, TIME, UNITS),
        masks={"mask": "inputs"},
        seed_generators=8,
        trainable_weights=34,
        no_gradient=("key_bias",),
        output_shape=(3, 5, 8) if stack is TransformerEncoder else (3, 8),
    )


@pytest.mark.parametrize("scores", [False, True])
def test_contract_of_the_decoder(scores):
    check_layer(
        TransformerDecoder,
        STACK,
        {"inputs": normal(BATCH, TIME, UNITS), "memory": normal(BATCH, MEMORY, 6)},
        options={"return_attention_scores": True} if scores else None,
        masks={"mask": "inputs", "memory_mask": "memory"},
        seed_generators=12,
        trainable_weights=54,
        no_gradient=("key_bias",),
        output_shape=(3, 5, 8),
        # With scores it is the same layer: what takes long is checked without them.
        precisions=() if scores else ("mixed_float16", "mixed_bfloat16"),
        xla=not scores,
    )
