"""A cell that looks at an external memory at every step."""

import keras
from keras import ops

from layers.attention.content import ContentAttention
from layers.attention.luong import LuongAttention
from layers.recurrent.cell import Cell, as_tuple, check_rate, dropout_mask, state_shapes

NO_MEMORY = "AttentionCell needs a memory: call its layer with `memory=`."


@keras.saving.register_keras_serializable("working_memory")
class AttentionCell(Cell):
    """Gives any cell an attention and input feeding (Luong, Pham & Manning 2015, sec. 3.1, 3.3).

    The attention is a `ContentAttention`, such as `LuongAttention`: one query a step. With many
    heads it is a `MultiHeadContentAttention`; a `MultiHeadAttention` is refused.

        h_t  = cell([x_t; a_{t-1}], states)      input feeding: a_{t-1} is fed to the next step
        c_t  = attention(h_t, memory)            context
        a_t  = tanh(W_c [c_t; h_t])              attentional vector, the output (eq. 5)

    The attentional vector is fed to what the cell computes from its inputs: a cell that projects
    by W computes W [x; a] = W_x x + W_a a, so W_x x is computed for the whole sequence before the
    loop, and only W_a a (a weight of this cell, `feed_kernel`) inside. A cell whose projection is
    the input itself is given x + W_a a. A cell that hands on more than its projection finds the
    rest as it was.

    The memory is given to `begin` and prepared there, once. A step may be called with a multiple
    of the memory's rows (a beam): row r then reads the memory's row r // (rows / memory rows),
    and the memory is not tiled for it.

    States: those of the cell; those of the attention, each `(batch, memory_time)`, if it has any
    (coverage, the alignment of a monotonic attention); then a, `(batch, units)`. A state of the
    attention is float32 whatever the policy, and as long as the memory, so its size is None in
    `state_size`, and `get_initial_state` wants the memory. Output: a.

    Args:
        cell: the `Cell` to run; for several layers a `StackedCell`.
        attention: a `ContentAttention`; `LuongAttention()` when None.
        units: size of the attentional vector; that of the cell's output when None.
        dropout: share of the attentional vector to drop; one mask per sequence.
        seed: seed of the dropout mask.
        output_attention: whether a is the output; if False, h is, and a is only fed on.

    Raises:
        ValueError: if `cell` is not a `Cell` or `attention` not a `ContentAttention`, or if it
            is run without a memory.
    """

    reads_memory = True

    def __init__(
        self,
        cell,
        attention=None,
        units=None,
        dropout=0.0,
        seed=None,
        output_attention=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not isinstance(cell, Cell):
            raise ValueError(f"`cell` must be a Cell of layers.recurrent, received {cell}.")
        if attention is None:
            attention = LuongAttention(dtype=self.dtype_policy)
        if not isinstance(attention, ContentAttention):
            raise ValueError(
                "`attention` must be a ContentAttention, as LuongAttention and, with many heads, "
                f"MultiHeadContentAttention are, received {attention}."
            )
        self.cell = cell
        self.attention = attention
        self.units = units or cell.output_size
        self.dropout = check_rate("dropout", dropout)
        self.seed = seed
        self.output_attention = output_attention
        self.seed_generator = keras.random.SeedGenerator(seed)
        sizes = cell.state_size
        sizes = [sizes] if isinstance(sizes, int) else sizes
        self.state_size = [*sizes, *[(None,)] * attention.state_count, self.units]
        self.output_size = self.units if output_attention else cell.output_size

    def build(self, input_shape, memory_shape=None):
        """Create the weights for inputs `(batch, features)` and the shape of the memory."""
        if memory_shape is None:
            raise ValueError(NO_MEMORY)
        if not self.cell.built:
            self.cell.build(input_shape)
        query_shape = (input_shape[0], 1, self.cell.output_size)
        if not self.attention.built:
            self.attention.build(query_shape, memory_shape)
        context_shape = self.attention.compute_output_shape(query_shape, memory_shape)
        # What the cell projects to is known to the cell alone: one row of zeros asks it.
        projected, *_ = as_tuple(self.cell.project(ops.zeros((1, input_shape[-1]))))
        self.feed_kernel = self.add_weight(
            shape=(self.units, projected.shape[-1]), name="feed_kernel"
        )
        self.output_kernel = self.add_weight(
            shape=(context_shape[-1] + self.cell.output_size, self.units), name="output_kernel"
        )

    def get_initial_state(self, batch_size=None, memory=None):
        """Return the initial states of the cell and the attention, and a of zeros.

        Args:
            batch_size: number of rows.
            memory: tensor `(batch, memory_time, memory_features)`; only an attention with a state
                of its own needs it.

        Returns:
            List of tensors `(batch, *size)`.

        Raises:
            ValueError: if the attention has a state and there is no memory.
        """
        fed = ops.zeros((batch_size, self.units), self.compute_dtype)
        seen = []
        if self.attention.state_count:
            if memory is None:
                raise ValueError(
                    f"{type(self.attention).__name__} has a state as long as the memory, which "
                    "comes with `memory=` and cannot be stateful over batches."
                )
            seen = self.attention.begin_state(batch_size, ops.shape(memory)[1])
        return [*self.cell.get_initial_state(batch_size), *seen, fed]

    @property
    def project_draws(self):
        """Whether the cell or the attention draws random numbers for each step."""
        return self.cell.project_draws or self.attention.draws

    def project(self, inputs, training=False):
        """Return what the cell computes from the inputs alone, and what the attention draws."""
        projected = self.cell.project(inputs, training=training)
        if training and self.attention.draws:
            return (*as_tuple(projected), self.attention.draw(ops.shape(inputs)[:-1]))
        return projected

    def begin(
        self,
        batch_size,
        training=False,
        memory=None,
        memory_mask=None,
        return_attention_scores=False,
    ):
        """Bind a memory.

        Args:
            batch_size: number of rows of the states.
            training: whether dropout is on.
            memory: tensor `(batch, memory_time, memory_features)`.
            memory_mask: boolean tensor `(batch, memory_time)`, True = may attend.
            return_attention_scores: append the weights on the memory to each output, which is
                then `(batch, output_size + memory_time)`.

        Returns:
            Function `step(projected, states) -> (output, new_states)`.
        """
        if memory is None:
            raise ValueError(NO_MEMORY)
        inner_step = self.cell.begin(batch_size, training=training)
        attend = self.attention.bind(memory, memory_mask, training)
        sentences = ops.shape(memory)[0]
        feed_kernel = self.computed(self.feed_kernel)
        output_kernel = self.computed(self.output_kernel)
        count = len(state_shapes(self.cell))
        draws = training and self.attention.draws
        mask = None
        if training and self.dropout:
            shape = (batch_size, self.units)
            mask = dropout_mask(shape, self.dropout, self.seed_generator, self.compute_dtype)

        def fold(x):
            # The rows of one sentence (a beam, or the one) are the queries to its memory.
            return ops.reshape(x, (sentences, -1, ops.shape(x)[-1]))

        def step(projected, states):
            *states, fed = states
            states, seen = states[:count], states[count:]
            projected, *rest = as_tuple(projected)
            draw = None
            if draws:
                *rest, draw = rest
                draw = fold(draw)
            projected = self.computed(projected) + ops.matmul(fed, feed_kernel)
            hidden, states = inner_step((projected, *rest) if rest else projected, states)
            context, weights, seen = attend(fold(hidden), [fold(part) for part in seen], draw)
            rows = ops.shape(hidden)[0]
            context = ops.reshape(context, (rows, context.shape[-1]))
            seen = [ops.reshape(part, (rows, ops.shape(part)[-1])) for part in seen]
            fed = ops.matmul(ops.concatenate([context, hidden], axis=-1), output_kernel)
            fed = ops.tanh(fed)
            if mask is not None:
                fed = fed * mask
            output = fed if self.output_attention else hidden
            if return_attention_scores:
                weights = ops.reshape(weights, (rows, ops.shape(weights)[-1]))
                output = ops.concatenate([output, weights], axis=-1)
            return output, [*states, *seen, fed]

        return step

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "cell": keras.saving.serialize_keras_object(self.cell),
            "attention": keras.saving.serialize_keras_object(self.attention),
            "units": self.units,
            "dropout": self.dropout,
            "seed": self.seed,
            "output_attention": self.output_attention,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make the cell and its parts from a configuration."""
        parts = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in ("cell", "attention")
        }
        return cls(**{**config, **parts})
