"""The loss against its definition, its gradient against automatic differentiation."""

import numpy as np
import pytest
import tensorflow as tf

from apps.harness.loss import token_losses


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_values_and_gradient(smoothing):
    random = np.random.default_rng(1)
    logits = tf.constant(random.normal(size=(6, 9)) * 3, tf.float32)
    labels = np.array([0, 8, 3, 3, 1, 5])
    weights = tf.constant(random.uniform(0, 2, 6), tf.float32)
    target = np.eye(9)[labels] * (1 - smoothing) + smoothing / 9

    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        smoothed, plain, correct = token_losses(logits, labels, smoothing)
        ours = tf.reduce_sum(smoothed * weights)
        log_p = tf.nn.log_softmax(logits)
        defined = -tf.reduce_sum(tf.cast(target, tf.float32) * log_p, axis=-1)
        theirs = tf.reduce_sum(defined * weights)

    np.testing.assert_allclose(smoothed, defined, rtol=1e-5)
    np.testing.assert_allclose(plain, -log_p.numpy()[np.arange(6), labels], rtol=1e-5)
    np.testing.assert_array_equal(correct, logits.numpy().argmax(-1) == labels)
    np.testing.assert_allclose(
        tape.gradient(ours, logits), tape.gradient(theirs, logits), atol=1e-6
    )


def test_half_precision_logits_are_computed_in_single():
    logits = tf.constant([[60000.0, -60000.0]], tf.float16)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = token_losses(logits, [0], 0.1)[0]
    gradient = tape.gradient(loss, logits)
    assert gradient.dtype == tf.float16
    assert np.isfinite(gradient.numpy()).all() and np.isfinite(loss.numpy()).all()
