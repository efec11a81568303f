"""What each finding gives a training step of the translate app: its speed with it, by without."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from unittest import mock

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from apps.translate import model as app
from data import buckets
from data.buckets import Position
from data.tokenizer import PAD
from layers.attention import MultiHeadAttention
from layers.dropout import ByteDropout

from . import translate_speed
from .timing import interleaved_medians

BATCHES, ROUNDS = 8, 9


def plain_losses(hidden, embeddings, labels, weights, smoothing: float):
    """The sums of `token_losses` as a textbook writes them."""
    labels = tf.cast(labels, tf.int32)
    logits = tf.matmul(hidden, embeddings, transpose_b=True)
    classes = tf.shape(logits)[-1]
    wanted = tf.one_hot(labels, classes, 1.0 - smoothing, 0.0) + smoothing / tf.cast(
        classes, tf.float32
    )
    smoothed = tf.nn.softmax_cross_entropy_with_logits(wanted, logits)
    plain = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    correct = tf.cast(tf.argmax(logits, -1, tf.int32) == labels, tf.float32)
    return tuple(tf.tensordot(losses, weights, 1) for losses in (smoothed, plain, correct))


def plain_dropout(self, inputs, training=False):
    """Dropout as Keras has it, with a random float for each element."""
    if not training or not self.rate:
        return inputs
    return keras.random.dropout(inputs, self.rate, seed=self.seed_generator)


WITHOUT: dict[str, Callable[[], contextlib.AbstractContextManager]] = {
    "loss_with_its_own_gradient": lambda: mock.patch.object(app, "token_losses", plain_losses),
    "no_logits_for_padding": contextlib.nullcontext,  # see `_steps`
    "dropout_by_bytes": lambda: mock.patch.object(ByteDropout, "call", plain_dropout),
    "narrow_buckets": lambda: mock.patch.object(buckets, "GRAIN", 16),
}
"""Finding to what undoes it while the step is traced."""


def joined_products():
    """Has self-attention make queries, keys and values by one product, kernels side by side."""
    names, project, made = ("query", "key", "value"), MultiHeadAttention.project, {}

    def joined(self, inputs, name, axes=(0, 2, 1, 3)):
        if self.name == "memory_attention":
            return project(self, inputs, name, axes)
        if name == "query":
            weights = zip(*map(self._weights_of, names), strict=True)
            kernel, bias = (ops.concatenate(parts, axis=-1) for parts in weights)
            made[self.path] = ops.split(self._affine(inputs, kernel, bias), 3, axis=-1)
        outputs = made[self.path][names.index(name)]
        shape = (*ops.shape(outputs)[:2], self.num_heads, self.key_dim)
        return ops.transpose(ops.reshape(outputs, shape), axes)

    return mock.patch.object(MultiHeadAttention, "project", joined)


@contextlib.contextmanager
def in_bfloat16():
    """Has layers compute in bfloat16 and keep their weights in float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


BESIDE: dict[str, Callable[[], contextlib.AbstractContextManager]] = {
    "bfloat16": in_bfloat16,
    "joined_products": joined_products,
}
"""What a step does not have unless it is asked for, or at all, as it does not pay."""


def measure() -> dict[str, float]:
    """Finding to target tokens a second with it, by those without it.

    The contenders take turns at every step, as a machine that others use is fast by the minute.
    """
    steps = {"all": _steps("all")}
    for name, changed in {**WITHOUT, **BESIDE}.items():
        with changed():
            steps[name] = _steps(name)
        print(f"traced {name}", flush=True)
    runs = {(name, i): steps[name][0][i] for i in range(BATCHES) for name in steps}
    medians = interleaved_medians(runs, ROUNDS)
    rates = {
        name: tokens / sum(medians[name, i] for i in range(BATCHES))
        for name, (_, tokens) in steps.items()
    }
    found = {name: rates["all"] / rates[name] for name in WITHOUT}
    return {**found, **{name: rates[name] / rates["all"] for name in BESIDE}}


def _steps(name: str) -> tuple[list[Callable[[], None]], int]:
    """Functions that take a step each, traced here, and the target tokens of them all."""
    model, data = translate_speed.translator()
    batches = list(data.train.training(Position()).take(BATCHES))
    # What the loss goes by; the step below is not compiled by XLA all the same.
    model.jit_compile = name == "no_logits_for_padding"
    step = tf.function(model.train_step, autograph=False, reduce_retracing=True)

    def run(batch) -> None:
        step(batch)["loss"].numpy()

    for batch in batches:
        run(batch)
    tokens = sum(int(np.count_nonzero(labels != PAD)) for _, labels in batches)
    return [partial(run, batch) for batch in batches], tokens
