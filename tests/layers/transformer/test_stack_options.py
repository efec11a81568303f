"""The options of the stacks: step by step, padded, with scores, and from the catalogue."""

import numpy as np
import pytest
from keras import ops
from layer_contract import check_layer
from transformer_reference import array, encoder_block, normalise, randomise

from layers import catalogue
from layers.transformer import TransformerDecoder, TransformerEncoder

BATCH, TIME, MEMORY, UNITS = 3, 5, 7, 8
SMALL = {"units": UNITS, "layers": 2, "heads": 4, "hidden_units": 12}
VARIANTS = [
    {"positions": "rotary", "window": 2, "norm": "rms", "activation": "swiglu"},
    {"positions": "alibi", "norm_first": False, "key_value_heads": 1},
    {"positions": "relative", "window": 3, "activation": "gelu", "key_value_heads": 2},
    {"positions": None, "norm_first": False, "norm": "rms"},
]


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def prefix_mask(lengths, time):
    return np.arange(time) < np.array(lengths)[:, None]


@pytest.mark.parametrize("norm_first", [True, False])
def test_a_stack_is_its_blocks_and_a_last_norm_if_they_have_it_first(norm_first):
    stack, x = (
        TransformerEncoder(**SMALL, positions="alibi", norm_first=norm_first),
        normal(2, 5, 8),
    )
    stack.build(x.shape)
    randomise(stack)
    outputs, x = array(stack(x)), x.astype("float64")
    for block in stack.blocks:
        x = encoder_block(block, x)
    assert (stack.last_norm is not None) == norm_first
    expected = normalise(stack.last_norm, x) if norm_first else x
    np.testing.assert_allclose(outputs, expected, atol=1e-3)


@pytest.mark.parametrize("options", VARIANTS)
def test_steps_equal_the_whole_and_see_no_future(options):
    layer = TransformerDecoder(**SMALL, **options)
    layer.build((None, None, UNITS), (None, None, 6))
    randomise(layer)
    inputs, memory = normal(BATCH, TIME, UNITS), ops.convert_to_tensor(normal(BATCH, MEMORY, 6))
    mask = ops.convert_to_tensor(prefix_mask([7, 0, 4], MEMORY))
    whole = layer(inputs, memory, memory_mask=mask, return_attention_scores=True)
    outputs, scores = (array(part) for part in whole)
    alone = array(layer(inputs, memory, memory_mask=mask))
    np.testing.assert_allclose(alone, outputs, atol=1e-4)
    step, state = layer.begin(memory, mask, max_length=TIME + 1, return_attention_scores=True)
    for time in range(TIME):
        output, state, weights = step(ops.convert_to_tensor(inputs[:, time]), state)
        assert tuple(weights.shape) == (BATCH, MEMORY)
        np.testing.assert_allclose(array(output), outputs[:, time], atol=1e-4)
        np.testing.assert_allclose(array(weights), scores[:, :, time].mean(1), atol=1e-5)
    changed = inputs.copy()
    changed[:, 3:] = normal(BATCH, 2, UNITS)
    later = array(layer(changed, memory, memory_mask=mask))
    np.testing.assert_allclose(later[:, :3], outputs[:, :3], atol=1e-4)
    assert np.abs(later[:, 3:] - outputs[:, 3:]).max() > 1e-3


@pytest.mark.parametrize("options", VARIANTS)
def test_padding_changes_nothing(options):
    layer = TransformerEncoder(**SMALL, **options)
    inputs, mask = normal(BATCH, TIME, UNITS), prefix_mask([5, 3, 1], TIME)
    plain = array(layer(inputs, mask=mask))
    loud = np.where(mask[:, :, None], inputs, 50.0).astype("float32")
    outputs = array(layer(loud, mask=mask))
    np.testing.assert_allclose(outputs[mask], plain[mask], atol=1e-4)


