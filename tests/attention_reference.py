"""MultiHeadAttention in NumPy, pair by pair, from the equations of the papers."""

import numpy as np
from keras import ops

# Press et al. (2022) print those of 8 heads; the rest are from the rule for other numbers.
SLOPES = {
    2: [2**-4, 2**-8],
    3: [2**-4, 2**-8, 2**-2],
    4: [2**-2, 2**-4, 2**-6, 2**-8],
    8: [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256],
}


def weights_of(layer):
    """The weights by their own names, in float64."""
    return {w.name: ops.convert_to_numpy(w).astype("float64") for w in layer.weights}


def sinusoid(position, units):
    """PE of Vaswani et al. (2017, section 3.5)."""
    rates = [position / 10000 ** (channel // 2 * 2 / units) for channel in range(units)]
    return np.array([np.cos(x) if channel % 2 else np.sin(x) for channel, x in enumerate(rates)])


def turned(x, position):
    """Su et al. (2021, equation 34): pairs of features, half of the width apart, as complex."""
    real, imaginary = np.split(x, 2)
    angles = position * 10000.0 ** (-np.arange(0, len(x), 2) / len(x))
    points = (real + 1j * imaginary) * np.exp(1j * angles)
    return np.concatenate([points.real, points.imag])


def attend(layer, query, value, mask=None, causal=False, offset=0):
    """The output and the scores of `layer`, whatever its positions, window and shared heads.

    Args:
        mask: `(batch, time, memory_time)`, True where a query may see a key.
    """
    weights = weights_of(layer)
    heads, width, value_width = layer.num_heads, layer.key_dim, layer.value_dim
    group = heads // layer.num_key_value_heads

    def project(inputs, name):
        return inputs @ weights[f"{name}_kernel"] + weights.get(f"{name}_bias", 0)

    def part(x, head, size):
        return x[head * size : (head + 1) * size]

    queries, keys, values = project(query, "query"), project(value, "key"), project(value, "value")
    batch, time, memory_time = len(query), query.shape[1], value.shape[1]
    scores = np.zeros((batch, heads, time, memory_time))
    context = np.zeros((batch, time, heads * value_width))
    for b, h, t in np.ndindex(batch, heads, time):
        terms = np.zeros(memory_time)
        for s in range(memory_time):
            distance = offset + t - s
            hidden = mask is not None and not mask[b, t, s]
            far = layer.window is not None and abs(distance) >= layer.window
            if hidden or far or (causal and distance < 0):
                continue
            q, k = part(queries[b, t], h, width), part(keys[b, s], h // group, width)
            if layer.positions == "rotary":
                q, k = turned(q, offset + t), turned(k, s)
            logit = q @ k
            if layer.positions == "relative":  # Dai et al. (2019, section 3.3), (a) is above
                sines = sinusoid(distance, query.shape[-1])
                r = part(sines @ weights["position_kernel"], h // group, width)
                u, v = weights["content_bias"][h], weights["position_bias"][h]
                logit += q @ r + u @ k + v @ r
            logit /= np.sqrt(width)
            if layer.positions == "alibi":
                logit -= SLOPES[heads][h] * abs(distance)
            terms[s] = np.exp(logit)
        if terms.any():
            scores[b, h, t] = terms / terms.sum()
        seen = values[b].reshape(memory_time, -1, value_width)[:, h // group]
        context[b, t, h * value_width : (h + 1) * value_width] = scores[b, h, t] @ seen
    return project(context, "output"), scores
