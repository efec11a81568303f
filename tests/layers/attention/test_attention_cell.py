"""AttentionCell: the equations of the paper around any cell."""

import keras
import numpy as np
import pytest
from keras import ops
from layer_contract import check_layer

from layers.attention import AttentionCell, LuongAttention
from layers.recurrent import Cell, LSTMCell, Recurrent

RNG = np.random.default_rng(2)
MASK = np.array([[1] * 7, [1, 1, 0, 0, 0, 0, 0], [0] * 7], "bool")


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def numpy(x):
    return ops.convert_to_numpy(x)


def close(one, other):
    np.testing.assert_allclose(numpy(one), numpy(other), rtol=1e-5, atol=1e-5)


def made(**options):
    """A layer around an attention cell with random weights, biases too."""
    cell = AttentionCell(LSTMCell(4), **options)
    layer = Recurrent(cell, return_sequences=True, return_state=True)
    layer(normal(3, 5, 6), memory=normal(3, 7, 8))
    layer.set_weights([normal(*w.shape) for w in layer.weights])
    return cell, layer


def test_is_the_equations_of_the_paper_with_the_input_concatenated():
    cell, layer = made(units=5)
    x, memory, states = normal(3, 5, 6), normal(3, 7, 8), [normal(3, 4), normal(3, 4), normal(3, 5)]
    # Keras's own LSTM cell on [x; a], with the two halves of the input weight put together.
    stock = keras.layers.LSTMCell(4)
    stock.build((3, 6 + 5))
    kernel = np.concatenate([numpy(cell.cell.kernel), numpy(cell.feed_kernel)])
    stock.set_weights([kernel, numpy(cell.cell.recurrent_kernel), numpy(cell.cell.bias)])
    score, combine = numpy(cell.attention.kernel), numpy(cell.output_kernel)
    h, c, a = states
    wanted = []
    for t in range(5):
        h, (_, c) = stock(np.concatenate([x[:, t], a], axis=-1), [h, c])
        h, c = numpy(h), numpy(c)
        scores = np.einsum("bq,qv,btv->bt", h, score, memory)
        weights = np.where(MASK, np.exp(scores - scores.max(-1, keepdims=True)), 0)
        weights = weights / np.maximum(weights.sum(-1, keepdims=True), 1e-30)
        context = np.einsum("bt,btv->bv", weights, memory)
        a = np.tanh(np.concatenate([context, h], axis=-1) @ combine)
        wanted.append(a)
    outputs, *last = layer(x, initial_state=states, memory=memory, memory_mask=MASK)
    close(outputs, np.stack(wanted, axis=1))
    for one, other in zip(last, [h, c, a], strict=True):
        close(one, other)


def test_a_padded_step_changes_no_state():
    _, layer = made()
    x, memory = normal(3, 5, 6), normal(3, 7, 8)
    mask = np.array([[1, 1, 1, 1, 1], [1, 0, 1, 0, 0], [0, 0, 0, 0, 0]], "bool")
    _, *states = layer(x, memory=memory, mask=mask)
    _, *wanted = layer(x[1:2, [0, 2]], memory=memory[1:2])
    for one, other in zip(states, wanted, strict=True):
        close(one[1:2], other)
        assert not numpy(one)[2].any()


def test_masked_memory_is_as_good_as_absent():
    _, layer = made()
    x, memory = normal(3, 5, 6), normal(3, 7, 8)
    mask = np.arange(7) < np.full((3, 1), 4)
    close(
        layer(x, memory=memory, memory_mask=mask)[0],
        layer(x, memory=memory[:, :4])[0],
    )


def test_more_rows_than_the_memory_are_a_beam():
    cell, _ = made()
    memory, rows = normal(3, 7, 8), 3 * 2
    projected = cell.project(normal(rows, 6))
    states = [ops.convert_to_tensor(normal(rows, 4)) for _ in range(3)]
    folded = cell.begin(3, memory=memory, memory_mask=MASK, return_attention_scores=True)
    tiled = cell.begin(
        rows,
        memory=np.repeat(memory, 2, 0),
        memory_mask=np.repeat(MASK, 2, 0),
        return_attention_scores=True,
    )
    one, other = folded(projected, states), tiled(projected, states)
    assert one[0].shape == (rows, 4 + 7)
    close(one[0], other[0])


def test_feeds_a_cell_that_does_not_project():
    class Plain(Cell):
        state_size = output_size = 6

        def build(self, input_shape):
            self.built = True

        def begin(self, batch_size, training=False):
            return lambda inputs, states: (inputs + states[0], [inputs + states[0]])

    layer = Recurrent(AttentionCell(Plain()), return_sequences=True)
    assert layer(normal(3, 5, 6), memory=normal(3, 7, 8)).shape == (3, 5, 6)
    assert layer.cell.feed_kernel.shape == (6, 6)


def test_wants_a_cell_and_a_memory():
    with pytest.raises(ValueError, match="must be a Cell"):
        AttentionCell(keras.layers.LSTMCell(3))
    with pytest.raises(ValueError, match="needs a memory"):
        Recurrent(AttentionCell(LSTMCell(3)))(normal(3, 5, 6))


def test_contract_inside_of_recurrent():
    def init():
        cell = LSTMCell(4, dropout=0.2, recurrent_dropout=0.2, seed=1)
        cell = AttentionCell(cell, LuongAttention("general"), units=5, dropout=0.3, seed=2)
        return {"cell": cell, "return_sequences": True}

    check_layer(
        Recurrent,
        init,
        {"sequences": normal(3, 5, 6), "memory": normal(3, 7, 8)},
        masks={"mask": "sequences", "memory_mask": "memory"},
        seed_generators=2,
        trainable_weights=6,
    )
