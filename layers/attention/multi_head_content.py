"""Many heads for a cell that looks at a memory."""

import keras
from keras import ops

from layers.attention.content import ContentAttention
from layers.attention.multi_head import MultiHeadAttention


@keras.saving.register_keras_serializable("working_memory")
class MultiHeadContentAttention(ContentAttention):
    """`MultiHeadAttention` as a content-based attention, which an `AttentionCell` can step.

        a_ij = softmax_i((W_q q + b_q)_j . (W_k m_i + b_k)_j / sqrt(key_dim))
        context = W_o [sum_i a_i1 (W_v m_i + b_v)_1; ...; sum_i a_in (W_v m_i + b_v)_n] + b_o

    (Vaswani et al. 2017, sec. 3.2.2), where q is a query, m_i a step of the value, and x_j the
    part of head j of n. The weights are the mean of a_ij over the heads, and the context is as
    wide as the query. The keys and values of a memory are computed once, in `bind`. A row whose
    mask allows no step gets weights of zero, and b_o for a context.

    There are no positions and no window, since a query of a cell does not say which step it is
    of, and no dropout of the weights, since nothing is drawn inside a loop.

    Args:
        num_heads: see `MultiHeadAttention`, as for all that follow.
        key_dim: width of a head's queries and keys.
        value_dim: width of a head's values, `key_dim` if None.
        use_bias: whether the four projections have a bias.
        num_key_value_heads: number of heads that keys and values have, `num_heads` if None.

    Call arguments are those of `ContentAttention`, and so are its results but for the context,
    `(batch, queries, query_features)`.

    Raises:
        ValueError: if a size is not positive, or `num_key_value_heads` does not divide
            `num_heads`.
    """

    def __init__(
        self,
        num_heads,
        key_dim,
        value_dim=None,
        use_bias=True,
        num_key_value_heads=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.multi_head = MultiHeadAttention(
            num_heads,
            key_dim,
            value_dim,
            use_bias=use_bias,
            num_key_value_heads=num_key_value_heads,
            dtype=self.dtype_policy,
        )

    def build(self, query_shape, value_shape):
        """Create the four projections."""
        self.multi_head.build(query_shape, value_shape)

    def bind(self, value, value_mask=None, training=False):
        """Prepare a value once: its keys and values are computed here; see the base class."""
        keys, values = self.multi_head.project_memory(value)
        mask = None if value_mask is None else ops.expand_dims(value_mask, 1)

        def attend(query, state=(), draw=None):
            context, scores = self.multi_head.attend(
                query, keys, values, mask, return_attention_scores=True
            )
            return context, ops.mean(scores, axis=1), []

        return attend

    def compute_output_shape(self, query_shape, value_shape):
        """Return the shape of the context."""
        return tuple(query_shape)

    def get_config(self):
        """Return the constructor's arguments."""
        names = ("num_heads", "key_dim", "value_dim", "use_bias", "num_key_value_heads")
        return {**super().get_config(), **{name: getattr(self.multi_head, name) for name in names}}
