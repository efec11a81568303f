"""Recurrent layers with an attention as a decoder."""

import keras
from keras import ops

# The package and not its names: the two packages need each other, and either may come first.
from layers import attention as attentions
from layers.recurrent.cell import clone_cell
from layers.recurrent.loop import run
from layers.recurrent.stacked_cell import StackedCell


@keras.saving.register_keras_serializable("working_memory")
class RecurrentDecoder(keras.layers.Layer):
    """Cells with an attention at the top and input feeding to the bottom, made from any cell.

    The decoder of Luong, Pham & Manning (2015): an `AttentionCell` around the cell, or around a
    stack of them. What stands in the memory reaches the first step, too, through the attentional
    vector that is fed to it:

        a_0 = tanh(W_0 mean_s(memory_s) + b_0)

    with the mean over the steps that the memory's mask keeps. The cells start from their own
    initial states, whatever these are, so this holds for every cell.

    Args:
        cell: the `Cell` of each layer; the layers run copies of its configuration under the
            dtype policy of this layer.
        layers: number of layers.
        attention: a `ContentAttention`, such as `LuongAttention`, a copy of which is used;
            `LuongAttention()` when None.
        dropout: share of the outputs of each layer, and of the attentional vector, to drop; one
            mask per sequence and layer (Gal & Ghahramani 2016).
        seed: seed of the dropout masks.

    Call arguments:
        inputs: tensor `(batch, time, features)`.
        memory: tensor `(batch, memory_time, memory_features)`.
        mask: boolean tensor `(batch, time)`, True = keep. A padded step changes no state.
        memory_mask: boolean tensor `(batch, memory_time)`, True = may attend.
        training: whether dropout is on.
        return_attention_scores: return `(outputs, weights)`.

    Returns:
        The attentional vectors `(batch, time, cell.output_size)`, zero at padded steps; with the
        weights on the memory `(batch, 1, time, memory_time)`, the 1 being that of one head.

    Raises:
        ValueError: if there is no layer, `dropout` is not in [0, 1), or `begin` comes before the
            layer is built.
    """

    def __init__(self, cell, layers=1, attention=None, dropout=0.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        if layers < 1:
            raise ValueError(f"`layers` must be at least 1, received {layers}.")
        policy = self.dtype_policy
        cells = [clone_cell(cell, policy) for _ in range(layers)]
        inner = cells[0]
        if layers > 1:
            inner = StackedCell(cells, dropout=dropout, seed=seed, dtype=policy)
        if attention is not None:
            attention = clone_cell(attention, policy)
        self.cell = attentions.AttentionCell(
            inner, attention, dropout=dropout, seed=seed, dtype=policy
        )
        self.layers = layers
        self.dropout = dropout
        self.seed = seed
        self.supports_masking = True

    @property
    def units(self):
        """The size of the outputs."""
        return self.cell.units

    def build(self, inputs_shape, memory_shape):
        """Build the cells, and W_0 and b_0."""
        self.cell.build((inputs_shape[0], inputs_shape[-1]), memory_shape)
        self.initial_kernel = self.add_weight(
            shape=(memory_shape[-1], self.units), name="initial_kernel"
        )
        self.initial_bias = self.add_weight(
            shape=(self.units,), initializer="zeros", name="initial_bias"
        )

    def call(
        self,
        inputs,
        memory,
        mask=None,
        memory_mask=None,
        training=False,
        return_attention_scores=False,
    ):
        """Decode with all inputs known; see the class for arguments and results."""
        batch_size = ops.shape(inputs)[0]
        step = self.cell.begin(
            batch_size,
            training=training,
            memory=memory,
            memory_mask=memory_mask,
            return_attention_scores=return_attention_scores,
        )
        _, outputs, _ = run(
            step,
            self.cell.project(inputs, training=training),
            self._initial_states(memory, memory_mask),
            mask,
            zero_output_for_mask=True,
        )
        if return_attention_scores:
            weights = ops.expand_dims(outputs[..., self.units :], 1)
            return outputs[..., : self.units], weights
        return outputs

    def begin(self, memory, memory_mask=None, max_length=None, return_attention_scores=False):
        """Start decoding step by step, with the same numbers as `call`.

        Args:
            memory: tensor `(batch, memory_time, memory_features)`.
            memory_mask: boolean tensor `(batch, memory_time)`, True = may attend.
            max_length: number of steps at most; this decoder, whose state does not grow, has no
                need to know.
            return_attention_scores: let `step` return the weights on the memory, too.

        Returns:
            `(step, state)`. `step(inputs, state) -> (outputs, state)` takes inputs `(rows,
            features)` and gives outputs `(rows, units)`; with the weights, `(outputs, state,
            weights)`, these `(rows, memory_time)`. The state is a tuple of tensors `(rows, ...)`.
            At first rows is batch; a state whose rows were repeated (row r for sentence r //
            beam) may be given as well.
        """
        if not self.built:
            raise ValueError("RecurrentDecoder must be called once before `begin`.")
        memory = self.cell.computed(memory)
        cell_step = self.cell.begin(
            ops.shape(memory)[0],
            memory=memory,
            memory_mask=memory_mask,
            return_attention_scores=return_attention_scores,
        )

        def step(inputs, state):
            outputs, state = cell_step(self.cell.project(inputs), list(state))
            if not return_attention_scores:
                return outputs, tuple(state)
            return outputs[:, : self.units], tuple(state), outputs[:, self.units :]

        return step, tuple(self._initial_states(memory, memory_mask))

    def _initial_states(self, memory, memory_mask):
        if memory_mask is None:
            mean = ops.mean(memory, axis=1)
        else:
            # In float32, since a sum over a long memory may overflow float16.
            keep = ops.cast(ops.expand_dims(memory_mask, -1), "float32")
            total = ops.sum(ops.cast(memory, "float32") * keep, axis=1)
            mean = self.cell.computed(total / ops.maximum(ops.sum(keep, axis=1), 1.0))
        fed = ops.matmul(mean, self.cell.computed(self.initial_kernel))
        fed = ops.tanh(fed + self.cell.computed(self.initial_bias))
        *states, _ = self.cell.get_initial_state(ops.shape(memory)[0], memory=memory)
        return [*states, fed]

    def compute_mask(self, inputs, previous_mask=None):
        """The outputs carry the mask of the inputs on."""
        return previous_mask

    def compute_output_shape(self, inputs_shape, memory_shape=None):
        """Return the shape of the outputs."""
        return (*inputs_shape[:-1], self.units)

    def compute_output_spec(
        self,
        inputs,
        memory,
        mask=None,
        memory_mask=None,
        training=False,
        return_attention_scores=False,
    ):
        """Return the symbolic outputs, and the weights if they are asked for."""
        outputs = keras.KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)
        if not return_attention_scores:
            return outputs
        shape = (inputs.shape[0], 1, inputs.shape[1], memory.shape[1])
        return outputs, keras.KerasTensor(shape, self.compute_dtype)

    def get_config(self):
        """Return the constructor's arguments."""
        inner = self.cell.cell
        first = inner.cells[0] if self.layers > 1 else inner
        parts = {"cell": first, "attention": self.cell.attention}
        parts = {name: keras.saving.serialize_keras_object(part) for name, part in parts.items()}
        for part in parts.values():
            part.pop("build_config", None)  # they serve as patterns, so they need no weights
        return {
            **super().get_config(),
            **parts,
            "layers": self.layers,
            "dropout": self.dropout,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make the layer and its parts from a configuration."""
        parts = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in ("cell", "attention")
        }
        return cls(**{**config, **parts})
