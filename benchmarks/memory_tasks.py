"""What the benchmark of long memory asks of a cell: two tasks to learn and a gradient to follow."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from layers.recurrent import Cell, Recurrent

SYMBOLS, SHOWN = 8, 2
"""Delayed recall: how many different symbols there are, and how many of them are shown."""

SHORTEST = SHOWN + 1
"""Steps that both tasks need at least, from where they begin to the last step."""

WARM_UP = 0.05
"""Share of the steps in which the learning rate rises; in the others it falls, as a cosine."""
CLIP = 1.0
TEST_ROWS = 1024
GRADIENT_ROWS, GRADIENT_FEATURES = 64, 16

MakeCell = Callable[[], keras.layers.Layer]
Batch = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Task:
    """Something to learn that takes a memory as long as the sequence.

    In training a row begins at a random step, so that a cell meets every distance up to the
    longest; it is tested on the longest alone.
    """

    name: str
    metric: str
    features: int
    answer: tuple[int, ...]
    """The shape of what the model says at the last step."""
    loss: keras.losses.Loss
    baseline: float
    """The metric of the best answer that does not look at the sequence."""
    title: str
    """What a plot of the metric is headed with, the length in it as `{length}`."""
    draw: Callable[[np.random.Generator, np.ndarray, int], Batch]
    """Makes inputs `(batch, length, features)` and targets, from where each row begins."""
    score: Callable[[np.ndarray, np.ndarray], float]
    """The metric of answers and targets."""

    def batches(self, rng: np.random.Generator, rows: int, length: int) -> Iterator[Batch]:
        """Batches to train on, without end."""
        while True:
            yield self.draw(rng, rng.integers(0, length - SHORTEST + 1, rows), length)


def draw_adding(rng: np.random.Generator, begin: np.ndarray, length: int) -> Batch:
    """Pairs (value, marker); the target is the sum of the two values that are marked.

    The adding problem of Hochreiter & Schmidhuber (1997): values are uniform between 0 and 1, one
    marker is in the first half of the sequence, the other in the second: halves of what comes
    from `begin` on, before which nothing is marked.
    """
    rows = np.arange(len(begin))
    half = begin + (length - begin) // 2
    values = rng.random((len(begin), length), "float32")
    markers = np.zeros_like(values)
    markers[rows, rng.integers(begin, half)] = 1
    markers[rows, rng.integers(half, length)] = 1
    return np.stack([values, markers], -1), (values * markers).sum(1, keepdims=True)


def draw_recall(rng: np.random.Generator, begin: np.ndarray, length: int) -> Batch:
    """Symbols from `begin` on, blanks, and at the last step the sign to say all of them, in order.

    Inputs are one-hot: the symbols, the blank, the sign. Before `begin`, there are blanks.
    """
    shown = rng.integers(0, SYMBOLS, (len(begin), SHOWN))
    steps = np.full((len(begin), length), SYMBOLS)
    steps[np.arange(len(begin))[:, None], begin[:, None] + np.arange(SHOWN)] = shown
    steps[:, -1] = SYMBOLS + 1
    return np.eye(SYMBOLS + 2, dtype="float32")[steps], shown


TASKS = (
    Task(
        name="adding",
        metric="mse",
        features=2,
        answer=(1,),
        loss=keras.losses.MeanSquaredError(),
        baseline=1 / 6,
        title="Adding two numbers over {length} steps:\nmean squared error",
        draw=draw_adding,
        score=lambda answers, targets: float(np.mean((answers - targets) ** 2)),
    ),
    Task(
        name="recall",
        metric="accuracy",
        features=SYMBOLS + 2,
        answer=(SHOWN, SYMBOLS),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        baseline=1 / SYMBOLS,
        title=f"Recalling {SHOWN} symbols after {{length}} steps:\naccuracy",
        draw=draw_recall,
        score=lambda answers, targets: float(np.mean(answers.argmax(-1) == targets)),
    ),
)


def learn(
    make: MakeCell, task: Task, length: int, steps: int, batch: int, rate: float, seed: int
) -> tuple[float, float]:
    """Trains one layer of a cell, with a linear layer on its last output, on a task.

    Args:
        make: makes the cell; its initial weights are those of `seed`.
        task: the task.
        length: steps of a sequence.
        steps: training steps.
        batch: sequences of a training step.
        rate: the highest learning rate.
        seed: seed of weights and sequences.

    Returns:
        The metric on `TEST_ROWS` sequences of the full length, and the seconds that training took.
    """
    random.seed(seed)  # what Keras draws the seeds of initial weights from
    cell = make()
    inputs = keras.Input((length, task.features))
    answers = keras.layers.Dense(math.prod(task.answer))(Recurrent(cell)(inputs))
    answers = keras.layers.Reshape(task.answer)(answers)
    model = keras.Model(inputs, answers)
    warm_up = math.ceil(WARM_UP * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), warmup_target=rate, warmup_steps=warm_up
    )
    optimizer = keras.optimizers.Adam(schedule, global_clipnorm=CLIP)
    # XLA halves the time of a loop; a cell that needs none takes longer to compile than it gains.
    has_loop = getattr(type(cell), "parallel", Cell.parallel) is Cell.parallel
    model.compile(optimizer, task.loss, jit_compile=has_loop)

    started = time.monotonic()
    batches = task.batches(np.random.default_rng([seed, 0]), batch, length)
    model.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0)
    seconds = time.monotonic() - started
    begin = np.zeros(TEST_ROWS, int)
    inputs, targets = task.draw(np.random.default_rng([seed, 1]), begin, length)
    answers = keras.ops.convert_to_numpy(model(inputs))
    return task.score(answers, targets), seconds


def gradient_ratios(make: MakeCell, distances: Sequence[int], seed: int) -> dict[int, float]:
    """How much of the gradient is left at each distance, before any training.

    That is |d output_T / d input_{T-k}| / |d output_T / d input_T| for each distance k, where |.|
    is the Frobenius norm, as a root mean square over random inputs: the gradient of the output
    times a random vector has the same mean square, and takes one pass backward.

    Args:
        make: makes a cell that computes in float64, so that the smallest ratios do not vanish.
        distances: the distances.
        seed: seed of weights, inputs and vectors.
    """
    random.seed(seed)
    rng = np.random.default_rng([seed, 2])
    inputs = tf.constant(rng.normal(size=(GRADIENT_ROWS, max(distances) + 1, GRADIENT_FEATURES)))
    layer = Recurrent(make(), dtype="float64")
    vectors = tf.constant(rng.normal(size=layer.compute_output_shape(inputs.shape)))

    @tf.function
    def gradient():
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            product = tf.reduce_sum(layer(inputs) * vectors)
        return tape.gradient(product, inputs)

    norms = np.sqrt(np.mean(np.sum(np.square(gradient()), axis=-1), axis=0))
    return {distance: float(norms[-1 - distance] / norms[-1]) for distance in distances}
