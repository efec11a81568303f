"""Segments with a memory against the whole sequence, and against NumPy."""

import keras
import numpy as np
import pytest
from keras import ops
from layer_contract import check_layer
from transformer_reference import array, encoder_block, randomise

from layers.transformer import SegmentMemoryBlock, SegmentMemoryTransformer

BATCH, TIME, UNITS = 2, 6, 8
SMALL = {"units": UNITS, "layers": 2, "heads": 2, "hidden_units": 12}


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def prefix_mask(lengths, time):
    return np.arange(time) < np.array(lengths)[:, None]


def segment_memory(**options):
    """A layer none of whose weights is zero."""
    layer = SegmentMemoryTransformer(**{**SMALL, "memory_length": TIME, **options})
    layer.build((None, None, UNITS))
    randomise(layer)
    return layer


def in_segments(layer, inputs, sizes, mask=None):
    """The outputs of all segments, and the last memory."""
    memory, outputs, start = layer.begin_memory(len(inputs)), [], 0
    for size in sizes:
        part = slice(start, start + size)
        segment = ops.convert_to_tensor(inputs[:, part])
        segment_mask = None if mask is None else ops.convert_to_tensor(mask[:, part])
        output, memory = layer(segment, memory, mask=segment_mask)
        outputs.append(array(output))
        start += size
    return np.concatenate(outputs, axis=1), memory


def test_block_equals_the_equations():
    block = SegmentMemoryBlock(2, 12, positions="relative", norm_first=False, norm="rms")
    x, past = normal(3, 5, UNITS), normal(3, 4, UNITS)
    mask, past_mask = prefix_mask([5, 3, 4], 5), np.array([[1] * 4, [0] * 4, [0, 1, 0, 1]], bool)
    block.build(x.shape, past.shape)
    randomise(block)
    whole = np.concatenate([past_mask, mask], axis=1)[:, None]
    expected = encoder_block(block, x, np.broadcast_to(whole, (3, 5, 9)), past)
    outputs = block(x, past, mask=mask, memory_mask=past_mask)
    np.testing.assert_allclose(array(outputs), expected, atol=2e-4)
    plain = encoder_block(block, x, None, past)
    np.testing.assert_allclose(array(block(x, past)), plain, atol=2e-4)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"norm_first": False, "window": 3},
        {"positions": "rotary", "norm": "rms", "activation": "swiglu"},
        {"positions": "alibi", "key_value_heads": 1},
        {"positions": None},
    ],
)
def test_segments_equal_the_whole(options):
    layer, inputs = segment_memory(**options), normal(BATCH, TIME, UNITS)
    whole, _ = layer(inputs)
    outputs, memory = in_segments(layer, inputs, [3, 1, 2])
    np.testing.assert_allclose(outputs, array(whole), atol=1e-4)
    assert array(memory["mask"]).all()
    np.testing.assert_allclose(array(memory["states"][0]), inputs, atol=1e-6)


def test_masks_travel_with_the_memory():
    layer, inputs = segment_memory(), normal(BATCH, TIME, UNITS)
    mask = np.array([[1, 1, 0, 1, 1, 1], [1, 0, 1, 1, 0, 1]], bool)
    whole, kept = layer(inputs, mask=mask)
    loud = np.where(mask[:, :, None], inputs, 50.0).astype("float32")
    outputs, memory = in_segments(layer, loud, [3, 3], mask)
    np.testing.assert_allclose(outputs[mask], array(whole)[mask], atol=1e-4)
    np.testing.assert_array_equal(array(memory["mask"]), mask)
    for one, other in zip(memory["states"], kept["states"], strict=True):
        assert not array(one)[~mask].any()
        np.testing.assert_allclose(array(one), array(other), atol=1e-4)


def test_a_short_memory_forgets():
    layer = segment_memory(memory_length=2, layers=1)
    inputs = normal(BATCH, TIME, UNITS)
    plain, memory = in_segments(layer, inputs, [3, 3])
    assert [tuple(x.shape) for x in memory["states"]] == [(BATCH, 2, UNITS)]
    np.testing.assert_allclose(array(memory["states"][0]), inputs[:, -2:], atol=1e-6)
    for time, reaches in ((0, False), (1, True), (2, True)):
        changed = inputs.copy()
        changed[:, time] = normal(BATCH, UNITS)
        outputs, _ = in_segments(layer, changed, [3, 3])
        assert (np.abs(outputs[:, 3:] - plain[:, 3:]).max() > 1e-4) == reaches


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="one backend's gradient will do")
def test_gradients_stop_at_the_memory():
    import tensorflow as tf

    layer = segment_memory()
    first, second = (tf.constant(normal(BATCH, 3, UNITS, seed=seed)) for seed in (1, 2))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([first, second])
        _, memory = layer(first)
        tape.watch(memory["states"])
        outputs, new = layer(second, memory)
        early = outputs[:, 1] * normal(BATCH, UNITS)
    assert tape.gradient(outputs, [first, *memory["states"]]) == [None] * 3
    assert tape.gradient(new["states"], [first, second]) == [None] * 2
    slopes = array(tape.gradient(early, second))
    assert slopes[:, :2].all()
    assert not slopes[:, 2:].any()


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match="`memory_length` must be positive, got 0"):
        SegmentMemoryTransformer(UNITS, 0)
    with pytest.raises(ValueError, match="positions` that are distances"):
        SegmentMemoryTransformer(UNITS, 4, positions="sinusoidal")


def test_contract_of_the_block():
    check_layer(
        SegmentMemoryBlock,
        {"num_heads": 2, "hidden_units": 12, "dropout": 0.2, "seed": 5, "positions": "rotary"},
        {"inputs": normal(3, 5, UNITS), "memory": normal(3, 4, UNITS)},
        masks={"mask": "inputs", "memory_mask": "memory"},
        seed_generators=2,
        trainable_weights=16,
        precisions=(),
        xla=False,  # the stack is compiled
    )


@pytest.mark.parametrize("begun", [False, True])
def test_contract(begun):
    inputs = {"inputs": normal(3, 5, UNITS)}
    if begun:
        inputs["memory"] = {"mask": prefix_mask([4, 0, 2], 4), "states": (normal(3, 4, UNITS),)}
    check_layer(
        SegmentMemoryTransformer,
        {
            **SMALL,
            "layers": 1,
            "memory_length": 4,
            "positions": "relative",
            "dropout": 0.2,
            "attention_dropout": 0.3,
            "hidden_dropout": 0.4,
            "seed": 5,
            "key_value_heads": 1,
        },
        inputs,
        masks={"mask": "inputs"},
        seed_generators=4,
        trainable_weights=21,
        no_gradient=("key_bias",),
        output_shape=(3, 5, UNITS),
        precisions=("mixed_float16",) if begun else (),
        xla=begun,
    )
