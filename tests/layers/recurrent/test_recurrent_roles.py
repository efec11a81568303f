"""The recurrent encoder, summary and decoder."""

import keras
import numpy as np
import pytest
from keras import ops
from layer_contract import check_layer

from layers.attention import AdditiveAttention, LuongAttention, MonotonicLuongAttention
from layers.recurrent import (
    LSTMCell,
    MinGRUCell,
    Recurrent,
    RecurrentDecoder,
    RecurrentEncoder,
    RecurrentSummary,
    ResidualCell,
    StockCell,
)

RNG = np.random.default_rng(5)
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 0, 0, 0, 0]], "bool")
MEMORY_MASK = np.array([[1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0, 0], [0] * 7], "bool")


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def numpy(x):
    return ops.convert_to_numpy(x)


def close(one, other, tolerance=1e-5):
    np.testing.assert_allclose(numpy(one), numpy(other), rtol=tolerance, atol=tolerance)


# Attentions without a state, one with a sum of weights, one with the last weights.
ATTENTIONS = {
    "general": LuongAttention,
    "dot": lambda: LuongAttention("dot"),
    "concat": lambda: LuongAttention("concat"),
    "additive": lambda: AdditiveAttention(4),
    "coverage": lambda: AdditiveAttention(4, coverage=True),
    "monotonic": lambda: MonotonicLuongAttention(score_bias=-1.0),
}


def lstm(units=4):
    return LSTMCell(units, recurrent_dropout=0.2, seed=3)


def test_encoder_is_two_directions_a_layer():
    x = normal(3, 5, 6)
    encoder = RecurrentEncoder(LSTMCell(4), layers=2)
    got = encoder(x, mask=MASK)
    outputs = x
    for layer in encoder.stack:
        halves = []
        for direction, backwards in ((layer.forward_layer, False), (layer.backward_layer, True)):
            run = Recurrent(
                direction.cell,
                return_sequences=True,
                go_backwards=backwards,
                zero_output_for_mask=True,
            )
            half = numpy(run(outputs, mask=MASK))
            halves.append(half[:, ::-1] if backwards else half)
        outputs = np.concatenate(halves, axis=-1)
    assert got.shape == (3, 5, 8)
    close(got, outputs)
    assert not numpy(got)[~MASK].any()


def test_padding_of_any_length_changes_no_kept_output():
    x, more = normal(3, 5, 6), normal(3, 9, 6)
    more[:, :5] = x
    wide = np.concatenate([MASK, np.zeros((3, 4), "bool")], axis=1)
    encoder, summary = RecurrentEncoder(LSTMCell(4), layers=2), RecurrentSummary(LSTMCell(4))
    close(encoder(more, mask=wide)[:, :5], encoder(x, mask=MASK))
    close(summary(more, mask=wide), summary(x, mask=MASK))


@pytest.mark.parametrize("layer", [RecurrentEncoder, RecurrentSummary])
@pytest.mark.parametrize("options", [{}, {"layers": 2, "bidirectional": False}], ids=str)
@pytest.mark.parametrize(
    "cell",
    [
        LSTMCell(4),
        MinGRUCell(4),  # runs without a loop
        ResidualCell(LSTMCell(6)),  # projects to a tuple
        StockCell(keras.layers.GRUCell(4)),
        keras.layers.GRUCell(4),
    ],
    ids=lambda cell: type(cell).__name__,
)
def test_rows_that_are_looked_up_give_what_they_give_as_inputs(cell, layer, options):
    table, ids = normal(7, 6), RNG.integers(0, 7, (3, 5))
    layer = layer(cell, **options)
    close(layer(table[ids], mask=MASK), layer.look_up(table, ids, MASK))
    close(layer(table[ids]), layer.look_up(table, ids))


def test_a_layer_with_states_looks_nothing_up():
    for states in ({"stateful": True}, {"return_state": True}):
        layer = Recurrent(LSTMCell(4), **states)
        with pytest.raises(ValueError, match="looks nothing up"):
            layer.look_up(normal(7, 6), np.zeros((3, 5), int))


def test_summary_is_last_forward_and_first_backward():
    x = normal(3, 5, 6)
    summary, encoder = RecurrentSummary(LSTMCell(4)), RecurrentEncoder(LSTMCell(4))
    summary(x)
    encoder(x)
    encoder.set_weights(summary.get_weights())
    got, sequence = numpy(summary(x, mask=MASK)), numpy(encoder(x, mask=MASK))
    close(got[0], np.concatenate([sequence[0, 4, :4], sequence[0, 0, 4:]]))
    close(got[1], np.concatenate([sequence[1, 2, :4], sequence[1, 0, 4:]]))
    close(got[2], np.zeros(8))


def test_a_cell_of_keras_encodes_too():
    layer = RecurrentEncoder(keras.layers.GRUCell(4), layers=2, bidirectional=False)
    assert layer(normal(3, 5, 6)).shape == (3, 5, 4)


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("layers", [1, 2])
def test_decoder_step_by_step_equals_call(layers, attention):
    x, memory = normal(3, 5, 6), normal(3, 7, 8)
    decoder = RecurrentDecoder(LSTMCell(8), layers=layers, attention=ATTENTIONS[attention]())
    wanted, scores = decoder(x, memory, memory_mask=MEMORY_MASK, return_attention_scores=True)
    step, state = decoder.begin(memory, MEMORY_MASK, max_length=5)
    with_weights, other = decoder.begin(memory, MEMORY_MASK, return_attention_scores=True)
    for t in range(5):
        output, state = step(x[:, t], state)
        close(output, wanted[:, t])
        output, other, weights = with_weights(x[:, t], other)
        close(output, wanted[:, t])
        close(weights, scores[:, 0, t])


