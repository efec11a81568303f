"""Attentions that move through a memory in one direction."""

import math

import keras
from keras import ops

from layers.attention.additive import AdditiveAttention
from layers.attention.content import ContentAttention
from layers.attention.luong import LuongAttention

MODES = ("hard", "soft")
BLOCK = 16  # steps whose products are computed at once
SMALLEST = 1e-9  # of 1 - p: its logarithm, and the gradient of that, stay finite
MARGIN = 1e-6  # a uniform number nearer to 0 or 1 would give an infinite normal one


def expected_alignment(chosen, previous):
    """The weights that a monotonic attention gives on average.

        q_ij = (1 - p_i,j-1) q_i,j-1 + a_i-1,j,   a_ij = p_ij q_ij

    (Raffel et al. 2017, eq. 13-14), with p_i0 = q_i0 = 0. The paper's parallel form (app. C.1)
    divides by products of 1 - p, which vanish. Here these products are differences of sums of
    logarithms, of at most a block of steps, and never larger than 1; blocks are then steps of the
    same recursion. So there is no loop, and memory_time may be unknown when it is traced.

    Args:
        chosen: float32 tensor `(batch, queries, memory_time)`, p_ij.
        previous: tensor of the same shape, a_i-1.

    Returns:
        Tensor of the same shape, a_i. It sums to at most 1 over the memory: what is missing is
        the share that went past the end.
    """
    time = ops.shape(chosen)[-1]
    moves = _blocks(ops.log(ops.maximum(1 - chosen, SMALLEST)))
    inside = _arrivals(moves, _blocks(previous))
    leaving = inside[..., -1] * ops.exp(moves[..., -1])
    entering = ops.pad(leaving, ((0, 0), (0, 0), (1, 0)))[..., :-1]
    entering = _arrivals(ops.sum(moves, axis=-1), entering)
    arrived = inside + ops.expand_dims(entering, -1) * ops.exp(_sum_before(moves))
    arrived = ops.reshape(arrived, (*ops.shape(chosen)[:2], -1))[..., :time]
    return chosen * arrived


def _arrivals(moves, previous):
    """q_j = sum_{k <= j} a_k prod_{k <= l < j} (1 - p_l) on the last axis, given log(1 - p)."""
    before = _sum_before(moves)
    passed = ops.expand_dims(before, -1) - ops.expand_dims(before, -2)
    steps = ops.arange(ops.shape(moves)[-1], dtype="int32")
    reached = ops.expand_dims(steps, 1) >= ops.expand_dims(steps, 0)
    passed = ops.exp(ops.where(reached, passed, 0.0)) * ops.cast(reached, moves.dtype)
    return ops.sum(passed * ops.expand_dims(previous, -2), axis=-1)


def _sum_before(x):
    return ops.cumsum(x, axis=-1) - x


def _blocks(x):
    """Cut `(batch, queries, time)` to `(batch, queries, blocks, BLOCK)`, zeros at the end."""
    batch_size, queries, time = ops.shape(x)
    missing = -time % BLOCK
    if not isinstance(missing, int) or missing:
        end = ops.zeros((batch_size, queries, missing), x.dtype)
        x = ops.concatenate([x, end], axis=-1)
    return ops.reshape(x, (batch_size, queries, -1, BLOCK))


def first_alignment(chosen, previous):
    """Where a monotonic attention stops: the first step chosen from the previous stop on.

    Args:
        chosen: tensor `(batch, queries, memory_time)` of 0 and 1.
        previous: tensor of the same shape, 1 at the previous stop and 0 elsewhere.

    Returns:
        Tensor of the same shape, 1 at the stop; all 0 if there is none.
    """
    chosen = chosen * ops.cumsum(previous, axis=-1)
    return chosen * ops.cast(ops.cumsum(chosen, axis=-1) < 1.5, chosen.dtype)


