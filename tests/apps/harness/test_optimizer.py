"""The optimizer against numbers worked out by hand: its rate, its weight decay, its clipping."""

import math

import keras
import numpy as np
import pytest

from apps.harness.config import TrainConfig
from apps.harness.optimizer import WarmUpDecay, make_optimizer

PEAK, WARM, TOTAL = 0.8, 4, 20


def rate(decay, step, warm=WARM):
    """The rate of the step `step`, which counts from 1; the optimizer's count is from 0."""
    return float(WarmUpDecay(PEAK, warm, decay, TOTAL)(step - 1))


@pytest.mark.parametrize("decay", ["inverse_square_root", "cosine", "constant"])
def test_every_schedule_rises_linearly_to_its_peak(decay):
    rates = [rate(decay, step) for step in range(1, WARM + 1)]
    assert rates == pytest.approx([0.2, 0.4, 0.6, 0.8])


@pytest.mark.parametrize(
    ("decay", "expected"),
    [
        # √(4 / t), so half the peak at four times the warm-up.
        ("inverse_square_root", {5: 0.8 * math.sqrt(4 / 5), 16: 0.4, 400: 0.08}),
        # Half a turn over the 16 steps that are left: a sixth of it leaves (1 + √3/2) / 2.
        ("cosine", {8: 0.4 * (1 + math.sqrt(0.5)), 12: 0.4, 20: 0.0, 400: 0.0}),
        ("constant", {5: 0.8, 20: 0.8, 400: 0.8}),
    ],
)
def test_after_the_warm_up_each_schedule_follows_its_formula(decay, expected):
    assert {step: rate(decay, step) for step in expected} == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(
    ("decay", "second"),
    [
        ("inverse_square_root", 0.8 * math.sqrt(1 / 2)),
        ("cosine", 0.4 * (1 + math.cos(math.pi / 19))),
        ("constant", 0.8),
    ],
)
def test_without_warm_up_the_first_step_has_the_peak(decay, second):
    assert [rate(decay, 1, warm=0), rate(decay, 2, warm=0)] == pytest.approx([0.8, second])


def test_a_warm_up_longer_than_the_training_only_rises():
    rates = [float(WarmUpDecay(PEAK, 100, "cosine", TOTAL)(step)) for step in range(TOTAL)]
    assert rates == pytest.approx([0.008 * (step + 1) for step in range(TOTAL)])


def test_the_schedule_is_made_again_from_its_configuration():
    schedule = WarmUpDecay(PEAK, WARM, "cosine", TOTAL)
    packed = keras.optimizers.schedules.serialize(schedule)
    again = keras.optimizers.schedules.deserialize(packed)
    assert isinstance(again, WarmUpDecay) and again.get_config() == schedule.get_config()


def optimizer_of(**settings):
    config = {"learning_rate": 0.1, "warmup_steps": 0, "schedule": "constant", "clip_norm": 0.0}
    return make_optimizer(TrainConfig(**{**config, **settings}), steps_per_epoch=5)


def test_the_schedule_ends_with_the_last_epoch():
    optimizer = optimizer_of(epochs=4, warmup_steps=4, schedule="cosine")
    assert float(optimizer.learning_rate) == pytest.approx(0.1 / 4)
    for step, expected in ((11, 0.05), (19, 0.0)):
        optimizer.iterations.assign(step)
        assert float(optimizer.learning_rate) == pytest.approx(expected, abs=1e-8)


def every_kind_of_weight():
    """A model whose weights are all ones."""
    model = keras.Sequential(
        [
            keras.layers.Input((3,)),
            keras.layers.Embedding(5, 4),
            keras.layers.LayerNormalization(),
            keras.layers.Dense(2),
        ]
    )
    model.set_weights([np.ones(weight.shape, "float32") for weight in model.weights])
    return model