@pytest.mark.parametrize("attention", ["general", "coverage", "monotonic"])
def test_a_beam_reads_the_memory_as_if_it_were_tiled(attention):
    beam, memory = 4, normal(3, 7, 8)
    x, garbage = normal(2, 3 * beam, 6), normal(3, 5, 6)
    decoder = RecurrentDecoder(LSTMCell(4), layers=2, attention=ATTENTIONS[attention]())
    decoder(garbage, memory)
    folded, state = decoder.begin(memory, MEMORY_MASK, return_attention_scores=True)
    state = tuple(ops.repeat(part, beam, axis=0) for part in state)
    tiled, other = decoder.begin(
        np.repeat(memory, beam, 0), np.repeat(MEMORY_MASK, beam, 0), return_attention_scores=True
    )
    for inputs in x:
        one, state, weights = folded(inputs, state)
        two, other, tiled_weights = tiled(inputs, other)
        close(one, two)
        close(weights, tiled_weights)
    for one, two in zip(state, other, strict=True):
        close(one, two)


def test_decoder_does_not_see_the_future():
    x, memory = normal(3, 5, 6), normal(3, 7, 8)
    decoder = RecurrentDecoder(LSTMCell(4))
    before = numpy(decoder(x, memory))
    x[:, 3:] = normal(3, 2, 6)
    after = numpy(decoder(x, memory))
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert np.abs(before[:, 3:] - after[:, 3:]).max() > 1e-3


def test_decoder_scores_are_weights_on_the_kept_memory():
    x, memory = normal(3, 5, 6), normal(3, 7, 8)
    decoder = RecurrentDecoder(LSTMCell(4))
    plain = decoder(x, memory, memory_mask=MEMORY_MASK, mask=MASK)
    outputs, scores = decoder(
        x, memory, memory_mask=MEMORY_MASK, mask=MASK, return_attention_scores=True
    )
    close(outputs, plain)
    scores = numpy(scores)
    assert scores.shape == (3, 1, 5, 7)
    np.testing.assert_allclose(scores.sum(-1)[:, 0], MASK, atol=1e-5)
    assert not scores[1, :, :, 3:].any()


def test_decoder_starts_from_the_mean_of_the_kept_memory():
    memory = normal(3, 7, 8)
    decoder = RecurrentDecoder(LSTMCell(4))
    decoder(normal(3, 5, 6), memory)
    decoder.initial_bias.assign(normal(4))
    _, state = decoder.begin(memory, MEMORY_MASK)
    means = np.stack([memory[0].mean(0), memory[1, :3].mean(0), np.zeros(8)])
    kernel, bias = numpy(decoder.initial_kernel), numpy(decoder.initial_bias)
    close(state[-1], np.tanh(means @ kernel + bias))
    assert not numpy(state[0]).any()


def test_decoder_wants_to_be_built_first():
    with pytest.raises(ValueError, match="called once before"):
        RecurrentDecoder(LSTMCell(4)).begin(normal(3, 7, 8))


@pytest.mark.parametrize("layers", [1, 2])
def test_decoder_dropout_trains_without_nan(layers):
    decoder = RecurrentDecoder(LSTMCell(16), layers=layers, dropout=0.5, seed=1)
    x, memory = normal(3, 5, 6), normal(3, 7, 8)
    one, other = [numpy(decoder(x, memory, training=True)) for _ in range(2)]
    assert np.abs(one - other).max() > 1e-3
    dropped = one == 0
    np.testing.assert_array_equal(dropped, np.repeat(dropped[:, :1], 5, axis=1))
    assert 0.2 < dropped.mean() < 0.8


@pytest.mark.parametrize(
    "cls, layers, bidirectional",
    [(RecurrentEncoder, 2, False), (RecurrentSummary, 1, True)],
)
def test_contract_of_encoder_and_summary(cls, layers, bidirectional):
    options = {"layers": layers, "dropout": 0.3, "bidirectional": bidirectional, "seed": 2}
    check_layer(
        cls,
        lambda: {"cell": lstm(), **options},
        normal(3, 5, 8),
        masks={"mask": "inputs"},
        seed_generators=3,
        trainable_weights=6,
    )


def test_contract_of_decoder():
    options = {"layers": 2, "dropout": 0.3, "seed": 2}
    check_layer(
        RecurrentDecoder,
        lambda: {"cell": lstm(6), "attention": LuongAttention("dot"), **options},
        {"inputs": normal(3, 5, 8), "memory": normal(3, 7, 6)},
        options={"return_attention_scores": True},
        masks={"mask": "inputs", "memory_mask": "memory"},
        seed_generators=4,
        trainable_weights=10,
        propagates_mask=True,
    )


def test_contract_of_decoder_with_an_attention_that_remembers():
    check_layer(
        RecurrentDecoder,
        lambda: {"cell": lstm(6), "attention": AdditiveAttention(4, coverage=True)},
        {"inputs": normal(3, 5, 8), "memory": normal(3, 7, 6)},
        options={"return_attention_scores": True},
        masks={"mask": "inputs", "memory_mask": "memory"},
        seed_generators=2,
        trainable_weights=12,
        xla=False,
    )
