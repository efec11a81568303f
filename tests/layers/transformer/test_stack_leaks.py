"""No mask of a Transformer leaks: by changes of what is hidden, and by gradients."""

import keras
import numpy as np
import pytest
from keras import ops
from sight import assert_sees
from transformer_reference import randomise

from layers.transformer import (
    SegmentMemoryBlock,
    SegmentMemoryTransformer,
    TransformerDecoder,
    TransformerDecoderBlock,
    TransformerEncoder,
    TransformerEncoderBlock,
    TransformerSummary,
)

BATCH, TIME, MEMORY, UNITS = 3, 4, 6, 8
BLOCK = {"num_heads": 4, "hidden_units": 12}
STACK = {"units": UNITS, "layers": 2, "heads": 4, "hidden_units": 12}
# One row that is whole, one that is padded, one that begins with padding.
KEPT = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1]], bool)
# One row that is whole, one with gaps, one of nothing but padding.
KEPT_MEMORY = np.array([[1] * 6, [1, 0, 1, 1, 0, 0], [0] * 6], bool)
SELF = np.eye(TIME, dtype=bool)
DISTANCE = np.arange(TIME)[:, None] - np.arange(TIME)
BLOCKS = [
    {},
    {"norm_first": False, "positions": "relative", "num_key_value_heads": 1},
    {"norm": "rms", "positions": "rotary", "window": 2, "activation": "swiglu"},
    {"norm_first": False, "norm": "rms", "positions": "alibi", "window": 2, "activation": "gelu"},
]
STACKS = [
    {"norm_first": False, "key_value_heads": 2},
    {"positions": "relative", "window": 2, "norm": "rms"},
]


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def made(layer, inputs):
    """A layer with weights that are not zero, as a function of a dict of tensors."""
    layer(**inputs)
    randomise(layer)
    return lambda given: layer(**given)


def self_attention(kept, window=None, causal=False):
    """What a position sees of others by one attention, and of itself by the residual branch."""
    seen = (DISTANCE >= 0) | (not causal)
    if window is not None:
        seen = seen & (abs(DISTANCE) < window)
    return (seen & kept[:, None]) | SELF


def twice(seen):
    """What is seen through two layers, of what each sees."""
    return seen.astype(int) @ seen.astype(int) > 0


def at_kept(call):
    """The function with zeros at padded steps, as what comes out there means nothing."""
    return lambda given: call(given) * ops.cast(given["mask"], "float32")[:, :, None]


@pytest.mark.parametrize("options", BLOCKS, ids=str)
def test_of_an_encoder_block(options):
    inputs = {"inputs": normal(BATCH, TIME, UNITS), "mask": KEPT}
    call = made(TransformerEncoderBlock(**BLOCK, **options), inputs)
    assert_sees(call, inputs, "inputs", self_attention(KEPT, options.get("window")))


@pytest.mark.parametrize("options", BLOCKS, ids=str)
def test_of_a_decoder_block(options):
    inputs = {
        "inputs": normal(BATCH, TIME, UNITS),
        "memory": normal(BATCH, MEMORY, 6),
        "mask": KEPT,
        "memory_mask": KEPT_MEMORY,
    }
    call = made(TransformerDecoderBlock(**BLOCK, **options), inputs)
    assert_sees(call, inputs, "inputs", self_attention(KEPT, options.get("window"), causal=True))
    memory = np.broadcast_to(KEPT_MEMORY[:, None], (BATCH, TIME, MEMORY))
    assert_sees(call, inputs, "memory", memory)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("options", STACKS, ids=str)
def test_of_an_encoder(options, causal):
    inputs = {"inputs": normal(BATCH, TIME, UNITS), "mask": KEPT}
    call = made(TransformerEncoder(**STACK, **options, causal=causal), inputs)
    seen = twice(self_attention(KEPT, options.get("window"), causal)) & KEPT[:, :, None]
    assert_sees(at_kept(call), inputs, "inputs", seen)


def test_of_a_summary():
    kept = KEPT & np.array([[1], [1], [0]], bool)  # one row of nothing but padding
    inputs = {"inputs": normal(BATCH, TIME, UNITS), "mask": kept}
    call = made(TransformerSummary(**STACK), inputs)
    assert_sees(lambda given: call(given)[:, None], inputs, "inputs", kept[:, None])


@pytest.mark.parametrize("options", STACKS, ids=str)
def test_of_a_decoder(options):
    inputs = {
        "inputs": normal(BATCH, TIME, UNITS),
        "memory": normal(BATCH, MEMORY, 6),
        "mask": KEPT,
        "memory_mask": KEPT_MEMORY,
    }
    call = made(TransformerDecoder(**STACK, **options), inputs)
    seen = twice(self_attention(KEPT, options.get("window"), causal=True)) & KEPT[:, :, None]
    assert_sees(at_kept(call), inputs, "inputs", seen)
    assert_sees(at_kept(call), inputs, "memory", KEPT[:, :, None] & KEPT_MEMORY[:, None])