def after_steps(model, optimizer, *gradients):
    """The weights by name, after a step along each of `gradients`, the same for all weights."""
    optimizer.build(model.trainable_variables)
    for gradient in gradients:
        optimizer.apply([keras.ops.full(w.shape, gradient) for w in model.trainable_variables])
    return {weight.name: weight.numpy() for weight in model.trainable_variables}


def test_weight_decay_shrinks_matrices_and_nothing_else():
    model = every_kind_of_weight()
    # With warm-up the rates are 0.05 and 0.1, so two steps leave (1 - 0.5 · 0.05)(1 - 0.5 · 0.1).
    found = after_steps(model, optimizer_of(weight_decay=0.5, warmup_steps=2), 0.0, 0.0)
    assert list(found) == ["embeddings", "gamma", "beta", "kernel", "bias"]
    for name, values in found.items():
        expected = 0.975 * 0.95 if name == "kernel" else 1.0
        np.testing.assert_allclose(values, expected, rtol=1e-6, err_msg=name)


def test_weight_decay_is_no_part_of_the_gradient():
    model = every_kind_of_weight()
    found = after_steps(model, optimizer_of(weight_decay=0.5), 0.3)
    # The first step of Adam is the rate itself, whatever the gradient; the decay comes on top.
    for name, values in found.items():
        expected = 1 - 0.1 - (0.5 * 0.1 if name == "kernel" else 0.0)
        np.testing.assert_allclose(values, expected, rtol=1e-6, err_msg=name)


def test_without_weight_decay_no_weight_shrinks():
    found = after_steps(every_kind_of_weight(), optimizer_of(weight_decay=0.0), 0.0)
    assert all((values == 1.0).all() for values in found.values())


def adam(steps, rate=0.1, beta_1=0.9, beta_2=0.98):
    """Where Adam arrives from 0, one weight at a time (Kingma and Ba 2015, algorithm 1)."""
    place = first = second = np.zeros(len(steps[0]))
    for t, gradient in enumerate(np.asarray(steps, float), start=1):
        first = beta_1 * first + (1 - beta_1) * gradient
        second = beta_2 * second + (1 - beta_2) * gradient**2
        place = place - rate * (first / (1 - beta_1**t)) / np.sqrt(second / (1 - beta_2**t))
    return place


def where_it_arrives(steps, **settings):
    """The same by our optimizer, with each weight a variable of its own."""
    weights = [keras.Variable(0.0, name=name) for name in "ab"]
    optimizer = optimizer_of(**settings)
    optimizer.build(weights)
    for gradient in steps:
        optimizer.apply([keras.ops.convert_to_tensor(value, "float32") for value in gradient])
    return [float(weight.numpy()) for weight in weights]


def test_clipping_is_by_the_norm_of_all_gradients_together():
    # Norms 5 and 0.5: the first is scaled to 1 with its direction kept, the second is let be.
    steps, clipped = [(3.0, -4.0), (0.3, 0.4)], [(0.6, -0.8), (0.3, 0.4)]
    expected = adam(clipped)
    assert not np.allclose(expected, adam(steps), atol=1e-3)
    assert where_it_arrives(steps, clip_norm=1.0) == pytest.approx(expected, rel=1e-5)


def test_no_limit_on_the_norm_leaves_the_gradients_alone():
    steps = [(3.0, -4.0), (0.3, 0.4)]
    assert where_it_arrives(steps, clip_norm=0.0) == pytest.approx(adam(steps), rel=1e-5)


def test_weight_decay_leaves_vectors_alone_whatever_their_name():
    vector, matrix = keras.Variable([1.0, 2.0], name="gain"), keras.Variable([[1.0]], name="gain")
    config = TrainConfig(epochs=1, learning_rate=0.1, weight_decay=0.5, schedule="constant")
    optimizer = make_optimizer(config, 5, [vector, matrix])
    zeros = [keras.ops.zeros(variable.shape) for variable in (vector, matrix)]
    optimizer.apply(zeros, [vector, matrix])
    np.testing.assert_array_equal(vector, [1.0, 2.0])
    assert float(matrix[0, 0]) < 1
