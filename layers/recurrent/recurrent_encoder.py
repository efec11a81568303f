"""Recurrent layers as an encoder."""

import keras
from keras import ops

from layers.recurrent.cell import check_rate, clone_cell, drop_for_sequence
from layers.recurrent.recurrent import Recurrent


@keras.saving.register_keras_serializable("working_memory")
class RecurrentEncoder(keras.layers.Layer):
    """A stack of recurrent layers from sequence to sequence, made from any cell.

    A bidirectional layer (Schuster & Paliwal 1997) runs the cell over the sequence in both
    directions and concatenates the two outputs of each step, so it gives `2 * cell.output_size`
    features.

    Args:
        cell: the cell of each layer and direction, a `Cell` or a cell of Keras; the layers run
            copies of its configuration under the dtype policy of this layer.
        layers: number of layers.
        dropout: share of the outputs of each layer to drop; one mask per sequence and layer (Gal
            & Ghahramani 2016).
        bidirectional: whether each layer runs in both directions.
        seed: seed of the dropout masks.

    Call arguments:
        inputs: tensor `(batch, time, features)`.
        mask: boolean tensor `(batch, time)`, True = keep.
        training: whether dropout is on.

    Returns:
        Tensor `(batch, time, units)`, zero at padded steps; units is `output_size` of the cell,
        or twice that.

    Raises:
        ValueError: if there is no layer or `dropout` is not in [0, 1).
    """

    return_sequences = True

    def __init__(self, cell, layers=1, dropout=0.0, bidirectional=True, seed=None, **kwargs):
        super().__init__(**kwargs)
        if layers < 1:
            raise ValueError(f"`layers` must be at least 1, received {layers}.")
        self.dropout = check_rate("dropout", dropout)
        self.bidirectional = bidirectional
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True
        self.stack = [
            self._layer(cell, self.return_sequences or index < layers - 1)
            for index in range(layers)
        ]

    def _layer(self, cell, return_sequences):
        policy = self.dtype_policy
        layer = Recurrent(
            clone_cell(cell, policy),
            return_sequences=return_sequences,
            zero_output_for_mask=return_sequences,
            dtype=policy,
        )
        return keras.layers.Bidirectional(layer, dtype=policy) if self.bidirectional else layer

    def build(self, inputs_shape):
        """Build each layer on the output of the one below."""
        for layer in self.stack:
            layer.build(inputs_shape)
            inputs_shape = layer.compute_output_shape(inputs_shape)

    def look_up(self, table, ids, mask=None):
        """The same as `self(table[ids], mask=mask)` with less arithmetic, see `Recurrent.look_up`.

        Args:
            table: tensor `(rows, features)`.
            ids: integers `(batch, time)`, rows of the table.
            mask: boolean tensor `(batch, time)`, True = keep.
        """
        first, *above = self.stack
        if self.bidirectional:
            outputs = first.forward_layer.look_up(table, ids, mask)
            backward = first.backward_layer.look_up(table, ids, mask)
            if first.return_sequences:
                backward = ops.flip(backward, axis=1)
            outputs = ops.concatenate([outputs, backward], axis=-1)
        else:
            outputs = first.look_up(table, ids, mask)
        return self._run(above, outputs, mask, training=False)

    def call(self, inputs, mask=None, training=False):
        """Run all layers; see the class for arguments and results."""
        return self._run(self.stack, inputs, mask, training)

    def _run(self, layers, outputs, mask, training):
        for layer in layers:
            outputs = layer(outputs, mask=mask, training=training)
            if training and self.dropout:
                outputs = drop_for_sequence(outputs, self.dropout, self.seed_generator)
        return outputs

    def compute_mask(self, inputs, previous_mask=None):
        """The outputs carry the mask of the inputs on, as long as they are a sequence."""
        return previous_mask if self.return_sequences else None

    def compute_output_shape(self, inputs_shape):
        """Return the shape of the outputs."""
        for layer in self.stack:
            inputs_shape = layer.compute_output_shape(inputs_shape)
        return tuple(inputs_shape)

    def get_config(self):
        """Return the constructor's arguments."""
        first = self.stack[0].forward_layer if self.bidirectional else self.stack[0]
        cell = keras.saving.serialize_keras_object(first.cell)
        cell.pop("build_config", None)  # it serves as a pattern, so it needs no weights
        return {
            **super().get_config(),
            "cell": cell,
            "layers": len(self.stack),
            "dropout": self.dropout,
            "bidirectional": self.bidirectional,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make the layer and its cells from a configuration."""
        cell = keras.saving.deserialize_keras_object(config["cell"], custom_objects=custom_objects)
        return cls(**{**config, "cell": cell})
