"""MultiHeadContentAttention: the equations, and a cell that takes many heads for its attention."""

import attention_reference
import numpy as np
import pytest
from keras import ops
from layer_contract import check_layer

from layers.attention import AttentionCell, MultiHeadContentAttention
from layers.recurrent import LSTMCell, Recurrent

RNG = np.random.default_rng(8)
MASK = np.array([[1] * 7, [1, 1, 0, 0, 0, 0, 0], [0] * 7], "bool")


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def close(one, other):
    one, other = ops.convert_to_numpy(one), ops.convert_to_numpy(other)
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def randomised(layer):
    layer.set_weights([normal(*w.shape) for w in layer.weights])
    return layer


@pytest.mark.parametrize(
    "options", [{}, {"value_dim": 5, "num_key_value_heads": 2, "use_bias": False}], ids=len
)
def test_is_the_equations_with_weights_averaged_over_the_heads(options):
    layer = MultiHeadContentAttention(4, 3, **options)
    query, value = normal(3, 5, 6), normal(3, 7, 8)
    layer(query, value)
    randomised(layer)
    mask = np.repeat(MASK[:, None], 5, axis=1)
    context, scores = attention_reference.attend(layer.multi_head, query, value, mask)
    got = layer(query, value, value_mask=MASK, return_attention_scores=True)
    close(got[0], context)
    close(got[1], scores.mean(axis=1))
    attend = layer.bind(value, MASK)
    for t in range(5):
        one, weights, state = attend(query[:, t : t + 1])
        close(one[:, 0], context[:, t])
        close(weights[:, 0], scores[:, :, t].mean(axis=1))
        assert state == []


def test_a_cell_reads_with_it_whole_step_by_step_and_in_a_beam():
    # Cell, memory and attentional vector differ in size.
    cell = AttentionCell(LSTMCell(4), MultiHeadContentAttention(2, 3), units=5)
    layer = Recurrent(cell, return_sequences=True)
    x, memory = normal(3, 5, 6), normal(3, 7, 8)
    layer(x, memory=memory)
    randomised(layer)
    outputs = layer(x, memory=memory, memory_mask=MASK)
    step = cell.begin(3, memory=memory, memory_mask=MASK, return_attention_scores=True)
    states, beam = cell.get_initial_state(3), cell.get_initial_state(6)
    hidden = cell.attention.bind(memory, MASK)
    for t in range(5):
        output, states = step(cell.project(x[:, t]), states)
        close(output[:, :5], outputs[:, t])
        close(output[:, 5:], hidden(states[0][:, None])[1][:, 0])
        wide, beam = step(cell.project(np.repeat(x[:, t], 2, axis=0)), beam)
        close(wide, np.repeat(ops.convert_to_numpy(output), 2, axis=0))


def test_sizes_are_refused_at_once():
    with pytest.raises(ValueError, match="`key_dim` must be positive, got 0"):
        MultiHeadContentAttention(2, 0)


def test_contract():
    check_layer(
        MultiHeadContentAttention,
        {
            "num_heads": 4,
            "key_dim": 3,
            "value_dim": 5,
            "use_bias": True,
            "num_key_value_heads": 2,
        },
        {"query": normal(3, 5, 6), "value": normal(3, 7, 8)},
        options={"return_attention_scores": True},
        masks={"query_mask": "query", "value_mask": "value"},
        trainable_weights=8,
        no_gradient=("key_bias",),
        output_shape=(3, 5, 6),
    )
