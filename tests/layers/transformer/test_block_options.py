"""The options of Transformer blocks, against NumPy."""

import numpy as np
import pytest
from layer_contract import check_layer
from transformer_reference import array, decoder_block, encoder_block, feed_forward, randomise

from layers.transformer import FeedForward, TransformerDecoderBlock, TransformerEncoderBlock

SIZES = {"num_heads": 4, "hidden_units": 12}
VARIANTS = [
    {"norm_first": False},
    {"activation": "gelu", "positions": "alibi", "window": 2},
    {"norm_first": False, "norm": "rms", "activation": "swiglu", "positions": "relative"},
    {"norm": "rms", "num_key_value_heads": 2, "positions": "rotary", "window": 3},
]
CONTRACT = {
    **SIZES,
    "dropout": 0.2,
    "attention_dropout": 0.3,
    "hidden_dropout": 0.4,
    "seed": 5,
    "norm_first": False,
    "norm": "rms",
    "activation": "swiglu",
    "positions": "rotary",
    "window": 3,
    "num_key_value_heads": 2,
}


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def prefix_mask(lengths, time):
    return np.arange(time) < np.array(lengths)[:, None]


@pytest.mark.parametrize("activation", ["relu", "gelu", "swiglu"])
def test_feed_forward_equals_the_equations(activation):
    layer, inputs = FeedForward(12, activation=activation), normal(3, 5, 8)
    layer.build(inputs.shape)
    randomise(layer)
    np.testing.assert_allclose(array(layer(inputs)), feed_forward(layer, inputs), atol=1e-4)


@pytest.mark.parametrize("options", VARIANTS)
def test_encoder_block_equals_the_equations(options):
    block = TransformerEncoderBlock(**SIZES, **options)
    x, mask = normal(3, 5, 8), prefix_mask([5, 3, 4], 5)
    block.build(x.shape)
    randomise(block)
    expected = encoder_block(block, x, np.broadcast_to(mask[:, None], (3, 5, 5)))
    np.testing.assert_allclose(array(block(x, mask=mask)), expected, atol=1e-4)


@pytest.mark.parametrize("options", VARIANTS)
def test_decoder_block_equals_the_equations(options):
    block = TransformerDecoderBlock(**SIZES, **options)
    x, memory, mask = normal(3, 5, 8), normal(3, 7, 6), prefix_mask([7, 2, 4], 7)
    block.build(x.shape, memory.shape)
    randomise(block)
    expected, scores = decoder_block(block, x, memory, np.broadcast_to(mask[:, None], (3, 5, 7)))
    found = block(x, memory, memory_mask=mask, return_attention_scores=True)
    np.testing.assert_allclose(array(found[0]), expected, atol=2e-4)
    np.testing.assert_allclose(array(found[1]), scores, atol=1e-4)


@pytest.mark.parametrize("name", ["norm", "activation", "positions"])
def test_wrong_options_are_refused(name):
    with pytest.raises(ValueError, match=f"`{name}` must be one of"):
        TransformerEncoderBlock(**SIZES, **{name: "batch"}).build((3, 5, 8))


def test_contract_of_a_gated_feed_forward_network():
    check_layer(
        FeedForward,
        {"hidden_units": 12, "dropout": 0.3, "seed": 5, "activation": "swiglu"},
        normal(3, 5, 8),
        seed_generators=1,
        trainable_weights=6,
        xla=False,
    )


def test_contract_of_the_encoder_block():
    check_layer(
        TransformerEncoderBlock,
        CONTRACT,
        normal(3, 5, 8),
        masks={"mask": "inputs"},
        seed_generators=4,
        trainable_weights=16,
        output_shape=(3, 5, 8),
        precisions=(),  # the stacks run in mixed precision
        xla=False,  # and are compiled
    )


def test_contract_of_the_decoder_block():
    check_layer(
        TransformerDecoderBlock,
        CONTRACT,
        {"inputs": normal(3, 5, 8), "memory": normal(3, 7, 6)},
        masks={"mask": "inputs", "memory_mask": "memory"},
        seed_generators=6,
        trainable_weights=25,
        no_gradient=("memory_attention/key_bias",),
        output_shape=(3, 5, 8),
        precisions=(),
        xla=False,
    )
