"""The protocol of a recurrent cell: what to write to add a new one."""

import keras
from keras import ops


class Cell(keras.layers.Layer):
    """Base class of every recurrent cell. One cell is one step of a sequence.

    A cell is a Keras cell (`state_size`, `output_size`, `get_initial_state`, `call`), so it runs
    inside `keras.layers.RNN`. Run by `Recurrent` it is faster, and its dropout is drawn once a
    sequence instead of at every step, because a step comes in two parts:

    * `project(inputs)` is the part that does not depend on the state. `Recurrent` calls it
      once, for all steps together, so that it is one large product instead of many small ones.
    * `begin(batch_size, training)` returns `step(projected, states) -> (output, new_states)`,
      the part that does. Whatever holds for the whole sequence happens in `begin`: dropout
      masks are drawn, weights are cast, an external memory is prepared. It keeps all this in
      the function it returns and stores nothing on the cell.

    A cell with nothing more to say than its equations:

    ```python
    @keras.saving.register_keras_serializable("working_memory")
    class ElmanCell(Cell):
        \"\"\"h_t = tanh(W x_t + U h_{t-1} + b)  (Elman 1990)\"\"\"

        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = self.state_size = self.output_size = units

        def build(self, input_shape):
            shape = (input_shape[-1], self.units)
            self.kernel = self.add_weight(shape=shape, name="kernel")
            shape = (self.units, self.units)
            self.recurrent_kernel = self.add_weight(shape=shape, name="recurrent_kernel")
            self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

        def project(self, inputs, training=False):
            kernel, bias = self.computed(self.kernel), self.computed(self.bias)
            return ops.matmul(self.computed(inputs), kernel) + bias

        def begin(self, batch_size, training=False):
            recurrent_kernel = self.computed(self.recurrent_kernel)

            def step(projected, states):
                hidden = ops.tanh(projected + ops.matmul(states[0], recurrent_kernel))
                return hidden, [hidden]

            return step

        def get_config(self):
            return {**super().get_config(), "units": self.units}
    ```

    Rules that `Recurrent` relies on:

    * `state_size` is an integer or a list with one entry per state: an integer for a vector, a
      tuple for a matrix (`(4, 3)` is a state of shape `(batch, 4, 3)`).
    * States come and go as a list, in the order of `state_size`, each in the dtype that it has in
      `get_initial_state`: the compute dtype, but for states of the attention of `AttentionCell`.
    * A cell never sees a mask. The loop applies it: a padded step leaves every state as it was.
    * `project` and `begin` run outside of `__call__`, where Keras does not cast weights to the
      compute dtype: wrap them in `self.computed`.
    * Random numbers are drawn in `project` or `begin`, from a `keras.random.SeedGenerator` that
      the cell owns, never inside the step: a draw inside a loop does not trace on JAX. A cell
      whose `project` draws says so by `project_draws`.
    """

    reads_memory = False
    """Whether `begin` needs a memory."""

    @property
    def project_draws(self):
        """Whether `project` draws random numbers in training, so that it must not be in a loop."""
        return False

    def get_initial_state(self, batch_size=None):
        """Return the states before the first step, zeros unless the cell says otherwise.

        Args:
            batch_size: number of rows.

        Returns:
            List of tensors `(batch, *size)`, one per entry of `state_size`.
        """
        return [ops.zeros((batch_size, *s), self.compute_dtype) for s in state_shapes(self)]

    def project(self, inputs, training=False):
        """Compute the part of a step that does not depend on the state.

        Args:
            inputs: tensor `(batch, features)`, one step, or `(batch, time, features)`, all steps.
            training: whether dropout is on. With all steps at once, every step gets the same mask.

        Returns:
            A tensor with the same leading axes; the inputs themselves when a cell has no such
            part. Or a tuple of tensors, the projection first, for a cell whose step needs more of
            each step than that: `ResidualCell` hands on the inputs, `Zoneout` its random numbers.
        """
        return ops.cast(inputs, self.compute_dtype)

    def begin(self, batch_size, training=False, **memory):
        """Start a sequence.

        Args:
            batch_size: number of rows of the states.
            training: whether dropout is on.
            **memory: what the cell reads besides its inputs (`memory=`, `memory_mask=`), for a
                cell that reads any.

        Returns:
            Function `step(projected, states) -> (output, new_states)`.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement begin().")

    def parallel(self, projected, states, mask=None, training=False):
        """Run a whole sequence without a step for each of its steps, for a cell that allows it.

        Args:
            projected: what `project` returned for `(batch, time, features)`, in the order of the
                steps. The number of steps may be unknown when it is traced.
            states: list of the initial states.
            mask: boolean tensor `(batch, time)`, True = keep. Where it is False, all states stay
                as they were; what the outputs are there is up to the cell, `Recurrent` sets them.
            training: whether dropout is on.

        Returns:
            `(outputs, new_states)` equal to those of the loop, with outputs `(batch, time,
            output_size)`; None for a cell that needs the loop.
        """
        return None

    def call(self, inputs, states, training=False):
        """Run one step.

        Args:
            inputs: tensor `(batch, features)`.
            states: list of tensors `(batch, *size)`.
            training: whether dropout is on; drawn anew in each call.

        Returns:
            `(output, new_states)`: a tensor `(batch, output_size)` and a list like `states`.
        """
        step = self.begin(ops.shape(inputs)[0], training=training)
        states = [self.computed(state) for state in states]
        return step(self.project(inputs, training=training), states)

    def compute_output_shape(self, inputs_shape, states_shape=None):
        """Return the shapes of the output and of the new states."""
        batch_size = inputs_shape[0]
        states = [(batch_size, *size) for size in state_shapes(self)]
        return (batch_size, self.output_size), states

    def computed(self, value):
        """Return a weight or a tensor in the dtype that the cell computes in."""
        return ops.cast(value, self.compute_dtype)


def state_shapes(cell):
    """Return the shapes of a cell's states without the batch axis, as a list of tuples."""
    sizes = [cell.state_size] if isinstance(cell.state_size, int) else cell.state_size
    return [(size,) if isinstance(size, int) else tuple(size) for size in sizes]


