"""Beam search over a step function, with the length penalty of Wu et al. 2016."""

import keras
from keras import ops

from layers.decoding.hypotheses import (
    Hypotheses,
    candidates,
    check_at_least_one,
    penalty,
    row_limits,
)

MINUS_INFINITY = -float("inf")


def beam_search(
    step,
    state,
    start_tokens,
    end_token,
    max_length,
    width,
    length_penalty=0.6,
    pad_token=0,
    forbidden_tokens=(),
    hypotheses=1,
    max_lengths=None,
):
    """Search the best sequences of every sentence of a batch with a beam of hypotheses.

    Each sentence has `width` places. A step fills the places of the hypotheses still going with
    the most probable of all their continuations. A hypothesis that ends keeps its place, and
    from then on its score; so a beam of one is greedy decoding, and a beam as wide as there are
    sequences is exhaustive search. A hypothesis that reaches the limit without the end token
    counts as ended there.

    A sentence is done when all its places have ended, or earlier, when no continuation can
    change the result: a log-probability only falls, so a hypothesis with log-probability `p` and
    length `n` ends with a score of at most `p` over the largest penalty within its limit, and
    the search stops when that is no more than the worst score to be returned.

    A pure function with static shapes: it can be compiled by every backend, XLA included.

    Args:
        step: function `(tokens, state) -> (logits, state)` with int32 tokens `(rows,)` and
            logits `(rows, vocabulary)`; `rows` is `batch * width`, and row `r` belongs to
            sentence `r // width`.
        state: nested structure of tensors, each with the leading axis `batch`. The search repeats
            it to `rows` and reorders it as hypotheses are chosen.
        start_tokens: `(batch,)`, the tokens that the first step reads.
        end_token: the token that ends a hypothesis.
        max_length: integer, the number of steps after which every hypothesis ends.
        width: number of places of the beam.
        length_penalty: exponent of the penalty `((5 + length) / 6) ** length_penalty` (Wu et al.
            2016, equation 14) that divides a log-probability; 0 is none.
        pad_token: what follows the end.
        forbidden_tokens: integers, tokens that are never chosen.
        hypotheses: how many to return, at most `width`.
        max_lengths: optional `(batch,)`, a limit for each sentence between 1 and `max_length`.

    Returns:
        `Hypotheses`, best first.

    Raises:
        ValueError: if a size is no integer from 1 on, or `hypotheses` is more than `width`.
    """
    check_at_least_one(max_length=max_length, width=width, hypotheses=hypotheses)
    if hypotheses > width:
        raise ValueError(f"A beam of {width} cannot return {hypotheses} hypotheses.")
    start_tokens = ops.cast(start_tokens, "int32")
    limits = ops.expand_dims(row_limits(start_tokens, max_length, max_lengths), -1)
    positions = ops.arange(max_length, dtype="int32")
    places = ops.arange(width, dtype="int32")
    sentences = ops.cumsum(ops.ones_like(limits), axis=0) - 1  # (batch, 1): 0, 1, 2, ...

    def pick(x, index, size):
        """From the rows `x` `(batch * size, ...)` those at `index` `(batch, any)` of a sentence."""
        return ops.take(x, ops.reshape(sentences * size + index, (-1,)), axis=0)

    def searching(index, last, going, tokens, *rest):
        return ops.any(going > MINUS_INFINITY)

    def advance(index, last, going, tokens, taken, scores, kept, lengths, *leaves):
        # The best candidates of every row, and the best of those for the places still free.
        logits, new_state = step(last, keras.tree.pack_sequence_as(state, list(leaves)))
        log_probs, found = candidates(logits, width, forbidden_tokens)
        count = log_probs.shape[-1]
        log_probs = ops.reshape(going, (-1, 1)) + log_probs
        going, chosen = ops.top_k(ops.reshape(log_probs, (-1, width * count)), width)
        going = ops.where(places < width - taken, going, MINUS_INFINITY)
        chosen = ops.cast(chosen, "int32")
        last = pick(ops.reshape(found, (-1,)), chosen, width * count)
        leaves = keras.tree.flatten(new_state)
        if width > 1:
            leaves = [pick(x, chosen // count, width) for x in leaves]
            tokens = pick(tokens, chosen // count, width)
        tokens = ops.where(ops.equal(positions, index), ops.expand_dims(last, -1), tokens)

        # What ends here gets its score once, and competes with what ended before.
        length = index + 1
        new = ops.reshape(last, (-1, width))
        ended = ops.logical_or(ops.equal(new, end_token), length >= limits)
        ended = ops.logical_and(ended, going > MINUS_INFINITY)
        taken = taken + ops.sum(ops.cast(ended, "int32"), axis=-1, keepdims=True)
        new = ops.where(ended, going / penalty(length, length_penalty), MINUS_INFINITY)
        scores, order = ops.top_k(ops.concatenate([scores, new], axis=-1), hypotheses)
        order, size = ops.cast(order, "int32"), hypotheses + width
        lengths = ops.concatenate([lengths, ops.where(ended, length, 0)], axis=-1)
        lengths = ops.reshape(pick(ops.reshape(lengths, (-1,)), order, size), (-1, hypotheses))
        new = ops.reshape(tokens, (-1, width, max_length))
        kept = ops.reshape(ops.concatenate([kept, new], axis=1), (-1, max_length))
        kept = ops.reshape(pick(kept, order, size), (-1, hypotheses, max_length))

        # The penalty is monotone in the length: its extremes bound every later score.
        going = ops.where(ended, MINUS_INFINITY, going)
        best = ops.max(going, axis=-1, keepdims=True)
        bound = ops.maximum(
            best / penalty(limits, length_penalty), best / penalty(length + 1, length_penalty)
        )
        going = ops.where(bound <= scores[:, -1:], MINUS_INFINITY, going)
        return (length, last, going, tokens, taken, scores, kept, lengths, *leaves)

    def full(size, value, dtype):
        return ops.broadcast_to(ops.cast(value, dtype), (ops.shape(start_tokens)[0], size))

    rows = ops.repeat(start_tokens, width, axis=0)
    none = full(hypotheses, 0, "int32")
    padding = ops.full((max_length,), pad_token, "int32")
    first = (
        ops.zeros((), dtype="int32"),
        rows,
        full(width, ops.where(ops.equal(places, 0), 0.0, MINUS_INFINITY), "float32"),
        ops.expand_dims(ops.zeros_like(rows), -1) + padding,
        ops.zeros_like(limits),
        full(hypotheses, MINUS_INFINITY, "float32"),
        ops.expand_dims(none, -1) + padding,
        none,
        *(ops.repeat(x, width, axis=0) for x in keras.tree.flatten(state)),
    )
    result = ops.while_loop(searching, advance, first, maximum_iterations=max_length)
    scores, kept, lengths = result[5:8]
    # A place that no hypothesis reached may hold the beginning of one.
    reached = ops.expand_dims(scores > MINUS_INFINITY, -1)
    return Hypotheses(ops.where(reached, kept, pad_token), scores, lengths)
