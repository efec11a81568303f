"""The loop of the strategies in which every row goes its own way: greedy and sampling."""

from keras import ops

from layers.decoding.constraints import MINUS_INFINITY
from layers.decoding.hypotheses import finished, row_limits, unpacked
from layers.decoding.states import loop_in_stages, repeat


def follow(
    choose,
    step,
    state,
    start_tokens,
    end_token,
    max_length,
    copies=1,
    pad_token=0,
    max_lengths=None,
    memory_mask=None,
):
    """Decode every row by one token at a time until all have ended.

    Args:
        choose: function `(logits, tokens, index) -> (found, gained)`: of logits `(rows,
            vocabulary)`, what was chosen before, `(rows, max_length)`, and the number of the step,
            the tokens chosen now and their log-probabilities, both `(rows,)`. A row is given up,
            and ends, where this is minus infinity.
        copies: rows for each sentence; row r belongs to sentence r // copies.

    The other arguments are those of `greedy`.

    Returns:
        `Hypotheses`, of each sentence those of its rows.
    """
    start_tokens = ops.cast(start_tokens, "int32")
    limits = row_limits(start_tokens, max_length, max_lengths)
    if memory_mask is not None:
        memory_mask = ops.cast(memory_mask, "bool")
    if copies > 1:
        start_tokens, limits = (ops.repeat(x, copies, axis=0) for x in (start_tokens, limits))
        state = repeat(step, state, copies)
        if memory_mask is not None:
            memory_mask = ops.repeat(memory_mask, copies, axis=0)
    positions = ops.arange(max_length, dtype="int32")

    def live(index, tokens, last, scores, lengths, ended, seen):
        return ops.any(ops.logical_not(ended))

    def advance(variables, state):
        index, tokens, last, scores, lengths, ended, seen = variables
        logits, state, attention = unpacked(step(last, state), memory_mask)
        found, gained = choose(logits, tokens, index)
        if attention is not None:
            seen = (ops.slice_update(seen[0], (index, 0, 0), ops.expand_dims(attention, 0)),)

        shown = ops.expand_dims(ops.where(ended, pad_token, found), -1)
        tokens = ops.where(ops.equal(positions, index), shown, tokens)
        scores = ops.where(ended, scores, scores + gained)
        lengths = ops.where(ended, lengths, index + 1)
        over = ops.logical_or(ops.equal(found, end_token), index + 1 >= limits)
        given_up = ops.equal(gained, MINUS_INFINITY)
        ended = ops.logical_or(ended, ops.logical_or(over, given_up))
        # The model never reads `pad_token`, which need not be a token that it knows.
        return (index + 1, tokens, found, scores, lengths, ended, seen), state

    seen = ()
    if memory_mask is not None:
        seen = (ops.zeros((max_length, *ops.shape(memory_mask)), dtype="float32"),)
    first = (
        ops.zeros((), dtype="int32"),
        ops.expand_dims(ops.zeros_like(limits), -1) + ops.full((max_length,), pad_token, "int32"),
        start_tokens,
        ops.zeros_like(limits, dtype="float32"),
        ops.zeros_like(limits),
        ops.zeros_like(limits, dtype="bool"),
        seen,
    )
    result = loop_in_stages(step, live, advance, first, state, max_length)
    _, tokens, _, scores, lengths, _, seen = result

    def of_sentences(x):
        return ops.reshape(x, (-1, copies, *ops.shape(x)[1:]))

    attention = of_sentences(ops.transpose(seen[0], (1, 0, 2))) if seen else None
    return finished(*map(of_sentences, (tokens, scores, lengths)), pad_token, attention)


def of_each_row(x, places):
    """From `(rows, size)` the entry of each row at its place, `(rows,)`."""
    return ops.squeeze(ops.take_along_axis(x, ops.expand_dims(places, -1), axis=-1), -1)
