"""What decoding strategies share: their result, how it is scored, limits, what a step returns."""

from typing import Any, NamedTuple

from keras import ops

LEAST_COVERAGE = 1e-9  # so that one position never looked at does not make a score infinite


class Hypotheses(NamedTuple):
    """What a decoding strategy found: best first, or, of samples, in the order of drawing.

    Attributes:
        tokens: `(batch, hypotheses, max_length)` int32. The start token is left out, the end
            token is part of the sequence, and padding follows it.
        scores: `(batch, hypotheses)` float32, the log-probability that the model gives, of a beam
            with its penalties.
        lengths: `(batch, hypotheses)` int32, tokens up to and including the end token.
        attention: `(batch, hypotheses, max_length, memory_time)` float32, what the hypothesis
            attended to when each of its tokens was chosen, and zeros after its end; None if the
            step returns no attention.

    Where fewer hypotheses exist than were asked for, the rest have the score minus infinity and
    the length 0.
    """

    tokens: Any
    scores: Any
    lengths: Any
    attention: Any = None


def finished(tokens, scores, lengths, pad_token, attention=None):
    """The `Hypotheses`, without the tokens of those that came to nothing."""
    reached = scores > -float("inf")
    tokens = ops.where(ops.expand_dims(reached, -1), tokens, pad_token)
    lengths = ops.where(reached, lengths, 0)
    if attention is not None:
        steps = ops.arange(tokens.shape[-1], dtype="int32") < ops.expand_dims(lengths, -1)
        attention = ops.where(ops.expand_dims(steps, -1), attention, 0.0)
    return Hypotheses(tokens, scores, lengths, attention)


def penalty(length, alpha):
    """Return `((5 + length) / 6) ** alpha` (Wu et al. 2016, equation 14) as float32.

    A log-probability divided by it is less of a disadvantage to long hypotheses the larger
    `alpha` is; 0 is no penalty.
    """
    return ops.power((5.0 + ops.cast(length, "float32")) / 6.0, alpha)


def coverage_score(coverage, mask, beta):
    """Return `beta * sum_i log(min(coverage_i, 1))` (Wu et al. 2016, equation 14), at most 0.

    Args:
        coverage: `(rows, memory_time)` float32, the attention summed over the steps.
        mask: `(rows, memory_time)`, False at padding, which need not be covered.
        beta: weight, not negative.

    Returns:
        `(rows,)` float32.
    """
    logs = ops.log(ops.clip(coverage, LEAST_COVERAGE, 1.0))
    return beta * ops.sum(ops.where(mask, logs, 0.0), axis=-1)


def unpacked(returned, mask):
    """The logits, state and attention of what a step returned.

    Args:
        returned: `(logits, state)` or `(logits, state, attention)`.
        mask: `(rows, memory_time)`, False at padding, if attention is expected, else None.

    Returns:
        `(logits, state, attention)` with attention `(rows, memory_time)` in float32, zero at
        padding, or None.

    Raises:
        ValueError: if there is attention without mask or mask without attention, or attention
            has another rank.
    """
    logits, state, *attention = returned
    if mask is None:
        if attention:
            raise ValueError(
                "The step returns attention: give `memory_mask`, True where the memory is no "
                "padding."
            )
        return logits, state, None
    if not attention:
        raise ValueError(
            "`memory_mask` was given, but the step returns no attention: it must return "
            "(logits, state, attention)."
        )
    [attention] = attention
    if len(attention.shape) != 2:
        raise ValueError(
            "The attention that a step returns must be (rows, memory_time), but has the shape "
            f"{tuple(attention.shape)}."
        )
    attention = ops.where(mask, ops.cast(attention, "float32"), 0.0)
    return logits, state, ops.reshape(attention, ops.shape(mask))  # a loop wants shapes to stay


def row_limits(start_tokens, max_length, max_lengths):
    """The largest length of each row, `(batch,)` int32, between 1 and `max_length`."""
    limits = ops.full_like(start_tokens, max_length)
    if max_lengths is None:
        return limits
    return ops.clip(ops.cast(max_lengths, "int32"), 1, limits)


def check_at_least(least, **sizes):
    """Raise `ValueError` for an argument that is no integer from `least` on."""
    for name, size in sizes.items():
        if not isinstance(size, int) or size < least:
            raise ValueError(f"`{name}` must be an integer of at least {least}, not {size!r}.")
