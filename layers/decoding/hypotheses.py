"""What decoding strategies share: their result, the candidates of a step, limits and penalty."""

from typing import Any, NamedTuple

from keras import ops

GROUP = 32  # tokens of which `top_tokens` takes the maximum first


class Hypotheses(NamedTuple):
    """What a decoding strategy found, best first.

    Attributes:
        tokens: `(batch, hypotheses, max_length)` int32. The start token is left out, the end
            token is part of the sequence, and padding follows it.
        scores: `(batch, hypotheses)` float32, the log-probability divided by the length penalty.
        lengths: `(batch, hypotheses)` int32, tokens up to and including the end token.

    Where fewer hypotheses exist than were asked for, the rest have the score minus infinity and
    the length 0.
    """

    tokens: Any
    scores: Any
    lengths: Any


def penalty(length, alpha):
    """Return `((5 + length) / 6) ** alpha` (Wu et al. 2016, equation 14) as float32.

    A log-probability divided by it is less of a disadvantage to long hypotheses the larger
    `alpha` is; 0 is no penalty.
    """
    return ops.power((5.0 + ops.cast(length, "float32")) / 6.0, alpha)


def top_tokens(logits, count):
    """The `count` highest logits of each row and their tokens, as `keras.ops.top_k` gives them.

    For a large vocabulary this takes the maxima of groups of tokens first, since the highest
    `count` tokens are in the `count` groups with the highest maxima: a third of the time of
    `top_k` over 8,000 tokens on a CPU. Among equal logits another may be chosen.
    """
    vocabulary = logits.shape[-1]
    groups = -(-vocabulary // GROUP)
    if groups < 2 * count:
        return ops.top_k(logits, count)
    if groups * GROUP != vocabulary:
        logits = ops.pad(
            logits, ((0, 0), (0, groups * GROUP - vocabulary)), constant_values=-float("inf")
        )
    logits = ops.reshape(logits, (-1, GROUP))
    maxima = ops.reshape(ops.max(logits, axis=-1), (-1, groups))
    _, best = ops.top_k(maxima, count)
    best = ops.cast(best, "int32")
    rows = ops.expand_dims(ops.cumsum(ops.ones_like(best[:, 0])) - 1, -1)
    members = ops.take(logits, ops.reshape(rows * groups + best, (-1,)), axis=0)
    top, index = ops.top_k(ops.reshape(members, (-1, count * GROUP)), count)
    index = ops.cast(index, "int32")
    return top, ops.take_along_axis(best, index // GROUP, axis=-1) * GROUP + index % GROUP


def candidates(logits, count, forbidden_tokens):
    """The `count` most probable tokens of each row, and a few that are not to be chosen.

    The rows keep as many candidates more as there are forbidden tokens, which have the
    log-probability minus infinity: so no array of the size of the vocabulary is written for them.

    Args:
        logits: `(rows, vocabulary)`, of any float dtype.
        count: how many allowed tokens to find.
        forbidden_tokens: tokens that are never chosen. What remains is not renormalised: a
            score stays the probability that the model gives.

    Returns:
        float32 log-probabilities and int32 tokens, both `(rows, candidates)`, highest logit first.
    """
    logits = ops.cast(logits, "float32")
    top, tokens = top_tokens(logits, min(count + len(forbidden_tokens), logits.shape[-1]))
    highest = ops.max(top, axis=-1, keepdims=True)  # a slice of it makes XLA sort all of the row
    total = ops.sum(ops.exp(logits - highest), axis=-1, keepdims=True)
    log_probs = top - highest - ops.log(total)
    tokens = ops.cast(tokens, "int32")
    for forbidden in forbidden_tokens:
        log_probs = ops.where(ops.equal(tokens, forbidden), -float("inf"), log_probs)
    return log_probs, tokens


def row_limits(start_tokens, max_length, max_lengths):
    """The largest length of each row, `(batch,)` int32, between 1 and `max_length`."""
    limits = ops.full_like(start_tokens, max_length)
    if max_lengths is None:
        return limits
    return ops.clip(ops.cast(max_lengths, "int32"), 1, limits)


def check_at_least_one(**sizes):
    """Raise `ValueError` for an argument that is no integer from 1 on."""
    for name, size in sizes.items():
        if not isinstance(size, int) or size < 1:
            raise ValueError(f"`{name}` must be an integer of at least 1, not {size!r}.")
