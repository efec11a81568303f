"""The parts of a Transformer: positions, feed-forward network, encoder and decoder block."""

import keras
import numpy as np
import pytest
from keras import ops
from layer_contract import check_layer

from layers.transformer import (
    FeedForward,
    SinusoidalPositions,
    TransformerDecoderBlock,
    TransformerEncoderBlock,
)

BLOCK = {
    "num_heads": 2,
    "hidden_units": 12,
    "dropout": 0.2,
    "attention_dropout": 0.3,
    "hidden_dropout": 0.4,
    "seed": 5,
}


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def array(tensor):
    return ops.convert_to_numpy(tensor).astype("float32")


def sinusoids(time, units):
    table = np.zeros((time, units))
    for position in range(time):
        for channel in range(units):
            angle = position / 10000 ** (channel // 2 * 2 / units)
            table[position, channel] = np.cos(angle) if channel % 2 else np.sin(angle)
    return table


@pytest.mark.parametrize("units", [8, 7])
def test_positions_equal_the_equations(units):
    inputs = normal(2, 300, units)
    outputs = array(SinusoidalPositions()(inputs))
    np.testing.assert_allclose(outputs, inputs + sinusoids(300, units), atol=1e-4)


def test_positions_may_start_anywhere():
    layer, table = SinusoidalPositions(), sinusoids(20, 8)
    zeros = np.zeros((3, 1, 8), "float32")
    np.testing.assert_allclose(array(layer(zeros, offset=4))[2, 0], table[4], atol=1e-5)
    rows = array(layer(zeros, offset=np.array([0, 7, 19], "int32")))[:, 0]
    np.testing.assert_allclose(rows, table[[0, 7, 19]], atol=1e-5)


def test_positions_of_an_unknown_length():
    inputs = keras.Input((None, 8))
    model = keras.Model(inputs, SinusoidalPositions()(inputs))
    for time in (5, 9):
        outputs = model(np.zeros((1, time, 8), "float32"))
        np.testing.assert_allclose(array(outputs)[0], sinusoids(time, 8), atol=1e-5)


def test_positions_are_exact_in_half_precision():
    outputs = SinusoidalPositions(dtype="mixed_float16")(np.zeros((1, 4000, 8), "float32"))
    np.testing.assert_allclose(array(outputs)[0], sinusoids(4000, 8), atol=2e-3)


def weights_of(layer):
    """The weights by the last two parts of their paths."""
    return {"/".join(w.path.split("/")[-2:]): array(w).astype("float64") for w in layer.weights}


def feed_forward(x, weights):
    hidden = np.maximum(x @ weights["hidden/kernel"] + weights["hidden/bias"], 0)
    return hidden @ weights["output_layer/kernel"] + weights["output_layer/bias"]


def test_feed_forward_equals_the_equation():
    layer, inputs = FeedForward(12), normal(3, 5, 8)
    outputs = layer(inputs)
    np.testing.assert_allclose(array(outputs), feed_forward(inputs, weights_of(layer)), atol=1e-5)


def normalised(x):
    """Layer normalization at its first gain and bias."""
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-3)


def attention(query, value, weights, name, mask):
    """Two heads on 8 features, the mask `(batch, time, memory_time)`."""

    def project(inputs, part):
        return inputs @ weights[f"{name}/{part}_kernel"] + weights[f"{name}/{part}_bias"]

    def heads(inputs):
        return inputs.reshape(*inputs.shape[:2], 2, 4)

    queries, keys = heads(project(query, "query")), heads(project(value, "key"))
    logits = np.einsum("bthd,bshd->bhts", queries, keys) / 2
    terms = np.where(mask[:, None], np.exp(logits), 0)
    scores = terms / terms.sum(-1, keepdims=True)
    context = np.einsum("bhts,bshd->bthd", scores, heads(project(value, "value")))
    return project(context.reshape(*query.shape[:2], 8), "output")


def prefix_mask(lengths, time):
    return np.arange(time) < np.array(lengths)[:, None]


def test_encoder_block_equals_the_equations():
    block = TransformerEncoderBlock(**BLOCK)
    x, mask = normal(3, 5, 8), prefix_mask([5, 3, 4], 5)
    outputs = array(block(x, mask=mask))
    weights = weights_of(block)
    name = block.attention.name
    allowed = np.broadcast_to(mask[:, None], (3, 5, 5))
    x = x + attention(normalised(x), normalised(x), weights, name, allowed)
    x = x + feed_forward(normalised(x), weights)
    np.testing.assert_allclose(outputs, x, atol=1e-4)


def test_decoder_block_equals_the_equations():
    block = TransformerDecoderBlock(**BLOCK)
    x, memory, memory_mask = normal(3, 5, 8), normal(3, 7, 6), prefix_mask([7, 2, 4], 7)
    outputs = array(block(x, memory, memory_mask=memory_mask))
    weights = weights_of(block)
    causal = np.broadcast_to(np.tril(np.ones((5, 5), bool)), (3, 5, 5))
    seen = np.broadcast_to(memory_mask[:, None], (3, 5, 7))
    x = x + attention(normalised(x), normalised(x), weights, "self_attention", causal)
    x = x + attention(normalised(x), memory, weights, "memory_attention", seen)
    x = x + feed_forward(normalised(x), weights)
    np.testing.assert_allclose(outputs, x, atol=1e-4)


def test_heads_must_share_the_features():
    with pytest.raises(ValueError, match="8 features and 3 heads"):
        TransformerEncoderBlock(3, 12)(normal(2, 5, 8))


def test_seeds_of_the_parts_differ():
    block = TransformerDecoderBlock(**BLOCK)
    block.build((None, None, 8), (None, None, 8))
    seeds = [
        block.self_drop.seed,
        block.memory_drop.seed,
        block.forward_drop.seed,
        block.self_attention.seed,
        block.memory_attention.seed,
        block.feed_forward.seed,
    ]
    assert len(set(seeds)) == 6


def test_contract_of_positions():
    check_layer(SinusoidalPositions, {}, normal(3, 5, 8), trainable_weights=0)


def test_contract_of_the_feed_forward_network():
    check_layer(
        FeedForward,
        {"hidden_units": 12, "dropout": 0.3, "seed": 5},
        normal(3, 5, 8),
        seed_generators=1,
        trainable_weights=4,
    )


def test_contract_of_the_encoder_block():
    check_layer(
        TransformerEncoderBlock,
        BLOCK,
        normal(3, 5, 8),
        masks={"mask": "inputs"},
        seed_generators=4,
        trainable_weights=16,
        no_gradient=("key_bias",),
        output_shape=(3, 5, 8),
        xla=False,  # the stacks are compiled
    )


def test_contract_of_the_decoder_block():
    check_layer(
        TransformerDecoderBlock,
        BLOCK,
        {"inputs": normal(3, 5, 8), "memory": normal(3, 7, 6)},
        options={"return_attention_scores": True},
        masks={"mask": "inputs", "memory_mask": "memory"},
        seed_generators=6,
        trainable_weights=26,
        no_gradient=("key_bias",),
        output_shape=(3, 5, 8),
        xla=False,  # the stacks are compiled
    )
