"""Cross-entropy over a vocabulary, with label smoothing, in few passes over the logits.

At the sizes of the templates the output layer and its loss are the largest single cost of a
training step on a CPU: every pass over `tokens × vocabulary` numbers counts. So the gradient is
written out (the softmax of the forward pass is used again, no one-hot matrix is made).
"""

import tensorflow as tf


def token_losses(logits, labels, smoothing: float):
    """Losses of single tokens.

    With V classes and smoothing ε the target distribution is 1 - ε on the label plus ε / V on every
    class, the label included (Szegedy et al. 2016, section 7).

    Args:
        logits: `(tokens, classes)`, computed in float32 whatever their dtype.
        labels: `(tokens,)` integers.
        smoothing: ε, in [0, 1).

    Returns:
        `(smoothed, plain, correct)`, each `(tokens,)` float32: the smoothed cross-entropy, the
        negative log-likelihood of the label, and 1 where the label has the largest logit. Only the
        first carries a gradient.
    """
    labels = tf.cast(labels, tf.int32)

    @tf.custom_gradient
    def losses(logits):
        scores = tf.cast(logits, tf.float32)
        classes = tf.cast(tf.shape(scores)[-1], tf.float32)
        at_label = tf.gather(scores, labels, batch_dims=1)
        highest = tf.reduce_max(scores, axis=-1)
        exponentials = tf.exp(scores - highest[:, None])
        total = tf.reduce_sum(exponentials, axis=-1)
        log_total = highest + tf.math.log(total)
        plain = log_total - at_label
        smoothed = plain
        if smoothing:
            mean = tf.reduce_mean(scores, axis=-1)
            smoothed = log_total - (1.0 - smoothing) * at_label - smoothing * mean
        correct = tf.cast(at_label >= highest, tf.float32)

        def gradient(upstream, _plain, _correct):
            # softmax - (1 - ε) one-hot - ε / V, each row times its upstream gradient
            rows = exponentials * (upstream / total)[:, None]
            if smoothing:
                rows -= (upstream * smoothing / classes)[:, None]
            where = tf.stack([tf.range(tf.shape(labels)[0]), labels], axis=1)
            rows = tf.tensor_scatter_nd_sub(rows, where, upstream * (1.0 - smoothing))
            return tf.cast(rows, logits.dtype)

        return (smoothed, plain, correct), gradient

    return losses(logits)
