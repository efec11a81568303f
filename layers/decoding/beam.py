"""Beam search over a step function, with the penalties of Wu et al. 2016."""

from keras import ops

from layers.decoding.constraints import MINUS_INFINITY, Constraints
from layers.decoding.hypotheses import (
    check_at_least,
    coverage_score,
    finished,
    penalty,
    row_limits,
    unpacked,
)
from layers.decoding.states import loop_in_stages, reorder, repeat


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
    coverage_penalty=0.0,
    min_length=1,
    block_ngrams=0,
    memory_mask=None,
):
    """Search the best sequences of every sentence of a batch with a beam of hypotheses.

    Each sentence has `width` places. A step fills the places of the hypotheses still going with
    the most probable of all their continuations. A hypothesis that ends keeps its place, and
    from then on its score,

        log p(Y) / ((5 + |Y|) / 6) ** length_penalty
            + coverage_penalty * sum_i log(min(sum_t attention[t, i], 1))

    (Wu et al. 2016, equation 14; i goes over the memory without its padding). So a beam of one
    is greedy decoding, and a beam as wide as there are sequences is exhaustive search. A
    hypothesis that reaches the limit without the end token counts as ended there.

    A sentence is done when all its places have ended, or earlier, when no continuation can
    change the result. Every step multiplies by a probability, so the log-probability `p` of a
    hypothesis only falls; the length penalty is monotone in the length, so of those it may still
    end with the largest is at the one end or the other; and the coverage penalty is never above
    0. So a hypothesis ends with a score of at most `p` over the largest penalty within its limit,
    and the search stops when that is no more than the worst score to be returned. Rules that
    take continuations away leave fewer to beat that score, and change none of this.

    A pure function with static shapes: it can be compiled by every backend, XLA included.
    Sentences are independent: a batch gives each what it gets alone.

    Args:
        step: function `(tokens, state) -> (logits, state)` with int32 tokens `(rows,)` and
            logits `(rows, vocabulary)`, or `-> (logits, state, attention)` with attention
            `(rows, memory_time)`; `rows` is `batch * width`, and row `r` belongs to sentence
            `r // width`.
        state: nested structure of tensors, each with the leading axis `batch`. The search repeats
            it to `rows` and reorders it as hypotheses are chosen, as `layers.decoding.states`
            describes, where a step may do so in a way of its own.
        start_tokens: `(batch,)`, the tokens that the first step reads.
        end_token: the token that ends a hypothesis.
        max_length: integer, the number of steps after which every hypothesis ends.
        width: number of places of the beam.
        length_penalty: exponent of the length penalty; 0 is none.
        pad_token: what follows the end.
        forbidden_tokens: integers, tokens that are never chosen.
        hypotheses: how many to return, at most `width`.
        max_lengths: optional `(batch,)`, a limit for each sentence between 1 and `max_length`,
            which holds against `min_length`.
        coverage_penalty: weight of the coverage penalty, not negative; above 0 it needs a step
            that returns attention.
        min_length: tokens that a hypothesis has at least, the end token included.
        block_ngrams: size of the n-grams that do not occur twice in a hypothesis (Paulus, Xiong &
            Socher 2018, section 2.5); 0 is no such rule.
        memory_mask: boolean `(batch, memory_time)`, False at padding; to be given if, and only
            if, the step returns attention.

    Returns:
        `Hypotheses`, best first.

    Raises:
        ValueError: if a size is no integer in its range, `hypotheses` is more than `width`,
            `coverage_penalty` is negative or without attention, or `memory_mask` does not fit
            what the step returns.
    """
    constraints = Constraints(end_token, max_length, forbidden_tokens, min_length, block_ngrams)
    check_at_least(1, width=width, hypotheses=hypotheses)
    if hypotheses > width:
        raise ValueError(f"A beam of {width} cannot return {hypotheses} hypotheses.")
    if coverage_penalty < 0:
        raise ValueError(f"`coverage_penalty` must not be negative, but is {coverage_penalty}.")
    if coverage_penalty and memory_mask is None:
        raise ValueError(
            "`coverage_penalty` needs a step that returns attention, and `memory_mask`."
        )
    start_tokens = ops.cast(start_tokens, "int32")
    limits = ops.expand_dims(row_limits(start_tokens, max_length, max_lengths), -1)
    positions = ops.arange(max_length, dtype="int32")
    places = ops.arange(width, dtype="int32")
    sentences = ops.cumsum(ops.ones_like(limits), axis=0) - 1  # (batch, 1): 0, 1, 2, ...
    if memory_mask is not None:
        memory_mask = ops.repeat(ops.cast(memory_mask, "bool"), width, axis=0)

    def pick(x, index, size):
        """From the rows `x` `(batch * size, ...)` those at `index` `(batch, any)` of a sentence."""
        return ops.take(x, ops.reshape(sentences * size + index, (-1,)), axis=0)

    def searching(index, last, going, *rest):
        return ops.any(going > MINUS_INFINITY)

    # `history` and `kept` hold, `(rows, max_length)`, the tokens of the hypotheses going and of
    # the best that ended; and if there is attention, the row of `seen` that each token had it in.
    def advance(variables, state):
        index, last, going, history, taken, scores, lengths, kept, seen, covered = variables
        # The best candidates of every row, and the best of those for the places still free.
        logits, state, attention = unpacked(step(last, state), memory_mask)
        log_probs, found = constraints.candidates(logits, width, history[0], index)
        count = log_probs.shape[-1]
        log_probs = ops.reshape(going, (-1, 1)) + log_probs
        going, chosen = ops.top_k(ops.reshape(log_probs, (-1, width * count)), width)
        going = ops.where(places < width - taken, going, MINUS_INFINITY)
        chosen = ops.cast(chosen, "int32")
        last = pick(ops.reshape(found, (-1,)), chosen, width * count)
        parents = ops.reshape(sentences * width + chosen // count, (-1,))
        news = (last,)
        if attention is not None:
            news += (parents,)
            seen = (ops.slice_update(seen[0], (index, 0, 0), ops.expand_dims(attention, 0)),)
            covered = tuple(x + attention for x in covered)
        if width > 1:
            state = reorder(step, state, parents)
            history = [ops.take(x, parents, axis=0) for x in history]
            covered = tuple(ops.take(x, parents, axis=0) for x in covered)
        now = ops.equal(positions, index)
        history = tuple(
            ops.where(now, ops.expand_dims(new, -1), old)
            for new, old in zip(news, history, strict=True)
        )

        # What ends here gets its score once, and competes with what ended before.
        length = index + 1
        new = ops.reshape(last, (-1, width))
        ended = ops.logical_or(ops.equal(new, end_token), length >= limits)
        ended = ops.logical_and(ended, going > MINUS_INFINITY)
        taken = taken + ops.sum(ops.cast(ended, "int32"), axis=-1, keepdims=True)
        new = going / penalty(length, length_penalty)
        if covered:
            coverage = coverage_score(covered[0], memory_mask, coverage_penalty)
            new = new + ops.reshape(coverage, (-1, width))
        new = ops.where(ended, new, MINUS_INFINITY)
        scores, order = ops.top_k(ops.concatenate([scores, new], axis=-1), hypotheses)
        order, size = ops.cast(order, "int32"), hypotheses + width
        lengths = ops.concatenate([lengths, ops.where(ended, length, 0)], axis=-1)
        lengths = ops.reshape(pick(ops.reshape(lengths, (-1,)), order, size), (-1, hypotheses))

        def keep(old, new):
            new = ops.concatenate([old, ops.reshape(new, (-1, width, max_length))], axis=1)
            new = pick(ops.reshape(new, (-1, max_length)), order, size)
            return ops.reshape(new, (-1, hypotheses, max_length))

        kept = tuple(keep(old, new) for old, new in zip(kept, history, strict=True))

        # The extremes of the length penalty bound every later score.
        going = ops.where(ended, MINUS_INFINITY, going)
        best = ops.max(going, axis=-1, keepdims=True)
        bound = ops.maximum(
            best / penalty(limits, length_penalty), best / penalty(length + 1, length_penalty)
        )
        going = ops.where(bound <= scores[:, -1:], MINUS_INFINITY, going)
        return (length, last, going, history, taken, scores, lengths, kept, seen, covered), state

    def full(size, value, dtype):
        return ops.broadcast_to(ops.cast(value, dtype), (ops.shape(start_tokens)[0], size))

    rows = ops.repeat(start_tokens, width, axis=0)
    none = full(hypotheses, 0, "int32")
    filling = [ops.full((max_length,), pad_token, "int32")]
    seen = covered = ()
    if memory_mask is not None:
        filling.append(ops.zeros_like(positions))
        seen = (ops.zeros((max_length, *ops.shape(memory_mask)), dtype="float32"),)
        if coverage_penalty:
            covered = (ops.zeros_like(memory_mask, dtype="float32"),)
    first = (
        ops.zeros((), dtype="int32"),
        rows,
        full(width, ops.where(ops.equal(places, 0), 0.0, MINUS_INFINITY), "float32"),
        tuple(ops.expand_dims(ops.zeros_like(rows), -1) + x for x in filling),
        ops.zeros_like(limits),
        full(hypotheses, MINUS_INFINITY, "float32"),
        none,
        tuple(ops.expand_dims(none, -1) + x for x in filling),
        seen,
        covered,
    )
    state = repeat(step, state, width)
    result = loop_in_stages(step, searching, advance, first, state, max_length)
    scores, lengths, kept, seen = result[5:9]
    attention = None
    if seen:
        every = ops.reshape(seen[0], (-1, ops.shape(memory_mask)[1]))
        attention = ops.take(every, positions * ops.shape(memory_mask)[0] + kept[1], axis=0)
    # A place that no hypothesis reached may hold the beginning of one.
    return finished(kept[0], scores, lengths, pad_token, attention)
