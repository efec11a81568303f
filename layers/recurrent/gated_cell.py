"""What the cells with gates have in common."""

import keras
from keras import ops

from layers.recurrent.cell import Cell, affine, check_rate, drop_for_sequence, dropout_mask


class GatedCell(Cell):
    """Base class of cells that compute all their gates from W x_t + U h_{t-1} + b.

    The weights of all gates stand side by side, in the order of `gates`: `kernel` W `(features,
    gates * units)`, `recurrent_kernel` U `(output_size, gates * units)`, `bias` b `(gates *
    units,)`. A cell names its gates, and writes `begin` with the equations of its step; what it
    adds to the weights it creates in `build`, what it adds to the states it appends to
    `state_size`.

    Dropout is that of Gal & Ghahramani (2016) with tied masks: one mask per sequence for the
    inputs and one for h, the same for all gates and steps.

    Args:
        units: size of the cell state.
        activation: activation of the candidate, and of the cell state on its way out.
        recurrent_activation: activation of the gates.
        use_bias: whether there is a bias.
        kernel_initializer: initializer of W.
        recurrent_initializer: initializer of U.
        bias_initializer: initializer of b.
        unit_forget_bias: start the bias of the forget gate at 1 (Jozefowicz et al. 2015).
        dropout: share of the inputs to drop.
        recurrent_dropout: share of h to drop on its way to the gates.
        seed: seed of the dropout masks.

    Raises:
        ValueError: if `units` is not positive or a dropout rate is not in [0, 1).
    """

    gates = ("input", "forget", "candidate", "output")

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias=True,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = check_positive("units", units)
        self.activation = keras.activations.get(activation)
        self.recurrent_activation = keras.activations.get(recurrent_activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.unit_forget_bias = unit_forget_bias
        self.dropout = check_rate("dropout", dropout)
        self.recurrent_dropout = check_rate("recurrent_dropout", recurrent_dropout)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        """Create the weights for inputs `(batch, features)`."""
        size = len(self.gates) * self.units
        self.kernel = self.add_weight(
            shape=(input_shape[-1], size), initializer=self.kernel_initializer, name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.output_size, size),
            initializer=self.recurrent_initializer,
            name="recurrent_kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(shape=(size,), initializer=self._bias, name="bias")

    def _bias(self, shape, dtype=None):
        parts = ops.split(self.bias_initializer(shape, dtype=dtype), len(self.gates))
        if self.unit_forget_bias and "forget" in self.gates:
            parts[self.gates.index("forget")] = ops.ones((self.units,), dtype)
        return ops.concatenate(parts)

    @property
    def project_draws(self):
        """Whether inputs are dropped."""
        return self.dropout > 0

    def project(self, inputs, training=False):
        """Return W x + b, `(..., gates * units)`, for inputs `(..., features)`."""
        bias = None if self.bias is None else self.computed(self.bias)
        inputs = self.drop_inputs(inputs, training)
        return affine(inputs, self.computed(self.kernel), bias)

    def drop_inputs(self, inputs, training):
        """Return the inputs in the compute dtype, with dropout."""
        inputs = self.computed(inputs)
        if training and self.dropout:
            return drop_for_sequence(inputs, self.dropout, self.seed_generator)
        return inputs

    def begin_dropout(self, batch_size, training):
        """Draw the mask of h for a sequence; return the function that drops from h."""
        if not training or not self.recurrent_dropout:
            return lambda hidden: hidden
        shape = (batch_size, self.output_size)
        mask = dropout_mask(shape, self.recurrent_dropout, self.seed_generator, self.compute_dtype)
        return lambda hidden: hidden * mask

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "recurrent_activation": keras.activations.serialize(self.recurrent_activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": keras.initializers.serialize(self.recurrent_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "unit_forget_bias": self.unit_forget_bias,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
        }


def check_positive(name, size):
    """Return a size as it is, or say that it is none.

    Raises:
        ValueError: if the size is not a positive integer.
    """
    if not isinstance(size, int) or size <= 0:
        raise ValueError(f"`{name}` must be a positive integer, received {size}.")
    return size


def of_its_own(initializer):
    """Return an initializer for one more weight, of a seed of its own.

    An initializer of Keras gives the same numbers whenever it is called.
    """
    return initializer.clone() if hasattr(initializer, "clone") else initializer
