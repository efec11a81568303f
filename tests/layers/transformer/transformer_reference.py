"""Transformer blocks in NumPy, from the equations of the papers."""

import math

import numpy as np
from attention_reference import attend
from keras import ops


def array(tensor):
    return ops.convert_to_numpy(tensor).astype("float64")


def randomise(layer, seed=0):
    """Gives every weight a value that is neither zero nor one."""
    random = np.random.default_rng(seed)
    for weight in layer.trainable_weights:
        weight.assign(random.normal(size=weight.shape) * 0.5)


def normalise(layer, x):
    """Ba et al. (2016, equation 3), or Zhang & Sennrich (2019, equation 4)."""
    weights = {weight.name: array(weight) for weight in layer.weights}
    if "scale" in weights:
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + layer.epsilon) * weights["scale"]
    centred = x - x.mean(-1, keepdims=True)
    deviation = np.sqrt(x.var(-1, keepdims=True) + layer.epsilon)
    return centred / deviation * weights["gamma"] + weights["beta"]


def dense(layer, x):
    return x @ array(layer.kernel) + array(layer.bias)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def feed_forward(layer, x):
    """Vaswani et al. (2017, equation 2), Hendrycks & Gimpel (2016), Shazeer (2020, equation 6)."""
    hidden = dense(layer.hidden, x)
    if layer.activation == "relu":
        hidden = np.maximum(hidden, 0)
    elif layer.activation == "gelu":
        hidden = hidden * (1 + np.vectorize(math.erf)(hidden / math.sqrt(2))) / 2
    else:
        hidden = hidden * sigmoid(hidden) * dense(layer.gate, x)
    return dense(layer.output_layer, hidden)


def residual(block, norm, x, branch):
    """One branch of a block, pre-norm or post-norm."""
    if block.norm_first:
        return x + branch(normalise(norm, x))
    return normalise(norm, x + branch(x))


def encoder_block(block, x, mask=None, past=None):
    """An encoder block; with a `past`, one that is causal and sees it, too."""

    def attention(normal):
        if past is None:
            return attend(block.attention, normal, normal, mask)[0]
        old = normalise(block.attention_norm, past) if block.norm_first else past
        whole = np.concatenate([old, normal], axis=1)
        return attend(block.attention, normal, whole, mask, True, past.shape[1])[0]

    x = residual(block, block.attention_norm, x, attention)
    return residual(block, block.forward_norm, x, lambda x: feed_forward(block.feed_forward, x))


def decoder_block(block, x, memory, memory_mask=None):
    """A decoder block, and the scores of its attention to the memory."""
    seen = {}

    def self_attention(x):
        return attend(block.self_attention, x, x, causal=True)[0]

    def memory_attention(x):
        output, seen["scores"] = attend(block.memory_attention, x, memory, memory_mask)
        return output

    x = residual(block, block.self_norm, x, self_attention)
    x = residual(block, block.memory_norm, x, memory_attention)
    x = residual(block, block.forward_norm, x, lambda x: feed_forward(block.feed_forward, x))
    return x, seen["scores"]
