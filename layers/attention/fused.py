"""The fused attention of the backend, where it has one."""

import keras
from keras import ops


def has_fused_attention(heads, key_value_heads):
    """Whether the backend attends in one kernel, without repeating keys that heads share.

    TensorFlow has no such kernel; torch's is called with keys that are repeated for each head.
    """
    backend = keras.config.backend()
    return backend == "jax" or (backend == "torch" and heads == key_value_heads)


def fused_attention(queries, keys, values, mask=None, causal=False):
    """Attends with queries that are scaled already; keys and values are equally wide.

    Args:
        queries: `(batch, heads, time, width)`.
        keys: `(batch, key_value_heads, width, memory_time)`.
        values: `(batch, key_value_heads, memory_time, width)`.
        mask: True where a query may see a key, of a shape that broadcasts to `(batch, time,
            memory_time)`.
        causal: whether query t sees keys up to t alone; instead of a mask, which the fastest
            kernels do not take.

    Returns:
        Tensor `(batch, time, heads, width)`, zeros where a query sees nothing.
    """
    context = ops.dot_product_attention(
        ops.transpose(queries, (0, 2, 1, 3)),
        ops.transpose(keys, (0, 3, 1, 2)),
        ops.transpose(values, (0, 2, 1, 3)),
        mask=None if mask is None else mask[:, None],
        scale=1.0,
        is_causal=causal,
    )
    if mask is None:
        return context
    # A softmax over nothing but hidden scores is uniform.
    return context * ops.cast(ops.any(mask, axis=-1), context.dtype)[:, :, None, None]
