"""AttentionCell: the equations of the paper around any cell."""

import keras
import numpy as np
import pytest
from keras import ops
from layer_contract import check_layer

from layers.attention import (
    AdditiveAttention,
    AttentionCell,
    LuongAttention,
    MonotonicAdditiveAttention,
    MonotonicLuongAttention,
    MultiHeadAttention,
)
from layers.recurrent import (
    Cell,
    LSTMCell,
    MLSTMCell,
    ProjectedLSTMCell,
    Recurrent,
    ResidualCell,
    StackedCell,
    StockCell,
    Zoneout,
)

RNG = np.random.default_rng(2)
MASK = np.array([[1] * 7, [1, 1, 0, 0, 0, 0, 0], [0] * 7], "bool")


# What has a state, with the number of its states.
REMEMBERING = {
    "coverage": (lambda: AdditiveAttention(4, coverage=True), 1),
    "monotonic": (lambda: MonotonicLuongAttention(mode="soft"), 1),
    "hard": (lambda: MonotonicLuongAttention("concat"), 1),
    "both": (lambda: MonotonicAdditiveAttention(4, coverage=True, mode="soft"), 2),
}


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


@pytest.mark.parametrize("name", REMEMBERING)
def test_an_attention_with_a_state_whole_step_by_step_and_in_a_beam(name):
    make, count = REMEMBERING[name]
    cell, layer = made(attention=make())
    x, memory = normal(3, 5, 6), normal(3, 7, 8)
    outputs, *last = layer(x, memory=memory, memory_mask=MASK)
    states = cell.get_initial_state(3, memory=memory)
    assert [tuple(s.shape) for s in states[2:-1]] == [(3, 7)] * count
    step = cell.begin(3, memory=memory, memory_mask=MASK, return_attention_scores=True)
    # A beam of two: the second hypothesis of each sentence reads other inputs.
    rows = [ops.repeat(state, 2, axis=0) for state in states]
    wide = np.repeat(x, 2, axis=0)
    wide[1::2] = normal(3, 5, 6)
    covered = 0
    for t in range(5):
        output, states = step(cell.project(x[:, t]), states)
        close(output[:, :4], outputs[:, t])
        covered = covered + numpy(output)[:, 4:]
        beam, rows = step(cell.project(wide[:, t]), rows)
        close(beam[::2], output)
    for one, other, row in zip(last, states, rows, strict=True):
        close(one, other)
        close(row[::2], other)
    others, *_ = layer(wide[1::2], memory=memory, memory_mask=MASK)
    close(beam[1::2, :4], others[:, -1])
    if name in ("coverage", "both"):
        close(states[2], covered)
    if name != "coverage":
        close(states[-2], output[:, 4:])


@pytest.mark.parametrize("name", ["coverage", "monotonic"])
def test_a_padded_step_changes_no_state_of_the_attention(name):
    _, layer = made(attention=REMEMBERING[name][0]())
    x, memory = normal(3, 5, 6), normal(3, 7, 8)
    mask = np.array([[1, 1, 1, 1, 1], [1, 0, 1, 0, 0], [0, 0, 0, 0, 0]], "bool")
    outputs, *states = layer(x, memory=memory, mask=mask)
    wanted, *short = layer(x[1:2, [0, 2]], memory=memory[1:2])
    close(outputs[1:2, 2], wanted[:, 1])
    for one, other in zip(states, short, strict=True):
        close(one[1:2], other)
    if name == "monotonic":
        close(states[2][2], np.eye(7)[0])


@pytest.mark.parametrize(
    "cell",
    [
        lambda: ProjectedLSTMCell(5, 4),
        lambda: MLSTMCell(4, heads=2),
        lambda: StockCell(keras.layers.GRUCell(4)),
        lambda: Zoneout(LSTMCell(4), rates=0.1),
        lambda: StackedCell([LSTMCell(3), ResidualCell(LSTMCell(3))]),
    ],
    ids=["projected", "mlstm", "gru", "zoneout", "stacked"],
)
def test_any_cell_takes_an_attention_with_a_state(cell):
    cell = AttentionCell(cell(), AdditiveAttention(4, coverage=True), units=6)
    x, memory = normal(2, 3, 6), normal(2, 7, 8)
    outputs = Recurrent(cell, return_sequences=True)(x, memory=memory)
    states = cell.get_initial_state(2, memory=memory)
    step = cell.begin(2, memory=memory)
    for t in range(3):
        output, states = step(cell.project(x[:, t]), states)
        close(output, outputs[:, t])


def test_the_output_may_be_that_of_the_cell():
    cell, layer = made(units=5, output_attention=False)
    assert cell.output_size == 4
    outputs, h, c, a = layer(normal(3, 5, 6), memory=normal(3, 7, 8))
    close(outputs[:, -1], h)
    assert a.shape == (3, 5)


def test_noise_is_drawn_anew_for_each_step_and_sequence():
    attention = MonotonicLuongAttention(sigmoid_noise=2.0, seed=1)
    cell = AttentionCell(LSTMCell(4), attention)
    layer = Recurrent(cell, return_sequences=True)
    x, memory = normal(3, 5, 6), normal(3, 7, 8)
    layer(x, memory=memory)
    one, other = [numpy(layer(x, memory=memory, training=True)) for _ in range(2)]
    assert np.abs(one - other).max() > 1e-3
    *_, draws = cell.project(x, training=True)
    assert len(np.unique(numpy(draws))) == 15
    assert cell.project_draws


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


def test_wants_every_state_to_start_from():
    x, memory, states = normal(3, 5, 6), normal(3, 7, 8), [normal(3, 4), normal(3, 4)]
    with pytest.raises(ValueError, match="has 3 states, received 2"):
        made()[1](x, initial_state=states, memory=memory)


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


def test_a_state_as_long_as_the_memory_needs_the_memory():
    cell = AttentionCell(LSTMCell(3), AdditiveAttention(4, coverage=True))
    with pytest.raises(ValueError, match="AdditiveAttention has a state as long as the memory"):
        cell.get_initial_state(3)
    with pytest.raises(ValueError, match="must be a ContentAttention"):
        AttentionCell(LSTMCell(3), keras.layers.AdditiveAttention())
    with pytest.raises(ValueError, match="with many heads, MultiHeadContentAttention"):
        AttentionCell(LSTMCell(3), MultiHeadAttention(1, 3))


def test_contract_with_an_attention_that_remembers():
    def init():
        attention = MonotonicAdditiveAttention(
            4, coverage=True, mode="soft", sigmoid_noise=0.5, seed=1
        )
        return {"cell": AttentionCell(LSTMCell(4), attention, units=6), "return_state": True}

    check_layer(
        Recurrent,
        init,
        {"sequences": normal(3, 5, 6), "memory": normal(3, 7, 8)},
        masks={"mask": "sequences", "memory_mask": "memory"},
        seed_generators=3,
        trainable_weights=11,
        xla=False,
    )
