"""What attentions that compare a query with the content of a memory have in common."""

import keras
from keras import ops

from layers.attention.masks import HIDDEN, softmax
from layers.recurrent.loop import run


class ContentAttention(keras.layers.Layer):
    """Base class of the attentions that can be called and that an `AttentionCell` can step.

    The protocol, which is all that a cell or a decoder uses:

    * `bind(value, value_mask, training) -> attend` prepares a memory once, for many queries.
    * `attend(query, state, draw) -> (context, weights, new_state)` reads it. Queries are
      `(batch, queries, features)`: independent of each other (the hypotheses of a beam, say),
      and each has its own state. It may be called in a loop, outside of the layer.
    * The state is what an attention remembers of the queries before: a list of `state_count`
      tensors `(batch, queries, memory_time)`, empty for most. `begin_state(rows, memory_time)`
      returns the first one, of tensors `(rows, memory_time)`. A state is float32 whatever the
      policy, since a sum in half precision stops growing; a score casts what it reads of it.
    * An attention with `draws` is random in training: its `attend` takes a `draw` for each query,
      `(batch, queries, 1)`, from `draw(leading)`. Drawn by the caller, since a random number
      cannot be drawn inside a loop on every backend.

    To add one, write `build` and `bind_score`. The softmax is `bind_weights`, and can be replaced;
    with a state, extend `state_count`, `begin_state` and `next_state`. One that reads in another
    way writes `bind`, and `compute_output_shape` if its context is not as wide as the value.

    Call arguments:
        query: tensor `(batch, queries, query_features)`. An attention with a state takes them in
            their order.
        value: tensor `(batch, value_time, value_features)`.
        value_mask: boolean tensor `(batch, value_time)`, True = may attend.
        return_attention_scores: return `(context, weights)`.
        query_mask: boolean tensor `(batch, queries)`, True = keep. A padded query changes no
            state, and where there is one its context is zero.
        training: whether an attention that is random in training is so.

    Returns:
        The context, `(batch, queries, value_features)` unless the attention says otherwise; with
        the weights, `(batch, queries, value_time)`.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    @property
    def state_count(self):
        """The number of tensors in the state."""
        return 0

    @property
    def draws(self):
        """Whether `attend` takes random numbers in training."""
        return False

    def begin_state(self, rows, memory_time):
        """Return the state before the first query, a list of tensors `(rows, memory_time)`."""
        return []

    def next_state(self, state, weights):
        """Return the state after a query that gave these float32 weights."""
        return []

    def bind_score(self, value):
        """Prepare the score of a value.

        Args:
            value: tensor `(batch, value_time, value_features)` in the compute dtype.

        Returns:
            Function `score(query, state)` that gives `(batch, queries, value_time)`.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement bind_score().")

    def bind_weights(self, value, value_mask, training):
        """Prepare what turns scores into weights: here the softmax over what may be seen.

        Args:
            value: tensor `(batch, value_time, value_features)`.
            value_mask: boolean tensor `(batch, value_time)` or None.
            training: whether the layer is in training.

        Returns:
            Function `weigh(scores, state, draw)` that gives float32 weights of the shape of the
            scores, `(batch, queries, value_time)`, which are float32.
        """
        if value_mask is None:
            return lambda scores, state, draw: softmax(scores)
        allowed = ops.expand_dims(ops.cast(value_mask, "float32"), 1)
        bias = (1 - allowed) * HIDDEN
        # Without the product, a row that may attend to nothing would attend to everything.
        return lambda scores, state, draw: softmax(scores + bias) * allowed

    def bind(self, value, value_mask=None, training=False):
        """Prepare a value once, for many queries: its keys are computed here.

        Args:
            value: tensor `(batch, value_time, value_features)`.
            value_mask: boolean tensor `(batch, value_time)`, True = may attend.
            training: whether an attention that is random in training is so.

        Returns:
            Function `attend(query, state=(), draw=None) -> (context, weights, new_state)` with
            the shapes of the class. It may be called outside of the layer, in a loop, say.
        """
        value = self.computed(value)
        score = self.bind_score(value)
        weigh = self.bind_weights(value, value_mask, training)

        def attend(query, state=(), draw=None):
            scores = ops.cast(score(self.computed(query), state), "float32")
            exact = weigh(scores, state, draw)
            weights = self.computed(exact)
            return ops.matmul(weights, value), weights, self.next_state(state, exact)

        return attend

    def call(
        self,
        query,
        value,
        value_mask=None,
        return_attention_scores=False,
        query_mask=None,
        training=False,
    ):
        """Attend to the value; see the class for arguments and results."""
        attend = self.bind(value, value_mask, training)
        if self.state_count:
            context, weights = self._in_order(attend, query, value, query_mask, training)
        else:
            context, weights, _ = attend(query)
        return (context, weights) if return_attention_scores else context

    def _in_order(self, attend, query, value, query_mask, training):
        """Attend with one query after the other, handing the state on."""
        batch_size, queries = ops.shape(query)[:2]
        inputs = (query,)
        if training and self.draws:
            inputs = (query, self.draw((batch_size, queries)))

        def step(inputs, state):
            query, *draw = [ops.expand_dims(part, 1) for part in inputs]
            state = [ops.expand_dims(part, 1) for part in state]
            context, weights, state = attend(query, state, *draw)
            output = ops.concatenate([context, weights], axis=-1)
            return output[:, 0], [part[:, 0] for part in state]

        state = self.begin_state(batch_size, ops.shape(value)[1])
        _, outputs, _ = run(step, inputs, state, query_mask, zero_output_for_mask=True)
        features = value.shape[-1]
        return outputs[..., :features], outputs[..., features:]

    def compute_mask(self, query, previous_mask=None):
        """The context carries the mask of the query on."""
        return previous_mask

    def compute_output_shape(self, query_shape, value_shape):
        """Return the shape of the context."""
        return (*query_shape[:-1], value_shape[-1])

    def compute_output_spec(
        self,
        query,
        value,
        value_mask=None,
        return_attention_scores=False,
        query_mask=None,
        training=False,
    ):
        """Return the symbolic context, and the weights if they are asked for."""
        shape = self.compute_output_shape(query.shape, value.shape)
        context = keras.KerasTensor(shape, dtype=self.compute_dtype)
        if not return_attention_scores:
            return context
        shape = (*query.shape[:-1], value.shape[1])
        return context, keras.KerasTensor(shape, dtype=self.compute_dtype)

    def computed(self, value):
        """Return a weight or a tensor in the dtype that the layer computes in."""
        return ops.cast(value, self.compute_dtype)
