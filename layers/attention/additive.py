"""The additive attention of Bahdanau et al., and its coverage."""

import keras
from keras import ops

from layers.attention.content import ContentAttention


@keras.saving.register_keras_serializable("working_memory")
class AdditiveAttention(ContentAttention):
    """Attention whose score is a small network (Bahdanau, Cho & Bengio 2015, app. A.1.2).

        e_i = v . tanh(W q + U m_i)                                 as published
        e_i = g v/|v| . tanh(W q + U m_i + b)                       `normalize`
        e_i = v . tanh(W q + U m_i + w_c c_i + b)                   `coverage`
        a_i = exp(e_i) / sum_j exp(e_j),   context = sum_i a_i m_i

    where q is a query and m_i a step of the value. `normalize` gives v a norm of its own, g, as
    Salimans & Kingma (2016, eq. 2) do for weights, and a bias b; g is 1 / sqrt(units) at first.

    `coverage` (See, Liu & Manning 2017, eq. 10-11) lets the score see how much a step has been
    attended to: c is the sum of the weights of all queries before, zero at first. Then the
    queries are taken in their order, one after the other, and c is the state of the attention.
    `coverage_loss` is what See et al. add to the loss. With both options, both apply.

    The softmax runs in float32 whatever the policy. A row whose mask allows no step gets weights
    and a context of zero. Call arguments and results are those of `ContentAttention`.

    Args:
        units: size of the hidden layer of the score, that of v.
        normalize: whether v is normalised.
        coverage: whether the score sees the coverage.

    Raises:
        ValueError: if `units` is not a positive integer.
    """

    def __init__(self, units, normalize=False, coverage=False, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(units, int) or units < 1:
            raise ValueError(f"`units` must be a positive integer, received {units!r}.")
        self.units = units
        self.normalize = normalize
        self.coverage = coverage

    def build(self, query_shape, value_shape):
        """Create W `(query_features, units)`, U `(value_features, units)` and the vectors."""
        shape = (query_shape[-1], self.units)
        self.query_kernel = self.add_weight(shape=shape, name="query_kernel")
        shape = (value_shape[-1], self.units)
        self.value_kernel = self.add_weight(shape=shape, name="value_kernel")
        shape = (self.units,)
        self.vector = self.add_weight(shape=shape, name="vector")
        if self.normalize:
            initializer = keras.initializers.Constant(self.units**-0.5)
            self.gain = self.add_weight(shape=(), initializer=initializer, name="gain")
        if self.coverage:
            self.coverage_vector = self.add_weight(shape=shape, name="coverage_vector")
        if self.normalize or self.coverage:
            self.bias = self.add_weight(shape=shape, initializer="zeros", name="bias")

    @property
    def state_count(self):
        """One with coverage."""
        return super().state_count + int(self.coverage)

    def begin_state(self, rows, memory_time):
        """Return a coverage of zero."""
        state = super().begin_state(rows, memory_time)
        if self.coverage:
            state = [ops.zeros((rows, memory_time), "float32"), *state]
        return state

    def next_state(self, state, weights):
        """Return the coverage with the weights added."""
        if not self.coverage:
            return super().next_state(state, weights)
        return [state[0] + weights, *super().next_state(state[1:], weights)]

    def bind_score(self, value):
        """Prepare the score of a value: U m_i + b is the same for every query."""
        query_kernel = self.computed(self.query_kernel)
        keys = ops.matmul(value, self.computed(self.value_kernel))
        if self.normalize or self.coverage:
            keys = keys + self.computed(self.bias)
        keys = ops.expand_dims(keys, 1)
        vector = self.computed(self._normalized() if self.normalize else self.vector)
        coverage_vector = self.computed(self.coverage_vector) if self.coverage else None

        def score(query, state):
            hidden = ops.expand_dims(ops.matmul(query, query_kernel), 2) + keys
            if coverage_vector is not None:
                hidden = hidden + ops.expand_dims(self.computed(state[0]), -1) * coverage_vector
            return ops.dot(ops.tanh(hidden), vector)

        return score

    def _normalized(self):
        vector = ops.cast(self.vector, "float32")
        length = ops.sqrt(ops.sum(ops.square(vector)))
        return vector * (ops.cast(self.gain, "float32") / length)

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "normalize": self.normalize,
            "coverage": self.coverage,
        }


def coverage_loss(weights, query_mask=None):
    """What it costs to attend twice to the same (See, Liu & Manning 2017, eq. 12).

        covloss_t = sum_i min(a_i^t, c_i^t),   c^t = sum_{t' < t} a^t'

    for every attention, with or without coverage in its score. See et al. add its mean over the
    steps of the target, times 1, to the loss.

    Args:
        weights: tensor `(batch, time, memory_time)`, the attention of each step.
        query_mask: boolean tensor `(batch, time)`, True = keep. A padded step costs nothing and
            covers nothing.

    Returns:
        float32 tensor `(batch, time)`.
    """
    weights = ops.cast(weights, "float32")
    if query_mask is not None:
        weights = weights * ops.cast(ops.expand_dims(query_mask, -1), "float32")
    coverage = ops.cumsum(weights, axis=1) - weights
    return ops.sum(ops.minimum(weights, coverage), axis=-1)
