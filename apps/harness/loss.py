"""The output layer and cross-entropy over a vocabulary, together, in few passes over the logits.

At the sizes of the templates they are the largest single cost of a training step on a CPU, and much
of it is not arithmetic but moving `tokens × vocabulary` numbers through memory. So the tokens go
through in pieces, the gradient is made on the way, and the logits are neither kept for a backward
pass nor scaled or scattered into.
"""

import tensorflow as tf

# Few enough that the products stay large, enough that the logits of a piece are a few megabytes.
PIECES = 4


def token_losses(hidden, embeddings, labels, weights, smoothing: float):
    """Sums over tokens of the losses of logits `hidden @ embeddingsᵀ`.

    With V classes and smoothing ε the target distribution is 1 - ε on the label plus ε / V on every
    class, the label included (Szegedy et al. 2016, section 7).

    Args:
        hidden: `(tokens, units)`; its dtype is that of the products, sums are in float32.
        embeddings: `(classes, units)`.
        labels: `(tokens,)` integers.
        weights: `(tokens,)`, how much each token counts.
        smoothing: ε, in [0, 1).

    Returns:
        `(smoothed, plain, correct)`, scalars in float32: the sums of the smoothed cross-entropy, of
        the negative log-likelihood of the label, and of 1 where the label has the largest logit.
        Only the first carries a gradient. Logits that tie with the largest count as largest, which
        in bfloat16 happens.
    """
    labels = tf.cast(labels, tf.int32)
    weights = tf.cast(weights, tf.float32)

    @tf.custom_gradient
    def losses(hidden, embeddings):
        matrix = tf.cast(embeddings, hidden.dtype)
        mean = tf.reduce_mean(tf.cast(embeddings, tf.float32), axis=0)
        size = -(-tf.shape(hidden)[0] // PIECES)
        sums, of_hidden, of_matrix = tf.zeros(3), [], 0.0
        for piece in range(PIECES):
            rows = slice(piece * size, (piece + 1) * size)
            # One after the other, or the logits of all pieces would be in memory at once.
            with tf.control_dependencies([sums]):
                part = _piece(hidden[rows], matrix, mean, labels[rows], weights[rows], smoothing)
            sums += part[0]
            of_hidden.append(part[1])
            of_matrix += part[2]

        def gradient(upstream, _plain, _correct):
            # What the softmax of all pieces, the smoothing and the labels give to the matrix.
            weighted = tf.cast(hidden, tf.float32) * weights[:, None]
            whole = of_matrix
            if smoothing:
                share = smoothing / tf.cast(tf.shape(matrix)[0], tf.float32)
                whole -= share * tf.reduce_sum(weighted, axis=0)
            whole = tf.tensor_scatter_nd_sub(whole, labels[:, None], (1.0 - smoothing) * weighted)
            return (
                tf.cast(upstream * tf.concat(of_hidden, 0), hidden.dtype),
                tf.cast(upstream * whole, embeddings.dtype),
            )

        return tuple(tf.unstack(sums)), gradient

    with tf.name_scope("loss"):  # as a profile shows it
        return losses(hidden, tf.convert_to_tensor(embeddings))


def _piece(hidden, matrix, mean, labels, weights, smoothing):
    """The three sums of some tokens, and the gradients of the first that need their logits.

    That is the whole gradient of `hidden`, and of `matrix` what comes of the softmax.
    """
    logits = tf.cast(tf.matmul(hidden, matrix, transpose_b=True), tf.float32)
    highest = tf.reduce_max(logits, axis=-1)
    at_label = tf.gather(logits, labels, batch_dims=1)
    exponentials = tf.exp(logits - highest[:, None])
    total = tf.reduce_sum(exponentials, axis=-1)
    log_total = highest + tf.math.log(total)
    smoothed = log_total - (1.0 - smoothing) * at_label
    if smoothing:
        smoothed -= smoothing * tf.linalg.matvec(tf.cast(hidden, tf.float32), mean)
    correct = tf.cast(at_label >= highest, tf.float32)
    losses = tf.stack([smoothed, log_total - at_label, correct])

    # softmax - (1 - ε) one-hot - ε / V, times the weight, times matrix or hidden
    exponentials = tf.cast(exponentials, hidden.dtype)
    scale = (weights / total)[:, None]
    of_hidden = scale * tf.cast(tf.matmul(exponentials, matrix), tf.float32)
    rows = (1.0 - smoothing) * tf.cast(tf.gather(matrix, labels), tf.float32) + smoothing * mean
    of_hidden -= weights[:, None] * rows
    scaled = tf.cast(scale * tf.cast(hidden, tf.float32), hidden.dtype)
    of_matrix = tf.cast(tf.matmul(exponentials, scaled, transpose_a=True), tf.float32)
    return tf.linalg.matvec(losses, weights), of_hidden, of_matrix
