"""Monotonic attentions: the expectation, the process it is the expectation of, and the noise."""

import keras
import numpy as np
import pytest
from contract_parts import GradientRecorder
from keras import ops
from layer_contract import check_layer

from layers.attention import MonotonicAdditiveAttention, MonotonicLuongAttention
from layers.attention.monotonic import expected_alignment, first_alignment

RNG = np.random.default_rng(6)
MASK = np.array([[1] * 7, [0, 1, 1, 0, 1, 0, 0], [0] * 7], "bool")


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def numpy(x):
    return ops.convert_to_numpy(x)


def tensor(array):
    return ops.convert_to_tensor(array.astype("float32"))


def close(one, other):
    np.testing.assert_allclose(numpy(one), numpy(other), rtol=1e-5, atol=1e-5)


def by_definition(chosen, previous):
    """Equation 9: p_j times the sum over every start k of a_k and of not stopping in between."""
    time = len(chosen)
    return np.array(
        [
            chosen[j] * sum(previous[k] * np.prod(1 - chosen[k:j]) for k in range(j + 1))
            for j in range(time)
        ]
    )


def process(chosen, previous, rng):
    """One run of the process from a one-hot alignment: the step it stops at, or None."""
    for j in range(int(np.argmax(previous)), len(chosen)) if previous.any() else ():
        if rng.random() < chosen[j]:
            return j
    return None


@pytest.mark.parametrize("time", [7, 37])
def test_expected_alignment_is_the_definition_of_the_paper(time):
    chosen = RNG.random((2, 3, time))
    chosen[0, 0, 2], chosen[0, 1, :4], chosen[1, 2] = 1, 0, 1e-3
    previous = RNG.random((2, 3, time))
    previous /= previous.sum(-1, keepdims=True)
    got = expected_alignment(tensor(chosen), tensor(previous))
    for row in range(2):
        for query in range(3):
            wanted = by_definition(chosen[row, query], previous[row, query])
            close(got[row, query], wanted)
    assert (numpy(got).sum(-1) <= 1 + 1e-5).all()


def test_expected_alignment_is_the_mean_of_the_process():
    rng = np.random.default_rng(0)
    chosen, previous = rng.uniform(0.1, 0.6, 5), np.eye(5)[1]
    runs = [process(chosen, previous, rng) for _ in range(20_000)]
    shares = [np.mean([run == j for run in runs]) for j in range(5)]
    got = expected_alignment(tensor(chosen[None, None]), tensor(previous[None, None]))
    np.testing.assert_allclose(numpy(got)[0, 0], shares, atol=0.015)


def test_where_every_choice_is_sure_the_expectation_is_the_process():
    chosen = tensor(RNG.random((2, 3, 37)) < 0.2)
    previous = tensor(np.eye(38, 37)[RNG.integers(0, 38, (2, 3))])  # or none
    close(expected_alignment(chosen, previous), first_alignment(chosen, previous))


def made(cls, mode, **options):
    """A layer with random weights, r too."""
    layer = cls(*([4] if cls is MonotonicAdditiveAttention else []), mode=mode, **options)
    layer(normal(3, 5, 6), normal(3, 7, 8))
    layer.set_weights([normal(*w.shape) for w in layer.weights])
    return layer


def energies(layer, query, value):
    """The scores plus r, in NumPy."""
    weight = {w.name: numpy(w) for w in layer.weights}
    if isinstance(layer, MonotonicLuongAttention):
        scores = np.einsum("bqf,fv,btv->bqt", query, weight["kernel"], value)
    else:
        hidden = (query @ weight["query_kernel"])[:, :, None]
        hidden = hidden + (value @ weight["value_kernel"])[:, None]
        scores = np.tanh(hidden) @ weight["vector"]
    return scores + weight["offset"]


@pytest.mark.parametrize("cls", [MonotonicLuongAttention, MonotonicAdditiveAttention])
@pytest.mark.parametrize("mode", ["soft", "hard"])
def test_is_the_paper_whole_and_step_by_step(cls, mode):
    layer = made(cls, mode)
    query, value = normal(3, 5, 6), normal(3, 7, 8)
    chosen = 1 / (1 + np.exp(-energies(layer, query, value))) * MASK[:, None]
    assert np.abs(chosen - 0.5).min() > 1e-4  # so that rounding moves no decision
    wanted = np.zeros((3, 5, 7))
    for row in range(3):
        alignment = np.eye(7)[0]
        for t in range(5):
            if mode == "soft":
                alignment = by_definition(chosen[row, t], alignment)
            else:
                stop = process(chosen[row, t] > 0.5, alignment, np.random.default_rng(0))
                alignment = np.zeros(7) if stop is None else np.eye(7)[stop]
            wanted[row, t] = alignment
    context, weights = layer(query, value, MASK, return_attention_scores=True)
    close(weights, wanted)
    close(context, np.einsum("bqt,btv->bqv", wanted, value))
    attend = layer.bind(value, MASK)
    state = [ops.expand_dims(part, 1) for part in layer.begin_state(3, 7)]
    for t in range(5):
        one, _, state = attend(query[:, t : t + 1], state)
        close(one, context[:, t : t + 1])
        close(state[0][:, 0], wanted[:, t])
    trained = layer(query, value, MASK, return_attention_scores=True, training=True)[1]
    if mode == "hard":
        assert np.abs(numpy(trained) - wanted).max() > 0.1  # training is soft
    else:
        close(trained, wanted)


