"""The loss against its definition, its gradients against automatic differentiation."""

import numpy as np
import pytest
import tensorflow as tf

from apps.harness.loss import PIECES, token_losses


@pytest.mark.parametrize("tokens", [1, PIECES, 2 * PIECES + 3])  # with pieces that are empty
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_sums_and_gradients(smoothing, tokens):
    random = np.random.default_rng(1)
    hidden = tf.Variable(random.normal(size=(tokens, 4)), dtype=tf.float32)
    embeddings = tf.Variable(random.normal(size=(9, 4)) * 2, dtype=tf.float32)
    labels = random.integers(0, 9, tokens)
    weights = tf.constant(random.uniform(0, 2, tokens), tf.float32)
    target = np.eye(9)[labels] * (1 - smoothing) + smoothing / 9

    with tf.GradientTape(persistent=True) as tape:
        smoothed, plain, correct = token_losses(hidden, embeddings, labels, weights, smoothing)
        ours = 3.0 * smoothed
        logits = tf.matmul(hidden, embeddings, transpose_b=True)
        log_p = tf.nn.log_softmax(logits)
        defined = -tf.reduce_sum(tf.cast(target, tf.float32) * log_p, axis=-1)
        theirs = 3.0 * tf.reduce_sum(defined * weights)

    at_label = log_p.numpy()[np.arange(tokens), labels]
    right = logits.numpy().argmax(-1) == labels
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    np.testing.assert_allclose(plain, -np.sum(at_label * weights), rtol=1e-5)
    np.testing.assert_allclose(correct, np.sum(right * weights), rtol=1e-5)
    for variable in (hidden, embeddings):
        expected = tape.gradient(theirs, variable)
        np.testing.assert_allclose(tape.gradient(ours, variable), expected, atol=2e-5)
    of_others = tape.gradient([plain, correct], [hidden, embeddings], unconnected_gradients="zero")
    assert not any(np.any(gradient) for gradient in of_others)


def test_the_gradient_is_not_computed_where_nobody_asks_for_it():
    embeddings = tf.Variable(tf.ones((7, 2)))

    @tf.function(autograph=False)
    def losses(hidden):
        return token_losses(hidden, embeddings, tf.ones(9, tf.int32), tf.ones(9), 0.1)

    run = losses.get_concrete_function(tf.TensorSpec((9, 2)))
    needed, found = [output.op for output in run.structured_outputs], set()
    while needed:
        op = needed.pop()
        if op.name not in found:
            found.add(op.name)
            needed += [tensor.op for tensor in op.inputs] + list(op.control_inputs)
    products = [name for name in found if "MatMul" in name]
    assert len(products) == 3 * PIECES, products  # logits, and two products with a vector


def test_products_in_bfloat16_come_near_those_in_single():
    random = np.random.default_rng(2)
    hidden = tf.constant(random.normal(size=(40, 16)), tf.float32)
    embeddings = tf.constant(random.normal(size=(30, 16)), tf.float32)
    labels, weights = random.integers(0, 30, 40), tf.ones(40)
    found = []
    for dtype in (tf.float32, tf.bfloat16):
        with tf.GradientTape() as tape:
            tape.watch([hidden, embeddings])
            rows = tf.cast(hidden, dtype)
            loss, *_ = token_losses(rows, embeddings, labels, weights, 0.1)
        found.append([loss, *tape.gradient(loss, [hidden, embeddings])])
    for single, half in zip(*found, strict=True):
        assert half.dtype == tf.float32
        np.testing.assert_allclose(half, single, rtol=0.02, atol=0.05)
        assert np.any(half != single)


def test_half_precision_is_summed_in_single():
    hidden = tf.constant([[60000.0], [-60000.0]], tf.float16)
    embeddings = tf.Variable([[1.0], [-1.0], [0.5]])
    with tf.GradientTape() as tape:
        tape.watch(hidden)
        loss = token_losses(hidden, embeddings, [0, 0], [1.0, 1.0], 0.1)[0]
    of_hidden, of_matrix = tape.gradient(loss, [hidden, embeddings])
    assert loss.dtype == tf.float32 and float(loss) > 60000
    assert of_hidden.dtype == tf.float16 and of_matrix.dtype == tf.float32
    assert np.isfinite(of_hidden).all() and np.isfinite(of_matrix).all()
