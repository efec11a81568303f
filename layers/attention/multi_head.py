"""Multi-head attention with a cache for decoding step by step."""

import math

import keras
from keras import ops

from layers.dropout import ByteDropout

# Added to a score that must not be seen: its exponential is exactly zero beside any other
# score, and unlike the lowest float it stays finite when a score is added to it.
HIDDEN = -1e9


@keras.saving.register_keras_serializable("working_memory")
class MultiHeadAttention(keras.layers.Layer):
    """Multi-head scaled dot-product attention (Vaswani et al., 2017, section 3.2).

    The call has the signature and the meaning of `keras.layers.MultiHeadAttention`:

        output = layer(query, value, key=None, query_mask=None, value_mask=None, key_mask=None,
                       attention_mask=None, return_attention_scores=False, training=None,
                       use_causal_mask=False)

    with query `(batch, time, features)`, value and key `(batch, memory_time, features)` (the
    widths may differ), masks `(batch, time)` or `(batch, memory_time)`, and `attention_mask`
    `(batch, time, memory_time)`; True means "may be seen". All masks hold at once. The output is
    `(batch, time, query features)`; with `return_attention_scores` it is a pair with the scores
    `(batch, num_heads, time, memory_time)`, the probabilities before dropout.

    A query that may see nothing (every key masked, or itself masked by `query_mask`) has scores
    of zero and receives the output bias alone, never NaN. Probabilities are computed in at least
    float32, whatever the dtype policy.

    For decoding step by step, self-attention keeps a cache,

        cache = layer.begin_cache(rows, max_length)
        output, cache = layer.step(query, cache, position)          # query (rows, features)

    and cross-attention projects its memory once and attends to it at every step:

        keys, values = layer.project_memory(value)
        output = layer.attend(query, keys, values, mask)            # query (batch, time, features)

    Args:
        num_heads: number of heads.
        key_dim: width of a head's queries and keys.
        value_dim: width of a head's values, `key_dim` if None.
        dropout: rate of dropout of the probabilities.
        use_bias: whether the four projections have a bias.
        seed: integer seed of the dropout.

    Raises:
        ValueError: if a size is not positive, or value and key differ in time.
    """

    def __init__(
        self,
        num_heads,
        key_dim,
        value_dim=None,
        dropout=0.0,
        use_bias=True,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.value_dim = key_dim if value_dim is None else value_dim
        for name in ("num_heads", "key_dim", "value_dim"):
            if getattr(self, name) <= 0:
                raise ValueError(f"`{name}` must be positive, got {getattr(self, name)}.")
        self.dropout = dropout
        self.use_bias = use_bias
        self.seed = seed
        self.dropout_layer = ByteDropout(dropout, seed, dtype=self.dtype_policy)
        self.supports_masking = True

    def build(self, query_shape, value_shape, key_shape=None):
        key_shape = value_shape if key_shape is None else key_shape
        if value_shape[1] != key_shape[1]:
            raise ValueError(
                "`value` and `key` must have the same number of positions, got the shapes "
                f"{tuple(value_shape)} and {tuple(key_shape)}."
            )
        units = query_shape[-1]
        keys, values = self.num_heads * self.key_dim, self.num_heads * self.value_dim
        self.query_kernel, self.query_bias = self._add_projection("query", units, keys)
        self.key_kernel, self.key_bias = self._add_projection("key", key_shape[-1], keys)
        self.value_kernel, self.value_bias = self._add_projection("value", value_shape[-1], values)
        self.output_kernel, self.output_bias = self._add_projection("output", values, units)

    def _add_projection(self, name, width, new_width):
        kernel = self.add_weight(
            name=f"{name}_kernel", shape=(width, new_width), initializer="glorot_uniform"
        )
        bias = None
        if self.use_bias:
            bias = self.add_weight(name=f"{name}_bias", shape=(new_width,), initializer="zeros")
        return kernel, bias

    def call(
        self,
        query,
        value,
        key=None,
        query_mask=None,
        value_mask=None,
        key_mask=None,
        attention_mask=None,
        return_attention_scores=False,
        training=None,
        use_causal_mask=False,
    ):
        keys, values = self.project_memory(value, key)
        mask = None
        if use_causal_mask:
            mask = _causal_mask(ops.shape(query)[1], ops.shape(keys)[2])
        # (batch, time, 1), (batch, 1, memory_time) and (batch, time, memory_time) broadcast.
        mask = _both(mask, query_mask, (slice(None), slice(None), None))
        mask = _both(mask, value_mask, (slice(None), None))
        mask = _both(mask, key_mask, (slice(None), None))
        mask = _both(mask, attention_mask, slice(None))
        return self.attend(query, keys, values, mask, return_attention_scores, training)

    def project_memory(self, value, key=None):
        """Returns the keys and values of a memory, to attend to it any number of times.

        Args:
            value: `(batch, memory_time, features)`.
            key: `(batch, memory_time, features)`, `value` if None.

        Returns:
            Keys `(batch, num_heads, memory_time, key_dim)` and values
            `(batch, num_heads, memory_time, value_dim)`.
        """
        key = value if key is None else key
        keys = self._project(key, self.key_kernel, self.key_bias)
        values = self._project(value, self.value_kernel, self.value_bias)
        return self._split_heads(keys, self.key_dim), self._split_heads(values, self.value_dim)

    def attend(self, query, keys, values, mask=None, return_attention_scores=False, training=False):
        """Attends with `query` to projected keys and values.

        Args:
            query: `(batch, time, features)`.
            keys, values: as `project_memory` returns them.
            mask: True where a query may see a key, of a shape that broadcasts to
                `(batch, time, memory_time)`.
            return_attention_scores: whether to return the scores too.
            training: whether to drop probabilities.

        Returns:
            `(batch, time, features)`, with scores a pair as from calling the layer.
        """
        # The factor 1 / sqrt(key_dim) goes to the kernel, which is smaller than the queries.
        scale = 1.0 / math.sqrt(self.key_dim)
        bias = None if self.query_bias is None else self.query_bias * scale
        query = self._project(query, self.query_kernel * scale, bias)
        query = self._split_heads(query, self.key_dim)
        scores = ops.matmul(query, ops.transpose(keys, (0, 1, 3, 2)))
        scores = ops.cast(_probabilities(scores, mask), self.compute_dtype)
        context = ops.matmul(self.dropout_layer(scores, training=training), values)
        context = ops.transpose(context, (0, 2, 1, 3))
        width = self.num_heads * self.value_dim
        context = ops.reshape(context, (*ops.shape(context)[:2], width))
        output = self._project(context, self.output_kernel, self.output_bias)
        return (output, scores) if return_attention_scores else output

    def begin_cache(self, rows, max_length):
        """Returns an empty cache for causal self-attention over at most `max_length` steps.

        Returns:
            Keys `(rows, num_heads, max_length, key_dim)` and values
            `(rows, num_heads, max_length, value_dim)`.
        """
        return tuple(
            ops.zeros((rows, self.num_heads, max_length, width), dtype=self.compute_dtype)
            for width in (self.key_dim, self.value_dim)
        )

    def step(self, query, cache, position):
        """Attends with one position to itself and those before it, for inference.

        Equals one row of the call with `use_causal_mask=True`.

        Args:
            query: `(rows, features)`.
            cache: as `begin_cache` or the step before returned it.
            position: integer scalar, the number of steps before this one; below `max_length`.

        Returns:
            The output `(rows, features)` and the new cache.
        """
        query = query[:, None]
        keys, values = (
            ops.slice_update(past, (0, 0, position, 0), new)
            for past, new in zip(cache, self.project_memory(query), strict=True)
        )
        seen = ops.arange(ops.shape(keys)[2], dtype="int32") <= position
        return self.attend(query, keys, values, seen[None, None])[:, 0], (keys, values)

    def _project(self, inputs, kernel, bias):
        # Cast here: `attend` and `step` also run outside of `call`, where Keras casts nothing.
        inputs = ops.cast(inputs, self.compute_dtype)
        outputs = ops.matmul(inputs, ops.cast(kernel, self.compute_dtype))
        return outputs if bias is None else ops.add(outputs, ops.cast(bias, self.compute_dtype))

    def _split_heads(self, inputs, width):
        """`(batch, time, heads * width)` to `(batch, heads, time, width)`."""
        heads = ops.reshape(inputs, (*ops.shape(inputs)[:2], self.num_heads, width))
        return ops.transpose(heads, (0, 2, 1, 3))

    def compute_output_shape(self, query_shape, value_shape=None, key_shape=None):
        return tuple(query_shape)

    def compute_output_spec(
        self,
        query,
        value,
        key=None,
        query_mask=None,
        value_mask=None,
        key_mask=None,
        attention_mask=None,
        return_attention_scores=False,
        training=None,
        use_causal_mask=False,
    ):
        output = keras.KerasTensor(query.shape, dtype=self.compute_dtype)
        if not return_attention_scores:
            return output
        shape = (query.shape[0], self.num_heads, query.shape[1], value.shape[1])
        return output, keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "dropout": self.dropout,
            "use_bias": self.use_bias,
            "seed": self.seed,
        }


def _both(mask, other, index):
    """The conjunction of two masks, the second indexed first; either may be None."""
    if other is None:
        return mask
    other = ops.cast(other, "bool")[index]
    return other if mask is None else ops.logical_and(mask, other)


def _causal_mask(time, memory_time):
    """`(1, time, memory_time)`, True where the key is not after the query."""
    queries = ops.arange(time, dtype="int32")
    keys = ops.arange(memory_time, dtype="int32")
    return (queries[:, None] >= keys[None, :])[None]


def _probabilities(scores, mask):
    """Softmax of `(batch, heads, time, memory_time)` in float32; rows that see nothing are 0."""
    scores = ops.cast(scores, keras.backend.result_type(scores.dtype, "float32"))
    if mask is None:
        return ops.softmax(scores)
    mask = mask[:, None]
    scores = ops.softmax(scores + ops.cast(ops.where(mask, 0.0, HIDDEN), scores.dtype))
    return scores * ops.cast(ops.any(mask, axis=-1, keepdims=True), scores.dtype)