def test_never_turns_back_and_stays_at_the_end():
    layer = made(MonotonicLuongAttention, "hard")
    _, weights = layer(normal(3, 30, 6), normal(3, 7, 8), return_attention_scores=True)
    for row in numpy(weights):
        assert set(row.sum(-1).tolist()) <= {0.0, 1.0}
        stops = [int(step.argmax()) if step.any() else 7 for step in row]
        assert stops == sorted(stops)


def test_coverage_and_alignment_are_two_states():
    layer = made(MonotonicAdditiveAttention, "soft", coverage=True, normalize=True)
    query, value = normal(3, 5, 6), normal(3, 7, 8)
    _, weights = layer(query, value, return_attention_scores=True)
    attend = layer.bind(value)
    state = [ops.expand_dims(part, 1) for part in layer.begin_state(3, 7)]
    for t in range(5):
        _, _, state = attend(query[:, t : t + 1], state)
    close(state[0][:, 0], numpy(weights).sum(1))
    close(state[1][:, 0], weights[:, -1])


def test_noise_is_normal_and_no_two_numbers_are_correlated():
    layer = MonotonicLuongAttention("dot", sigmoid_noise=1.0, mode="soft", seed=3)
    query, value = np.zeros((2000, 2, 1), "float32"), np.zeros((2000, 2, 1), "float32")
    layer.build(query.shape, value.shape)
    ones = ops.ones((2000, 2, 2))  # as if each step of the memory were the first
    attend = layer.bind(value, training=True)
    chosen = np.array(numpy(attend(query, [ones], layer.draw((2000, 2)))[1]))
    chosen[..., 1] /= 2 - chosen[..., 0]  # since a_1 = p_1 and a_2 = p_2 (1 - p_1 + 1)
    noise = np.log(chosen / (1 - chosen)).reshape(2000, 4)
    np.testing.assert_allclose(noise.mean(0), 0, atol=0.1)
    np.testing.assert_allclose(np.cov(noise.T), np.eye(4), atol=0.15)


def test_sure_and_far_scores_have_finite_gradients():
    inputs = keras.Input((5, 6)), keras.Input((20, 6))
    layer = MonotonicLuongAttention("general", mode="hard", sigmoid_noise=1.0, seed=1)
    model = keras.Model(inputs, layer(*inputs))
    recorder = GradientRecorder()
    jit = keras.config.backend() == "jax"
    model.compile(optimizer=recorder, loss="mean_squared_error", jit_compile=jit)
    recorder.build(model.trainable_variables)
    arrays = [1e3 * normal(3, 5, 6), 1e3 * normal(3, 20, 6)]
    model.fit(arrays, normal(3, 5, 6), verbose=0)
    for _, _, gradient in recorder.report(model.trainable_variables):
        assert np.isfinite(gradient).all()


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="`mode` must be one of"):
        MonotonicLuongAttention(mode="parallel")
    with pytest.raises(ValueError, match="`sigmoid_noise` must be at least 0"):
        MonotonicAdditiveAttention(4, sigmoid_noise=-1.0)


@pytest.mark.parametrize(
    "cls, options, count",
    [
        (MonotonicLuongAttention, {"score": "concat", "scale": True}, 4),
        (MonotonicAdditiveAttention, {"units": 4, "normalize": True, "coverage": True}, 7),
    ],
)
def test_contract(cls, options, count):
    if cls is MonotonicAdditiveAttention and keras.config.backend() == "jax":
        pytest.skip("uncompiled it takes a minute, and both of its parts have their own contract")
    more = {"mode": "soft", "sigmoid_noise": 0.7, "score_bias": -0.5, "seed": 2}
    check_layer(
        cls,
        {**options, **more},
        {"query": normal(3, 5, 6), "value": normal(3, 7, 8)},
        options={"return_attention_scores": True},
        masks={"query_mask": "query", "value_mask": "value"},
        seed_generators=1,
        trainable_weights=count,
        xla=cls is MonotonicLuongAttention,  # the same loop takes seconds to compile
    )
