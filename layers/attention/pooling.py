"""A sequence as one vector."""

import keras
from keras import ops

from layers.attention.masks import masked_softmax

POOLINGS = ("last", "max", "mean", "attention")


@keras.saving.register_keras_serializable("working_memory")
class SequencePooling(keras.layers.Layer):
    """What is kept of a sequence: its end, its largest or its mean features, or a weighted mean.

        "last"       the features of the last real step; if `two_way`, of the second half of the
                     features those of the first real step, where a backward pass ends
        "max"        of each feature the largest value over the real steps
        "mean"       the mean over the real steps
        "attention"  Σ_t α_t h_t with α = softmax_t(u · tanh(W h_t + b)) over the real steps (Yang
                     et al. 2016, equations 5 to 7)

    Args:
        mode: one of these.
        two_way: for "last", whether the inputs are a forward and a backward half, as those of a
            bidirectional layer are.

    Call arguments:
        inputs: `(batch, time, features)`.
        mask: `(batch, time)`, True where a step is real; all are if None.

    Returns:
        Tensor `(batch, features)`; zeros for a row without a real step.

    Raises:
        ValueError: if `mode` is none of these, or `two_way` is asked of an odd number of features.
    """

    def __init__(self, mode, two_way=False, **kwargs):
        super().__init__(**kwargs)
        if mode not in POOLINGS:
            raise ValueError(f"`mode` must be one of {', '.join(POOLINGS)}, got {mode!r}.")
        self.mode = mode
        self.two_way = two_way
        self.supports_masking = True

    def build(self, inputs_shape):
        features = inputs_shape[-1]
        if self.mode == "last" and self.two_way and features % 2:
            raise ValueError(f"`two_way` needs an even number of features, got {features}.")
        if self.mode == "attention":
            self.kernel = self.add_weight(
                name="kernel", shape=(features, features), initializer="glorot_uniform"
            )
            self.bias = self.add_weight(name="bias", shape=(features,), initializer="zeros")
            self.query = self.add_weight(
                name="query", shape=(features, 1), initializer="glorot_uniform"
            )

    def call(self, inputs, mask=None):
        if mask is None:
            mask = ops.ones(ops.shape(inputs)[:2], "bool")
        mask = ops.cast(mask, "bool")
        if self.mode == "max":
            return self._largest(inputs, mask)
        weights = ops.cast(self.weights_of(inputs, mask), inputs.dtype)
        if self.mode != "last" or not self.two_way:
            return self._sum(weights, inputs)
        half = inputs.shape[-1] // 2
        first = ops.cast(_at(mask, _first(mask)), inputs.dtype)
        return ops.concatenate(
            [self._sum(weights, inputs[..., :half]), self._sum(first, inputs[..., half:])], axis=-1
        )

    def weights_of(self, inputs, mask):
        """How much each step counts, `(batch, time)`, summing to 1; for "max" there is no such.

        With `two_way`, for "last" this is so for the forward half.
        """
        if self.mode == "attention":
            hidden = ops.tanh(ops.matmul(inputs, self._cast(self.kernel)) + self._cast(self.bias))
            scores = ops.transpose(ops.matmul(hidden, self._cast(self.query)), (0, 2, 1))
            weights = masked_softmax(scores[:, None], mask[:, None])
            return ops.squeeze(weights, (1, 2))
        if self.mode == "last":
            last = ops.shape(mask)[1] - 1 - _first(ops.flip(mask, axis=1))
            return ops.cast(_at(mask, last), "float32")
        real = ops.cast(mask, "float32")
        return real / ops.maximum(ops.sum(real, axis=1, keepdims=True), 1.0)

    def _cast(self, weight):
        return ops.cast(weight, self.compute_dtype)

    @staticmethod
    def _sum(weights, inputs):
        return ops.squeeze(ops.matmul(ops.expand_dims(weights, 1), inputs), 1)

    @staticmethod
    def _largest(inputs, mask):
        hidden = ops.where(mask[:, :, None], inputs, ops.cast(-float("inf"), inputs.dtype))
        anything = ops.any(mask, axis=1, keepdims=True)
        return ops.where(anything, ops.max(hidden, axis=1), ops.zeros((), inputs.dtype))

    def compute_mask(self, inputs, previous_mask=None):
        return None

    def compute_output_shape(self, inputs_shape):
        return (inputs_shape[0], inputs_shape[-1])

    def get_config(self):
        return {**super().get_config(), "mode": self.mode, "two_way": self.two_way}


def _first(mask):
    """The first real step of each row, `(batch,)`; 0 where there is none."""
    return ops.cast(ops.argmax(ops.cast(mask, "int32"), axis=1), "int32")


def _at(mask, steps):
    """One-hot rows `(batch, time)` at those steps, where they are real."""
    here = ops.equal(ops.arange(ops.shape(mask)[1], dtype="int32"), ops.expand_dims(steps, -1))
    return ops.logical_and(here, mask)
