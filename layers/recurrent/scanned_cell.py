"""What the cells have in common whose gates see the inputs alone."""

import keras
import numpy as np
from keras import ops

from layers.recurrent.cell import Cell, check_rate, drop_for_sequence
from layers.recurrent.gated_cell import check_positive
from layers.recurrent.scan import linear_scan


class ScannedCell(Cell):
    """Base class of cells that need no loop, since nothing is fed back into their gates.

    The gates are computed from W x_t + b; the weights of all of them stand side by side, in the
    order of `gates`: `kernel` W `(features, size)`, `bias` b `(size,)`. What is left to do step by
    step is linear in the state, and a scan does it for the whole sequence.

    A cell says how large its gates are in `gates`, and writes its equations in `recurrence` where
    h is all that it remembers. One that remembers more writes `begin` and `parallel`.

    Dropout is that of Gal & Ghahramani (2016): one mask per sequence for the inputs.

    Args:
        units: size of the output.
        use_bias: whether there is a bias.
        kernel_initializer: initializer of W.
        bias_initializer: initializer of b.
        dropout: share of the inputs to drop.
        seed: seed of the dropout masks.

    Raises:
        ValueError: if `units` is not positive or the dropout rate is not in [0, 1).
    """

    def __init__(
        self,
        units,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        dropout=0.0,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = check_positive("units", units)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.dropout = check_rate("dropout", dropout)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.state_size = [units]
        self.output_size = units

    @property
    def gates(self):
        """The name of each gate, and its size, in the order of the weights."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its gates are.")

    def recurrence(self, projected):
        """Compute the two tensors of h_t = decay_t * h_{t-1} + value_t.

        Args:
            projected: what `project` returned, `(..., size)`.

        Returns:
            `(decay, value)`, each `(..., units)`.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement recurrence().")

    def build(self, input_shape):
        """Create the weights for inputs `(batch, features)`."""
        size = sum(self.gates.values())
        self.kernel = self.add_weight(
            shape=(input_shape[-1], size), initializer=self.kernel_initializer, name="kernel"
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(shape=(size,), initializer=self.initial_bias, name="bias")

    def initial_bias(self, shape, dtype=None):
        """Return the bias to start from."""
        return self.bias_initializer(shape, dtype=dtype)

    @property
    def project_draws(self):
        """Whether inputs are dropped."""
        return self.dropout > 0

    def project(self, inputs, training=False):
        """Return W x + b, `(..., size)`, for inputs `(..., features)`."""
        inputs = self.computed(inputs)
        if training and self.dropout:
            inputs = drop_for_sequence(inputs, self.dropout, self.seed_generator)
        kernel = self.input_kernel()
        if self.bias is None:
            return ops.matmul(inputs, kernel)
        bias = self.computed(self.bias)
        if len(inputs.shape) == 2:
            return ops.matmul(inputs, kernel) + bias
        # A bias that is one more row of the kernel has its gradient in the product, too. The sum
        # over all steps that it takes otherwise is slow on a CPU.
        inputs = ops.concatenate([inputs, ops.ones_like(inputs[..., :1])], axis=-1)
        return ops.matmul(inputs, ops.concatenate([kernel, ops.expand_dims(bias, 0)], axis=0))

    def input_kernel(self):
        """Return W in the compute dtype."""
        return self.computed(self.kernel)

    def split(self, projected):
        """Cut `(..., size)` into one tensor for each of the gates."""
        ends = np.cumsum(list(self.gates.values())).tolist()
        return ops.split(projected, ends[:-1], axis=-1)

    def begin(self, batch_size, training=False):
        """Return the step from W x + b and `[h]` to `(h, [h])`."""

        def step(projected, states):
            decay, value = self.recurrence(projected)
            hidden = decay * states[0] + value
            return hidden, [hidden]

        return step

    def parallel(self, projected, states, mask=None, training=False):
        """Run a whole sequence by a scan."""
        decay, value = self.recurrence(projected)
        if mask is not None:
            keep = ops.expand_dims(ops.cast(mask, "bool"), -1)
            decay = ops.where(keep, decay, ops.ones_like(decay))
            value = ops.where(keep, value, ops.zeros_like(value))
        outputs = linear_scan(decay, value, states[0])
        return outputs, [outputs[:, -1]]

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "dropout": self.dropout,
            "seed": self.seed,
        }
