"""A cell that looks at an external memory at every step."""

import keras
from keras import ops

from layers.attention.luong import LuongAttention
from layers.recurrent.cell import Cell, as_tuple, check_rate, dropout_mask


@keras.saving.register_keras_serializable("working_memory")
class AttentionCell(Cell):
    """Gives any cell an attention and input feeding (Luong, Pham & Manning 2015, sec. 3.1, 3.3).

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

    States: those of the cell, then a, `(batch, units)`. Output: a.

    Args:
        cell: the `Cell` to run; for several layers a `StackedCell`.
        attention: layer with `bind(memory, memory_mask) -> attend` and
            `attend(query) -> (context, weights)`; `LuongAttention()` when None.
        units: size of the attentional vector; that of the cell's output when None.
        dropout: share of the attentional vector to drop; one mask per sequence.
        seed: seed of the dropout mask.

    Raises:
        ValueError: if `cell` is not a `Cell`, or if it is run without a memory.
    """

    def __init__(self, cell, attention=None, units=None, dropout=0.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(cell, Cell):
            raise ValueError(f"`cell` must be a Cell of layers.recurrent, received {cell}.")
        self.cell = cell
        self.attention = attention or LuongAttention(dtype=self.dtype_policy)
        self.units = units or cell.output_size
        self.dropout = check_rate("dropout", dropout)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        sizes = cell.state_size
        self.state_size = [*([sizes] if isinstance(sizes, int) else sizes), self.units]
        self.output_size = self.units

    def build(self, input_shape, memory_shape=None):
        """Create the weights for inputs `(batch, features)` and the shape of the memory."""
        if memory_shape is None:
            raise ValueError("AttentionCell needs a memory: call its layer with `memory=`.")
        if not self.cell.built:
            self.cell.build(input_shape)
        if not self.attention.built:
            self.attention.build((input_shape[0], 1, self.cell.output_size), memory_shape)
        # What the cell projects to is known to the cell alone: one row of zeros asks it.
        projected, *_ = as_tuple(self.cell.project(ops.zeros((1, input_shape[-1]))))
        self.feed_kernel = self.add_weight(
            shape=(self.units, projected.shape[-1]), name="feed_kernel"
        )
        self.output_kernel = self.add_weight(
            shape=(memory_shape[-1] + self.cell.output_size, self.units), name="output_kernel"
        )

    def get_initial_state(self, batch_size=None):
        """Return the initial states of the cell and an attentional vector of zeros."""
        fed = ops.zeros((batch_size, self.units), self.compute_dtype)
        return [*self.cell.get_initial_state(batch_size), fed]

    @property
    def project_draws(self):
        """Whether the cell draws random numbers for each step."""
        return self.cell.project_draws

    def project(self, inputs, training=False):
        """Return what the cell computes from the inputs alone."""
        return self.cell.project(inputs, training=training)

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
                then `(batch, units + memory_time)`.

        Returns:
            Function `step(projected, states) -> (output, new_states)`.
        """
        if memory is None:
            raise ValueError("AttentionCell needs a memory: call its layer with `memory=`.")
        inner_step = self.cell.begin(batch_size, training=training)
        attend = self.attention.bind(memory, memory_mask)
        sentences = ops.shape(memory)[0]
        feed_kernel = self.computed(self.feed_kernel)
        output_kernel = self.computed(self.output_kernel)
        mask = None
        if training and self.dropout:
            shape = (batch_size, self.units)
            mask = dropout_mask(shape, self.dropout, self.seed_generator, self.compute_dtype)

        def step(projected, states):
            *states, fed = states
            projected, *rest = as_tuple(projected)
            projected = self.computed(projected) + ops.matmul(fed, feed_kernel)
            hidden, states = inner_step((projected, *rest) if rest else projected, states)
            # The rows of one sentence (a beam, or the one) are the queries to its memory.
            rows = ops.shape(hidden)[0]
            context, weights = attend(ops.reshape(hidden, (sentences, -1, hidden.shape[-1])))
            context = ops.reshape(context, (rows, context.shape[-1]))
            fed = ops.matmul(ops.concatenate([context, hidden], axis=-1), output_kernel)
            fed = ops.tanh(fed)
            if mask is not None:
                fed = fed * mask
            output = fed
            if return_attention_scores:
                weights = ops.reshape(weights, (rows, ops.shape(weights)[-1]))
                output = ops.concatenate([fed, weights], axis=-1)
            return output, [*states, fed]

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
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make the cell and its parts from a configuration."""
        parts = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in ("cell", "attention")
        }
        return cls(**{**config, **parts})
