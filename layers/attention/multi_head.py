"""Multi-head attention with positions, windows, and a cache for decoding step by step."""

import keras
from keras import ops

from layers.attention.alibi import alibi_bias
from layers.attention.fused import fused_attention, has_fused_attention
from layers.attention.heads import HeadProjections, grouped_product, side_by_side, transpose
from layers.attention.masks import (
    both,
    distances,
    joint_mask,
    masked_softmax,
    own_entries,
    pair_mask,
    sight,
)
from layers.attention.relative import relative_bias
from layers.attention.rotary import rotate
from layers.dropout import ByteDropout

POSITIONS = (None, "rotary", "alibi", "relative")


@keras.saving.register_keras_serializable("working_memory")
class MultiHeadAttention(HeadProjections):
    """Multi-head scaled dot-product attention (Vaswani et al., 2017, section 3.2).

    The call has the signature and the meaning of `keras.layers.MultiHeadAttention`, and `offset`:

        output = layer(query, value, key=None, query_mask=None, value_mask=None, key_mask=None,
                       attention_mask=None, return_attention_scores=False, training=None,
                       use_causal_mask=False, offset=0)

    with query `(batch, time, features)`, value and key `(batch, memory_time, features)` (the
    widths may differ), masks `(batch, time)` or `(batch, memory_time)`, and `attention_mask`
    `(batch, time, memory_time)`, or `(time, memory_time)` for all sequences alike; True means "may
    be seen". All masks hold at once. Unlike Keras's, the layer takes no `attention_mask` with
    an axis of heads. The output is `(batch, time, query features)`; with `return_attention_scores`
    it is a pair with the scores `(batch, num_heads, time, memory_time)`, the probabilities before
    dropout.

    The first key is at position 0 and the first query at `offset`, an integer scalar. At 0 a causal
    mask aligns the starts of queries and keys, as in Keras; `memory_time - time` aligns their
    ends, so that the last query sees every key. Masks and positions go by the same distance,
    `offset + t - s` for query t and key s:

        use_causal_mask     0 <= distance
        window              |distance| < window: the last `window` positions, the query itself
                            included, if causal, else `window - 1` to either side and itself
        "rotary"            queries and keys turn by angles that grow with their positions (Su
                            et al., 2021, equation 34)
        "alibi"             adds -slope * |distance| to the scores (Press et al., 2022)
        "relative"          the four terms of Dai et al. (2019, section 3.3): u is
                            `content_bias`, v is `position_bias`, W_kR is `position_kernel`

    A query that may see nothing (every key masked, or itself masked by `query_mask`) has scores
    of zero and receives the output bias alone, never NaN. Probabilities are computed in at least
    float32, whatever the dtype policy. Where the backend has a fused attention, it is used when
    no scores are asked for, none are dropped, positions add nothing to them, and values are as
    wide as keys.

    For decoding step by step, self-attention keeps a cache,

        cache = layer.begin_cache(rows, max_length)
        output, cache = layer.step(query, cache, position)          # query (rows, features)

    and cross-attention projects its memory once and attends to it at every step:

        keys, values = layer.project_memory(value)
        output = layer.attend(query, keys, values, mask)            # query (batch, time, features)

    Up to `use_bias` the arguments come in the order of Keras's layer; all others go by name.

    Args:
        num_heads: number of heads.
        key_dim: width of a head's queries and keys.
        value_dim: width of a head's values, `key_dim` if None.
        dropout: rate of dropout of the probabilities.
        use_bias: whether the four projections have a bias.
        seed: integer seed of the dropout.
        num_key_value_heads: number of heads that keys and values have, a divisor of `num_heads`;
            query head h uses number h // (num_heads / num_key_value_heads). 1 is multi-query
            attention (Shazeer, 2019), what lies between grouped-query attention (Ainslie et al.,
            2023). `num_heads` if None.
        positions: None, "rotary" (which needs an even `key_dim`), "alibi" or "relative".
        window: how far a query sees, see above; everywhere if None.

    Raises:
        ValueError: if a size is not positive, `num_key_value_heads` does not divide `num_heads`,
            `positions` is unknown, rotary positions have an odd `key_dim`, value and key differ
            in time, or `attention_mask` has other axes than these.
    """

    def __init__(
        self,
        num_heads,
        key_dim,
        value_dim=None,
        dropout=0.0,
        use_bias=True,
        *,
        seed=None,
        num_key_value_heads=None,
        positions=None,
        window=None,
        **kwargs,
    ):
        super().__init__(num_heads, key_dim, value_dim, use_bias, num_key_value_heads, **kwargs)
        if window is not None and window <= 0:
            raise ValueError(f"`window` must be positive or None, got {window}.")
        if positions not in POSITIONS:
            raise ValueError(f"`positions` must be one of {POSITIONS}, got {positions!r}.")
        if positions == "rotary" and key_dim % 2:
            raise ValueError(f"Rotary positions need an even `key_dim`, got {key_dim}.")
        self.dropout = dropout
        self.seed = seed
        self.positions = positions
        self.window = window
        self.dropout_layer = ByteDropout(dropout, seed, dtype=self.dtype_policy)
        self.supports_masking = True

    def build(self, query_shape, value_shape, key_shape=None):
        super().build(query_shape, value_shape, key_shape)
        if self.positions == "relative":
            shape = (query_shape[-1], self.num_key_value_heads * self.key_dim)
            self.position_kernel = self.add_weight(
                name="position_kernel", shape=shape, initializer="glorot_uniform"
            )
            zeros = {"shape": (self.num_heads, self.key_dim), "initializer": "zeros"}
            self.content_bias = self.add_weight(name="content_bias", **zeros)
            self.position_bias = self.add_weight(name="position_bias", **zeros)

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
        offset=0,
    ):
        queries = self._queries(query, offset)
        keys, values = self.project_memory(value, key)
        mask = joint_mask(query_mask, (value_mask, key_mask), attention_mask)
        # Causality alone is left to a fused attention, which is faster without a mask.
        causal = use_causal_mask and mask is None and self.window is None
        causal = causal and isinstance(offset, int) and offset == 0
        if not (causal and self._fuses(return_attention_scores, training)):
            causal, times = False, (ops.shape(queries)[2], ops.shape(keys)[3])
            mask = both(mask, sight(*times, offset, use_causal_mask, self.window))
        return self._attend(
            queries, keys, values, mask, return_attention_scores, training, offset, causal
        )

    def project_memory(self, value, key=None, offset=0):
        """Returns the keys and values of a memory, to attend to it any number of times.

        Args:
            value: `(batch, memory_time, features)`.
            key: `(batch, memory_time, features)`, `value` if None.
            offset: integer scalar, the position of the first key.

        Returns:
            Keys `(batch, num_key_value_heads, key_dim, memory_time)`, as the product with queries
            takes them, rotated if positions are rotary; and values `(batch, num_key_value_heads,
            memory_time, value_dim)`.
        """
        return self._keys(value if key is None else key, offset), self.project(value, "value")

    def attend(
        self,
        query,
        keys,
        values,
        mask=None,
        return_attention_scores=False,
        training=False,
        offset=0,
    ):
        """Attends with `query` to projected keys and values.

        Args:
            query: `(batch, time, features)`.
            keys, values: as `project_memory` returns them.
            mask: True where a query may see a key, of a shape that broadcasts to `(time,
                memory_time)` or `(batch, time, memory_time)`. It is all that hides a key: no
                window is added here.
            return_attention_scores: whether to return the scores too.
            training: whether to drop probabilities.
            offset: integer scalar, the position of the first query.

        Returns:
            `(batch, time, features)`, with scores a pair as from calling the layer.
        """
        queries, mask = self._queries(query, offset), pair_mask(mask)
        return self._attend(queries, keys, values, mask, return_attention_scores, training, offset)

    def begin_cache(self, rows, max_length):
        """Returns an empty cache for causal self-attention over at most `max_length` steps.

        Returns:
            Keys `(rows, num_key_value_heads, key_dim, max_length)` and values
            `(rows, num_key_value_heads, max_length, value_dim)`.
        """
        rows_and_heads = (rows, self.num_key_value_heads)
        return tuple(
            ops.zeros((*rows_and_heads, *size), self.compute_dtype)
            for size in ((self.key_dim, max_length), (max_length, self.value_dim))
        )

    def step(self, query, cache, position, places=None):
        """Attends with one position to itself and those before it, for inference.

        Equals one row of the call with `use_causal_mask=True`.

        With `places`, rows are a multiple of the cache's: row r belongs to cache row r // beam. The
        cache then has `beam` entries for each step, side by side, and is never reordered when rows
        go on from other rows: `places` says which of the entries are of a row's past.

        Args:
            query: `(rows, features)`.
            cache: as `begin_cache` or the step before returned it.
            position: integer scalar, the number of steps before this one; below `max_length`.
            places: int32 `(rows, max_length)`, from 0 to beam - 1: which entry of each step is the
                row's own. That of this step is r % beam. None where all have one entry.

        Returns:
            The output `(rows, features)` and the new cache.
        """
        queries = self._queries(query[:, None], position)
        keys, values = self.project_memory(query[:, None], offset=position)
        length = ops.shape(cache[0])[3] if places is None else places.shape[1]
        queries, bias = self._with_positions(queries, length, position)
        mask, beam = sight(1, length, position, True, self.window), 1
        if places is not None:
            beam = cache[0].shape[3] // length
            queries, values = side_by_side(queries, beam), side_by_side(values, beam)
            keys = side_by_side(keys, beam, axis=3)
            mask = own_entries(places, mask, beam)
            if bias is not None:  # the same for all entries of a step
                bias = bias if len(bias.shape) == 3 else side_by_side(bias, beam)
                bias = ops.repeat(bias, beam, axis=-1)
        keys = ops.slice_update(cache[0], (0, 0, 0, position * beam), keys)
        values = ops.slice_update(cache[1], (0, 0, position * beam, 0), values)
        output = self._read(queries, keys, values, mask, bias)
        return ops.reshape(output, ops.shape(query)), (keys, values)

    def _fuses(self, return_attention_scores, training):
        """Whether the backend's fused attention gives what is asked for."""
        return (
            not return_attention_scores
            and not (training and self.dropout)
            and self.positions in (None, "rotary")
            and self.key_dim == self.value_dim
            and has_fused_attention(self.num_heads, self.num_key_value_heads)
        )

    def _queries(self, inputs, offset):
        """Queries `(batch, num_heads, time, key_dim)`, scaled, and rotated if that is asked for."""
        queries = self.project(inputs, "query")
        return rotate(queries, offset) if self.positions == "rotary" else queries

    def _keys(self, inputs, offset):
        """Keys `(batch, num_key_value_heads, key_dim, time)`, rotated likewise."""
        if self.positions != "rotary":
            return self.project(inputs, "key", axes=(0, 2, 3, 1))
        return ops.transpose(rotate(self.project(inputs, "key"), offset), (0, 1, 3, 2))

    def _attend(
        self, queries, keys, values, mask, with_scores=False, training=False, offset=0, causal=False
    ):
        """Attends with queries `(batch, heads, time, key_dim)` that are scaled and placed."""
        queries, bias = self._with_positions(queries, ops.shape(keys)[3], offset)
        return self._read(queries, keys, values, mask, bias, with_scores, training, causal)

    def _read(
        self, queries, keys, values, mask, bias, with_scores=False, training=False, causal=False
    ):
        """Attends with queries for content; `bias` is what positions add to the scores."""
        if self._fuses(with_scores, training):
            context = fused_attention(queries, keys, values, mask, causal)
        else:
            scores = grouped_product(queries, keys)
            scores = ops.cast(masked_softmax(scores, mask, bias), self.compute_dtype)
            context = grouped_product(self.dropout_layer(scores, training=training), values)
            context = transpose(context, (0, 2, 1, 3))
        output = self.project_output(context)
        return (output, scores) if with_scores else output

    def _with_positions(self, queries, memory_time, offset):
        """The queries for the content of the keys, and what positions add to the scores."""
        if self.positions == "alibi":
            distance = distances(ops.shape(queries)[2], memory_time, offset)
            return queries, alibi_bias(distance, self.num_heads)
        if self.positions != "relative":
            return queries, None
        content, position, kernel = (
            self.computed(x)
            for x in (
                self.content_bias * self.scale,
                self.position_bias * self.scale,
                self.position_kernel,
            )
        )
        bias = relative_bias(
            queries + position[:, None], kernel, memory_time, offset, self.num_key_value_heads
        )
        return queries + content[:, None], bias

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
        offset=0,
    ):
        output = keras.KerasTensor(query.shape, dtype=self.compute_dtype)
        if not return_attention_scores:
            return output
        shape = (query.shape[0], self.num_heads, query.shape[1], value.shape[1])
        return output, keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "dropout": self.dropout,
            "seed": self.seed,
            "positions": self.positions,
            "window": self.window,
        }
