"""Greedy decoding: at each step the most probable token."""

from keras import ops

from layers.decoding.constraints import Constraints
from layers.decoding.follow import follow, of_each_row


def greedy(
    step,
    state,
    start_tokens,
    end_token,
    max_length,
    pad_token=0,
    forbidden_tokens=(),
    max_lengths=None,
    min_length=1,
    block_ngrams=0,
    memory_mask=None,
):
    """Decode every row of a batch by its most probable token at each step.

    A pure function with static shapes: it can be compiled by every backend, XLA included. Rows
    are independent: a batch gives each what it gets alone.

    Args:
        step: function `(tokens, state) -> (logits, state)` with int32 tokens `(batch,)` and
            logits `(batch, vocabulary)`, or `-> (logits, state, attention)` with attention
            `(batch, memory_time)`.
        state: nested structure of tensors, each with the leading axis `batch`.
        start_tokens: `(batch,)`, the tokens that the first step reads.
        end_token: the token that ends a row.
        max_length: integer, the number of steps after which every row ends.
        pad_token: what follows the end.
        forbidden_tokens: integers, tokens that are never chosen.
        max_lengths: optional `(batch,)`, a limit for each row between 1 and `max_length`, which
            holds against `min_length`.
        min_length: tokens that a row has at least, the end token included.
        block_ngrams: size of the n-grams that do not occur twice among the tokens of a row
            (Paulus, Xiong & Socher 2018, section 2.5); 0 is no such rule.
        memory_mask: boolean `(batch, memory_time)`, False at padding; to be given if, and only
            if, the step returns attention.

    Returns:
        `Hypotheses` with one hypothesis a row; its score is its log-probability. Where the rules
        leave a row no token, it is empty and its score minus infinity.

    Raises:
        ValueError: if a size is no integer in its range, or `memory_mask` does not fit what the
            step returns.
    """
    constraints = Constraints(end_token, max_length, forbidden_tokens, min_length, block_ngrams)

    def choose(logits, tokens, index):
        log_probs, found = constraints.candidates(logits, 1, tokens, index)
        best = ops.cast(ops.argmax(log_probs, axis=-1), "int32")
        return of_each_row(found, best), of_each_row(log_probs, best)

    return follow(
        choose,
        step,
        state,
        start_tokens,
        end_token,
        max_length,
        pad_token=pad_token,
        max_lengths=max_lengths,
        memory_mask=memory_mask,
    )
