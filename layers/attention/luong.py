"""The multiplicative attention of Luong et al."""

import keras
from keras import ops

SCORES = ("general", "dot")
FORBIDDEN = -1e9  # added to a score: its exponential is 0 in float32


@keras.saving.register_keras_serializable("working_memory")
class LuongAttention(keras.layers.Layer):
    """Global attention with a multiplicative score (Luong, Pham & Manning 2015, sec. 3.1).

        score(h, m_s) = h . m_s              "dot"        (eq. 8)
                      = h . W_a m_s          "general"    (eq. 8)
        a_s = exp(score(h, m_s)) / sum_s' exp(score(h, m_s'))      (eq. 7)
        context = sum_s a_s m_s

    where h is a query and m_s a step of the value. The softmax runs in float32 whatever the
    policy. A row whose mask allows no step gets weights and a context of zero.

    Args:
        score: "general", with a weight W_a `(query_features, value_features)`, or "dot", which
            needs queries and values of the same size.

    Call arguments:
        query: tensor `(batch, queries, query_features)`.
        value: tensor `(batch, value_time, value_features)`.
        value_mask: boolean tensor `(batch, value_time)`, True = may attend.
        return_attention_scores: return `(context, weights)`.

    Returns:
        The context `(batch, queries, value_features)`; with the weights, `(batch, queries,
        value_time)`.

    Raises:
        ValueError: if `score` is unknown, or is "dot" for queries and values of unequal sizes.
    """

    def __init__(self, score="general", **kwargs):
        super().__init__(**kwargs)
        if score not in SCORES:
            raise ValueError(f"`score` must be one of {SCORES}, received {score!r}.")
        self.score = score
        self.supports_masking = True

    def build(self, query_shape, value_shape):
        """Create W_a for the sizes of query and value."""
        sizes = (query_shape[-1], value_shape[-1])
        if self.score == "general":
            self.kernel = self.add_weight(shape=sizes, name="kernel")
        elif sizes[0] != sizes[1]:
            raise ValueError(
                f"A 'dot' score needs queries and values of the same size, received {sizes[0]} "
                f"and {sizes[1]}; use 'general'."
            )

    def call(self, query, value, value_mask=None, return_attention_scores=False):
        """Attend to the value; see the class for arguments and results."""
        context, weights = self.bind(value, value_mask)(query)
        return (context, weights) if return_attention_scores else context

    def bind(self, value, value_mask=None):
        """Prepare a value once, for many queries: its keys are computed here.

        Args:
            value: tensor `(batch, value_time, value_features)`.
            value_mask: boolean tensor `(batch, value_time)`, True = may attend.

        Returns:
            Function `attend(query) -> (context, weights)` with the shapes of the class. It may be
            called outside of the layer, in a loop, say.
        """
        value = ops.cast(value, self.compute_dtype)
        keys = value
        if self.score == "general":
            kernel = ops.cast(self.kernel, self.compute_dtype)
            keys = ops.matmul(value, ops.transpose(kernel))
        keys = ops.transpose(keys, (0, 2, 1))
        if value_mask is not None:
            allowed = ops.expand_dims(ops.cast(value_mask, "float32"), 1)
            bias = (1 - allowed) * FORBIDDEN

        def attend(query):
            scores = ops.matmul(ops.cast(query, self.compute_dtype), keys)
            scores = ops.cast(scores, "float32")
            if value_mask is None:
                weights = ops.softmax(scores)
            else:
                # Without the product, a row that may attend to nothing would attend to everything.
                weights = ops.softmax(scores + bias) * allowed
            weights = ops.cast(weights, self.compute_dtype)
            return ops.matmul(weights, value), weights

        return attend

    def compute_mask(self, query, previous_mask=None):
        """The context carries the mask of the query on."""
        return previous_mask

    def compute_output_shape(self, query_shape, value_shape):
        """Return the shape of the context."""
        return (*query_shape[:-1], value_shape[-1])

    def compute_output_spec(self, query, value, value_mask=None, return_attention_scores=False):
        """Return the symbolic context, and the weights if they are asked for."""
        shape = self.compute_output_shape(query.shape, value.shape)
        context = keras.KerasTensor(shape, dtype=self.compute_dtype)
        if not return_attention_scores:
            return context
        shape = (*query.shape[:-1], value.shape[1])
        return context, keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self):
        """Return the constructor's arguments."""
        return {**super().get_config(), "score": self.score}
