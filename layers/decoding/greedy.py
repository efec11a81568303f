"""Greedy decoding: at each step the most probable token."""

import keras
from keras import ops

from layers.decoding.hypotheses import Hypotheses, candidates, check_at_least_one, row_limits


def greedy(
    step,
    state,
    start_tokens,
    end_token,
    max_length,
    pad_token=0,
    forbidden_tokens=(),
    max_lengths=None,
):
    """Decode every row of a batch by its most probable token at each step.

    A pure function with static shapes: it can be compiled by every backend, XLA included.

    Args:
        step: function `(tokens, state) -> (logits, state)` with int32 tokens `(batch,)` and
            logits `(batch, vocabulary)`.
        state: nested structure of tensors, each with the leading axis `batch`.
        start_tokens: `(batch,)`, the tokens that the first step reads.
        end_token: the token that ends a row.
        max_length: integer, the number of steps after which every row ends.
        pad_token: what follows the end.
        forbidden_tokens: integers, tokens that are never chosen.
        max_lengths: optional `(batch,)`, a limit for each row between 1 and `max_length`.

    Returns:
        `Hypotheses` with one hypothesis a row; its score is its log-probability.

    Raises:
        ValueError: if `max_length` is no integer from 1 on.
    """
    check_at_least_one(max_length=max_length)
    start_tokens = ops.cast(start_tokens, "int32")
    limits = row_limits(start_tokens, max_length, max_lengths)
    positions = ops.arange(max_length, dtype="int32")
    floats = ops.zeros_like(limits, dtype="float32")

    def live(index, tokens, last, scores, lengths, ended, *leaves):
        return ops.any(ops.logical_not(ended))

    def advance(index, tokens, last, scores, lengths, ended, *leaves):
        logits, new_state = step(last, keras.tree.pack_sequence_as(state, list(leaves)))
        log_probs, found = candidates(logits, 1, forbidden_tokens)
        best = ops.expand_dims(ops.cast(ops.argmax(log_probs, axis=-1), "int32"), -1)
        gained = ops.squeeze(ops.take_along_axis(log_probs, best, axis=-1), -1)
        found = ops.squeeze(ops.take_along_axis(found, best, axis=-1), -1)

        last = ops.where(ended, pad_token, found)
        tokens = ops.where(ops.equal(positions, index), ops.expand_dims(last, -1), tokens)
        scores = ops.where(ended, scores, scores + gained)
        lengths = ops.where(ended, lengths, index + 1)
        over = ops.logical_or(ops.equal(found, end_token), index + 1 >= limits)
        ended = ops.logical_or(ended, over)
        return (index + 1, tokens, last, scores, lengths, ended, *keras.tree.flatten(new_state))

    first = (
        ops.zeros((), dtype="int32"),
        ops.expand_dims(ops.zeros_like(limits), -1) + ops.full((max_length,), pad_token, "int32"),
        start_tokens,
        floats,
        ops.zeros_like(limits),
        ops.zeros_like(limits, dtype="bool"),
        *keras.tree.flatten(state),
    )
    _, tokens, _, scores, lengths, *_ = ops.while_loop(
        live, advance, first, maximum_iterations=max_length
    )
    return Hypotheses(*(ops.expand_dims(x, 1) for x in (tokens, scores, lengths)))
