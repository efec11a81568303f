"""Times that can be compared: contenders take turns in one process, and medians are kept."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Hashable, Mapping

import keras


def train_step(layer: keras.layers.Layer, inputs, xla: bool) -> Callable[[], None]:
    """Makes the train step of a layer: forward, and the gradient of all its weights.

    Args:
        layer: the layer, called with one tensor.
        inputs: array that it is called with.
        xla: whether XLA compiles the step; on JAX it always does.

    Returns:
        Function that runs a step and waits for it. It has run already, so it is compiled.
    """
    layer(inputs[:1])
    make = {"tensorflow": _tensorflow_step, "jax": _jax_step}[keras.config.backend()]
    step = make(layer, inputs, xla)
    step()
    step()
    return step


def interleaved_medians(
    steps: Mapping[Hashable, Callable[[], None]], rounds: int = 15
) -> dict[Hashable, float]:
    """The median time of each function in seconds; they take turns, `rounds` times."""
    times = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in times.items()}


def _tensorflow_step(layer, inputs, xla):
    import tensorflow as tf

    inputs = tf.constant(inputs)

    @tf.function(jit_compile=xla)
    def gradients():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(layer(inputs, training=True)))
        return loss, tape.gradient(loss, layer.trainable_variables)

    return lambda: gradients()[0].numpy()


def _jax_step(layer, inputs, xla):
    import jax

    inputs = jax.device_put(inputs)
    variables = [variable.value for variable in layer.trainable_variables]
    rest = [variable.value for variable in layer.non_trainable_variables]

    def loss(variables, inputs):
        outputs, _ = layer.stateless_call(variables, rest, inputs, training=True)
        return (outputs**2).mean()

    gradients = jax.jit(jax.value_and_grad(loss))
    return lambda: jax.block_until_ready(gradients(variables, inputs))