def test_weights_of_folded_beams_are_those_of_their_sentence():
    layer, beam = TransformerDecoder(**SMALL), 2
    inputs, memory = normal(BATCH * beam, 2, UNITS), normal(BATCH, MEMORY, 6)
    mask = prefix_mask([7, 2, 4], MEMORY)
    repeated = (memory.repeat(beam, 0), mask.repeat(beam, 0))
    _, scores = layer(inputs, repeated[0], memory_mask=repeated[1], return_attention_scores=True)
    step, state = layer.begin(
        ops.convert_to_tensor(memory),
        ops.convert_to_tensor(mask),
        max_length=2,
        return_attention_scores=True,
    )
    state["position"] = ops.repeat(state["position"], beam, axis=0)
    state["caches"] = tuple(
        tuple(ops.repeat(part, beam, axis=0) for part in cache) for cache in state["caches"]
    )
    _, _, weights = step(ops.convert_to_tensor(inputs[:, 0]), state)
    np.testing.assert_allclose(array(weights), array(scores)[:, :, 0].mean(1), atol=1e-5)


def test_only_the_last_block_is_asked_for_scores_and_only_if_they_are_wanted():
    layer = TransformerDecoder(**SMALL)
    inputs, memory = normal(BATCH, TIME, UNITS), normal(BATCH, MEMORY, 6)
    layer(inputs, memory)
    asked = []
    for block in layer.blocks:

        def spy(*arguments, call=block.memory_attention.call, return_attention_scores, **rest):
            asked.append(return_attention_scores)
            return call(*arguments, return_attention_scores=return_attention_scores, **rest)

        block.memory_attention.call = spy
    layer(inputs, memory)
    layer(inputs, memory, return_attention_scores=True)
    assert asked == [False, False, False, True]


def test_steps_agree_with_the_whole_in_half_precision():
    layer = TransformerDecoder(**SMALL, positions="rotary", dtype="mixed_float16")
    inputs, memory = normal(BATCH, 2, UNITS), ops.convert_to_tensor(normal(BATCH, MEMORY, 6))
    whole = array(layer(inputs, memory))
    step, state = layer.begin(memory, max_length=2)
    for time in range(2):
        output, state = step(ops.convert_to_tensor(inputs[:, time]), state)
        np.testing.assert_allclose(array(output), whole[:, time], atol=2e-2)


def test_the_catalogue_passes_every_option_on():
    options = {
        "positions": "alibi",
        "norm_first": False,
        "norm": "rms",
        "activation": "swiglu",
        "window": 2,
        "key_value_heads": 2,
    }
    for role in ("encode", "decode", "summarise"):
        config = catalogue.build("transformer", role, {**options, "units": UNITS}).get_config()
        assert {name: config[name] for name in options} == options
        plain = catalogue.build("transformer", role, {"units": UNITS, "hidden_units": 32})
        same = {**type(plain)(UNITS).get_config(), "name": plain.name}
        assert plain.get_config() == same
    bare = catalogue.build("transformer", "encode", {"units": UNITS, "positions": "none"})
    assert bare.positions is None
    with pytest.raises(ValueError, match="`activation` must be one of"):
        catalogue.build("transformer", "encode", {"units": UNITS, "activation": "tanh"})


STACK = {
    **SMALL,
    "dropout": 0.2,
    "attention_dropout": 0.3,
    "hidden_dropout": 0.4,
    "seed": 5,
    "norm_first": False,
    "norm": "rms",
    "activation": "swiglu",
    "window": 3,
    "key_value_heads": 2,
}


def test_contract_of_the_encoder():
    check_layer(
        TransformerEncoder,
        {**STACK, "layers": 1, "positions": "alibi"},
        normal(BATCH, TIME, UNITS),
        masks={"mask": "inputs"},
        seed_generators=4,
        trainable_weights=16,
        no_gradient=("key_bias",),
        precisions=("mixed_bfloat16",),
        xla=False,  # the plain stacks are compiled, and so is every kind of attention
    )


def test_contract_of_the_decoder():
    check_layer(
        TransformerDecoder,
        {**STACK, "layers": 1, "positions": "relative"},
        {"inputs": normal(BATCH, TIME, UNITS), "memory": normal(BATCH, MEMORY, 6)},
        masks={"mask": "inputs", "memory_mask": "memory"},
        seed_generators=6,
        trainable_weights=28,
        no_gradient=("key_bias",),
        precisions=("mixed_float16",),
        xla=False,
    )