class MonotonicAttention(ContentAttention):
    """Puts the monotonic alignment in the place of the softmax; to be mixed with a score.

    See `MonotonicLuongAttention` for arguments and equations.
    """

    def __init__(self, *args, mode="hard", sigmoid_noise=0.0, score_bias=0.0, seed=None, **kwargs):
        super().__init__(*args, **kwargs)
        if mode not in MODES:
            raise ValueError(f"`mode` must be one of {MODES}, received {mode!r}.")
        if sigmoid_noise < 0:
            raise ValueError(f"`sigmoid_noise` must be at least 0, received {sigmoid_noise}.")
        self.mode = mode
        self.sigmoid_noise = sigmoid_noise
        self.score_bias = score_bias
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, query_shape, value_shape):
        """Create the weights of the score, and r."""
        super().build(query_shape, value_shape)
        initializer = keras.initializers.Constant(self.score_bias)
        self.offset = self.add_weight(shape=(), initializer=initializer, name="offset")

    @property
    def state_count(self):
        """That of the score, and one for the alignment."""
        return super().state_count + 1

    @property
    def draws(self):
        """Whether there is noise."""
        return self.sigmoid_noise > 0

    def draw(self, leading):
        """Draw a uniform number for each query, `(*leading, 1)`."""
        return keras.random.uniform((*leading, 1), seed=self.seed_generator)

    def begin_state(self, rows, memory_time):
        """Return the state of the score, and an alignment with the first step of the memory."""
        steps = ops.arange(memory_time, dtype="int32")
        first = ops.cast(ops.expand_dims(steps, 0) < 1, "float32")
        first = ops.broadcast_to(first, (rows, memory_time))
        return [*super().begin_state(rows, memory_time), first]

    def next_state(self, state, weights):
        """Return the next state of the score, and the weights."""
        return [*super().next_state(state[:-1], weights), weights]

    def bind_weights(self, value, value_mask, training):
        """Prepare the alignment: what is masked is never chosen, but passed by."""
        offset = ops.cast(self.offset, "float32")
        hard = self.mode == "hard" and not training
        allowed = None
        if value_mask is not None:
            allowed = ops.expand_dims(ops.cast(value_mask, "float32"), 1)
        noise = None
        if training and self.draws:
            shape = (ops.shape(value)[0], 1, ops.shape(value)[1])
            noise = keras.random.uniform(shape, seed=self.seed_generator)

        def weigh(scores, state, draw):
            scores = scores + offset
            if noise is not None:
                scores = scores + self.sigmoid_noise * _normal(noise + draw)
            chosen = ops.cast(scores > 0, "float32") if hard else ops.sigmoid(scores)
            if allowed is not None:
                chosen = chosen * allowed
            align = first_alignment if hard else expected_alignment
            return align(chosen, state[-1])

        return weigh

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "mode": self.mode,
            "sigmoid_noise": self.sigmoid_noise,
            "score_bias": self.score_bias,
            "seed": self.seed,
        }


def _normal(total):
    """Turn the sum of two uniform numbers, one of the step and one of the query, into a normal.

    What is left of a whole number is uniform again, and independent of either of the two. So a
    number for each step and one for each query, drawn before the loop, make noise of which any
    two numbers are independent.
    """
    uniform = ops.clip(total - ops.floor(total), MARGIN, 1 - MARGIN)
    return math.sqrt(2) * ops.erfinv(2 * uniform - 1)


@keras.saving.register_keras_serializable("working_memory")
class MonotonicLuongAttention(MonotonicAttention, LuongAttention):
    """`LuongAttention` that only moves forward (Raffel, Luong, Liu, Weiss & Eck 2017).

        p_ij = sigmoid(score(q_i, m_j) + r)                                      (eq. 11-12)
        a_ij = p_ij q_ij,   q_ij = (1 - p_i,j-1) q_i,j-1 + a_i-1,j               (eq. 13-14)
        context_i = sum_j a_ij m_j

    Each query starts where the one before it stopped, and stops at step j with probability p_ij,
    or else goes one on. Training sees the expectation a_ij over all of this. Inference stops
    at the first step with p_ij > 1/2 (sec. 2.2, 2.5), which is fast and never looks ahead; past the
    end of the memory context and weights are zero, and stay zero. The queries are taken in their
    order. The state is the alignment a_i, before the first query 1 at the first step.

    The weights of a query sum to at most 1. Masked steps are passed by.

    Args:
        score: see `LuongAttention`.
        scale: see `LuongAttention`.
        mode: what inference does: "hard" stops, "soft" takes the expectation, as training does.
        sigmoid_noise: standard deviation of the normal noise that training adds to the scores
            (sec. 2.5), so that the model learns to be sure: with 1, p nears 0 and 1.
        score_bias: the first value of r, which is trained. A negative one (-1 to -4) lets a long
            memory be read from the start to its end at first.
        seed: seed of the noise.

    Call arguments and results are those of `ContentAttention`.

    Raises:
        ValueError: if `mode` or `score` is unknown, or `sigmoid_noise` is negative.
    """


@keras.saving.register_keras_serializable("working_memory")
class MonotonicAdditiveAttention(MonotonicAttention, AdditiveAttention):
    """`AdditiveAttention` that only moves forward (Raffel, Luong, Liu, Weiss & Eck 2017).

    With `normalize=True` its score is that of the paper (eq. 16), g v/|v| . tanh(W q + U m + b)
    + r. The state is the coverage, if there is any, and the alignment.

    Args:
        units: see `AdditiveAttention`.
        normalize: see `AdditiveAttention`.
        coverage: see `AdditiveAttention`.
        mode: see `MonotonicLuongAttention`, as for all that follow.
        sigmoid_noise: standard deviation of the noise in training.
        score_bias: the first value of r.
        seed: seed of the noise.

    Call arguments and results are those of `ContentAttention`.

    Raises:
        ValueError: if `mode` is unknown, `sigmoid_noise` is negative, or `units` is not a
            positive integer.
    """
