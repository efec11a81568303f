"""The multiplicative attention of Luong et al."""

import keras
from keras import ops

from layers.attention.content import ContentAttention

SCORES = ("general", "dot", "concat")


@keras.saving.register_keras_serializable("working_memory")
class LuongAttention(ContentAttention):
    """Global attention with the scores of Luong, Pham & Manning (2015, sec. 3.1).

        score(h, m_s) = h . m_s                    "dot"        (eq. 8)
                      = h . W_a m_s                "general"    (eq. 8)
                      = v_a . tanh(W_a [h; m_s])   "concat"     (eq. 8)
        a_s = exp(score(h, m_s)) / sum_s' exp(score(h, m_s'))      (eq. 7)
        context = sum_s a_s m_s

    where h is a query and m_s a step of the value. The softmax runs in float32 whatever the
    policy. A row whose mask allows no step gets weights and a context of zero.

    Args:
        score: "general", with a weight W_a `(query_features, value_features)`; "dot", which
            needs queries and values of the same size; or "concat", with W_a `(query_features +
            value_features, query_features)` (`AdditiveAttention` is its general form).
        scale: multiply the score by a trainable number, at first 1.

    Call arguments:
        query: tensor `(batch, queries, query_features)`.
        value: tensor `(batch, value_time, value_features)`.
        value_mask: boolean tensor `(batch, value_time)`, True = may attend.
        return_attention_scores: return `(context, weights)`.
        query_mask: boolean tensor `(batch, queries)`, which the context carries on.

    Returns:
        The context `(batch, queries, value_features)`; with the weights, `(batch, queries,
        value_time)`.

    Raises:
        ValueError: if `score` is unknown, or is "dot" for queries and values of unequal sizes.
    """

    def __init__(self, score="general", scale=False, **kwargs):
        super().__init__(**kwargs)
        if score not in SCORES:
            raise ValueError(f"`score` must be one of {SCORES}, received {score!r}.")
        self.score = score
        self.scale = scale

    def build(self, query_shape, value_shape):
        """Create W_a, v_a and the scale, for the sizes of query and value."""
        query_size, value_size = query_shape[-1], value_shape[-1]
        if self.score == "general":
            self.kernel = self.add_weight(shape=(query_size, value_size), name="kernel")
        elif self.score == "concat":
            shape = (query_size + value_size, query_size)
            self.kernel = self.add_weight(shape=shape, name="kernel")
            self.vector = self.add_weight(shape=(query_size,), name="vector")
        elif query_size != value_size:
            raise ValueError(
                f"A 'dot' score needs queries and values of the same size, received {query_size} "
                f"and {value_size}; use 'general'."
            )
        if self.scale:
            self.factor = self.add_weight(shape=(), initializer="ones", name="factor")

    def bind_score(self, value):
        """Prepare the score of a value; the scale goes to what is computed once."""
        factor = self.computed(self.factor) if self.scale else None
        if self.score == "concat":
            return self._bind_concat(value, factor)
        keys = value
        if self.score == "general":
            keys = ops.matmul(value, ops.transpose(self.computed(self.kernel)))
        keys = ops.transpose(keys, (0, 2, 1))
        if factor is not None:
            keys = keys * factor
        return lambda query, state: ops.matmul(query, keys)

    def _bind_concat(self, value, factor):
        # W [h; m] is a product with each half of W, and that with m is the same for every query.
        kernel, vector = self.computed(self.kernel), self.computed(self.vector)
        size = vector.shape[0]
        kernel, keys = kernel[:size], ops.expand_dims(ops.matmul(value, kernel[size:]), 1)
        if factor is not None:
            vector = vector * factor

        def score(query, state):
            hidden = ops.expand_dims(ops.matmul(query, kernel), 2) + keys
            return ops.dot(ops.tanh(hidden), vector)

        return score

    def get_config(self):
        """Return the constructor's arguments."""
        return {**super().get_config(), "score": self.score, "scale": self.scale}
