"""The training step every app shares: `fit`'s own loop, with what people want to see of a step."""

import keras
import tensorflow as tf

from .traces import note


class TrainableModel(keras.Model):
    """A Keras model whose loss is a sum over items (tokens, reviews) divided by their number.

    An app's model subclasses this, names its measurements in `measurements`, and computes them in
    `measure`. In the means, batches of different sizes weigh as much as they have items. `fit`,
    `evaluate` and callbacks see these logs: each measurement's mean over the epoch so far, `items`
    (the epoch's items so far), and in training `gradient_norm` (before clipping) and
    `learning_rate` of the last step.
    """

    measurements: tuple[str, ...] = ("loss",)

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._means = [keras.metrics.Mean(name=name) for name in self.measurements]
        self._items = keras.metrics.Sum(name="items")

    def measure(self, inputs, labels, training: bool):
        """Sums over the batch's items, and their number.

        Returns:
            `({name: scalar sum}, scalar number)` with a sum for each of `measurements`; the sum
            called "loss" is what training minimises.
        """
        raise NotImplementedError(f"{type(self).__name__} must define measure().")

    def computing_in(self, policy: str) -> "TrainableModel":
        """This model if it has that dtype policy, or a copy of it that has."""
        if self.dtype_policy.name == policy:
            return self
        copy = type(self).from_config({**self.get_config(), "dtype": policy})
        copy.build()
        copy.set_weights(self.get_weights())
        return copy

    @property
    def metrics(self):
        return [*self._means, self._items]

    @tf.autograph.experimental.do_not_convert  # nothing to convert, and tracing takes half as long
    def train_step(self, data):
        note("training step")
        inputs, labels = data
        with tf.GradientTape() as tape:
            sums, items = self.measure(inputs, labels, training=True)
            loss = sums["loss"] / tf.maximum(items, 1.0)
            scaled = self.optimizer.scale_loss(loss)
        variables = self.trainable_weights
        # A weight that takes no part has the gradient 0. Of a table that is gathered from, rows
        # come singly: a norm needs their sums.
        gradients = [
            tf.zeros(variable.shape) if one is None else tf.convert_to_tensor(one)
            for one, variable in zip(tape.gradient(scaled, variables), variables, strict=True)
        ]
        with tf.name_scope("optimizer"):  # as a profile shows it
            norm = tf.linalg.global_norm(gradients) / self.optimizer.scale_loss(1.0)
            self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return {
            **self._record(sums, items),
            "gradient_norm": norm,
            "learning_rate": tf.convert_to_tensor(self.optimizer.learning_rate),
        }

    @tf.autograph.experimental.do_not_convert
    def test_step(self, data):
        note("validation step")
        inputs, labels = data
        return self._record(*self.measure(inputs, labels, training=False))

    def _record(self, sums, items) -> dict:
        for mean in self._means:
            mean.update_state(sums[mean.name] / tf.maximum(items, 1.0), sample_weight=items)
        self._items.update_state(items)
        return {metric.name: metric.result() for metric in self.metrics}