def as_tuple(projected):
    """Return what `project` returned as a tuple, the projection first."""
    return projected if isinstance(projected, tuple) else (projected,)


def affine(inputs, kernel, bias=None):
    """Return W x + b for one step or for all steps of a sequence, in the dtype of the inputs.

    Args:
        inputs: tensor `(batch, features)` or `(batch, time, features)`.
        kernel: tensor `(features, size)`.
        bias: tensor `(size,)`.

    Returns:
        Tensor `(batch, size)` or `(batch, time, size)`.
    """
    if len(inputs.shape) == 2:
        product = ops.matmul(inputs, kernel)
        return product if bias is None else product + bias
    # Computed with time first, as the loop will want it: of the two transpositions in between,
    # the larger by far, nothing is left once the graph is optimised.
    inputs = ops.transpose(inputs, (1, 0, 2))
    if bias is not None:
        # A bias that is one more row of the kernel has its gradient in the product, too; the sum
        # over all steps that it takes otherwise is slower than everything else here on a CPU.
        inputs = ops.concatenate([inputs, ops.ones_like(inputs[..., :1])], axis=-1)
        kernel = ops.concatenate([kernel, ops.expand_dims(bias, 0)], axis=0)
    time, batch_size, features = ops.shape(inputs)
    product = ops.matmul(ops.reshape(inputs, (-1, features)), kernel)
    product = ops.reshape(product, (time, batch_size, kernel.shape[-1]))
    return ops.transpose(product, (1, 0, 2))


def clone_cell(cell, dtype):
    """Return a new, unbuilt cell of the same configuration, under another dtype policy.

    The cells inside of it come under that policy, too.
    """
    return type(cell).from_config(_under(keras.dtype_policies.serialize(dtype), cell.get_config()))


def _under(policy, config):
    if isinstance(config, dict):
        parts = {key: _under(policy, value) for key, value in config.items()}
        parts.pop("build_config", None)  # a cell inside would be built at once
        return {**parts, "dtype": policy} if "dtype" in parts else parts
    if isinstance(config, (list, tuple)):
        return [_under(policy, part) for part in config]
    return config


def dropout_mask(shape, rate, seed_generator, dtype):
    """Draw a mask to multiply with: 0 with probability `rate`, otherwise `1 / (1 - rate)`."""
    return keras.random.dropout(ops.ones(shape, dtype), rate, seed=seed_generator)


def drop_for_sequence(inputs, rate, seed_generator):
    """Drop features of `(batch, ..., features)`, the same at every step of a row.

    The dropout of Gal & Ghahramani (2016): one mask per sequence.
    """
    shape = ops.shape(inputs)
    shape = (shape[0], *[1] * (len(shape) - 2), shape[-1])
    return inputs * dropout_mask(shape, rate, seed_generator, inputs.dtype)


def check_rate(name, rate):
    """Return a dropout rate as it is, or say that it is none.

    Raises:
        ValueError: if the rate is not in [0, 1).
    """
    if not 0 <= rate < 1:
        raise ValueError(f"`{name}` must be at least 0 and less than 1, received {rate}.")
    return rate


def check_reads_no_memory(cell):
    """Say that a cell which reads an external memory has to be the outermost.

    Raises:
        ValueError: if it is one.
    """
    if cell.reads_memory:
        name = type(cell).__name__
        raise ValueError(
            f"{name} reads a memory, so it has to be the outermost cell: put the others into it."
        )