BEAM = 2
# For each step but the last, which hypotheses of a sentence go on as its first and its second.
PARENTS = np.array([[[1, 0], [0, 0], [1, 0]], [[1, 1], [1, 0], [0, 0]]], "int32")


def past_of(parents):
    """Which entry of each step is of the past of each last hypothesis, `(batch, BEAM, steps)`."""
    places = np.zeros((len(parents), BEAM, TIME), int) + np.arange(BEAM)[:, None]
    for step in range(1, TIME):
        past = np.take_along_axis(places, parents[:, step - 1, :, None], axis=1)
        places[..., :step] = past[..., :step]
    return places


@pytest.mark.parametrize("options", STACKS, ids=str)
def test_of_a_beam(options):
    """The last step sees the past of its own hypothesis, wherever that stands in the caches."""
    layer = TransformerDecoder(**STACK, **options)
    layer.build((None, None, UNITS), (None, None, 6))
    randomise(layer)

    def call(given):
        entries = ops.reshape(given["inputs"], (-1, TIME, BEAM, UNITS))
        step, state = layer.begin(given["memory"], given["memory_mask"], max_length=TIME + 1)
        state = step.resize(step.repeat(state, BEAM), 2)
        sentences = given["inputs"].shape[0]
        first = ops.repeat(ops.arange(sentences, dtype="int32") * BEAM, BEAM)
        for time in range(TIME):
            if time == 2:
                state = step.resize(state, TIME + 1)
            outputs, state = step(ops.reshape(entries[:, time], (-1, UNITS)), state)
            if time < TIME - 1:
                parents = ops.reshape(given["parents"][:, time], (-1,))
                state = step.reorder(state, first + parents)
        return ops.reshape(outputs, (-1, BEAM, UNITS))

    inputs = {
        "inputs": normal(2, TIME * BEAM, UNITS),
        "memory": normal(2, MEMORY, 6),
        "memory_mask": KEPT_MEMORY[:2],
        "parents": PARENTS,
    }
    window = options.get("window")
    one = (DISTANCE >= 0) & (window is None or abs(DISTANCE) < window)
    past = past_of(PARENTS)[..., None] == np.arange(BEAM)
    seen = past & twice(one)[-1][:, None]
    seen = seen.reshape(2, BEAM, TIME * BEAM)
    memory = np.broadcast_to(KEPT_MEMORY[:2, None], (2, BEAM, MEMORY))
    # Steps are for inference: `ops.slice_update` has no gradient on TensorFlow.
    gradients = False if keras.config.backend() == "tensorflow" else None
    assert_sees(call, inputs, "inputs", seen, gradients=gradients)
    assert_sees(call, inputs, "memory", memory, gradients=gradients)


@pytest.mark.parametrize("options", BLOCKS[1:3], ids=str)
def test_of_a_block_with_a_memory_of_segments(options):
    past = 3
    kept = np.array([[1, 1, 1], [0, 0, 1], [0, 0, 0]], bool)
    inputs = {
        "inputs": normal(BATCH, TIME, UNITS),
        "memory": normal(BATCH, past, UNITS),
        "mask": KEPT,
        "memory_mask": kept,
    }
    call = made(SegmentMemoryBlock(**BLOCK, **options), inputs)
    window = options.get("window")
    assert_sees(call, inputs, "inputs", self_attention(KEPT, window, causal=True))
    distance = past + np.arange(TIME)[:, None] - np.arange(past)
    seen = kept[:, None] & (distance < (window or np.inf))
    assert_sees(call, inputs, "memory", seen, gradients=np.zeros_like(seen))


@pytest.mark.parametrize(("positions", "window"), [("relative", None), ("rotary", 2)])
def test_of_segments(positions, window):
    """Two segments of two steps, and a memory of one: what is further back is out of sight."""
    length = 1
    layer = SegmentMemoryTransformer(
        **STACK, memory_length=length, positions=positions, window=window
    )
    layer.build((None, None, UNITS))
    randomise(layer)
    inputs = {"inputs": normal(BATCH, TIME, UNITS), "mask": KEPT}

    def call(given):
        outputs, memory = [], None
        for part in (slice(0, 2), slice(2, 4)):
            segment, mask = given["inputs"][:, part], given["mask"][:, part]
            output, memory = layer(segment, memory, mask=mask)
            outputs.append(output)
        return ops.concatenate(outputs, axis=1)

    seen = self_attention(KEPT, window, causal=True)
    seen[:, 2:, : 2 - length] = False
    within = np.kron(np.eye(2), np.ones((2, 2))).astype(bool)
    kept = KEPT[:, :, None]
    gradients = twice(seen & within) & kept
    assert_sees(at_kept(call), inputs, "inputs", twice(seen) & kept, gradients=gradients)
