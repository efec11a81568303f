"""What a hypothesis must not do, and the tokens that remain."""

import numpy as np
from keras import ops

from layers.decoding.hypotheses import check_at_least

GROUP = 32  # tokens of which the maximum or the sum is taken first
MINUS_INFINITY = -float("inf")


class Constraints:
    """No forbidden token, no end before the minimum length, no n-gram a second time.

    What remains is not renormalised: a score stays the probability that the model gives.

    Args:
        end_token: the token that ends a hypothesis.
        max_length: the number of steps after which every hypothesis ends.
        forbidden_tokens: tokens that are never chosen.
        min_length: tokens, the end token included, that a hypothesis has at least.
        block_ngrams: number of tokens in a row that must not occur twice in a hypothesis
            (Paulus, Xiong & Socher 2018, section 2.5); 0 is no such rule.

    Raises:
        ValueError: if a size is no integer in its range.
    """

    def __init__(self, end_token, max_length, forbidden_tokens, min_length, block_ngrams):
        check_at_least(1, max_length=max_length, min_length=min_length)
        check_at_least(0, block_ngrams=block_ngrams)
        if min_length > max_length:
            raise ValueError(
                f"`min_length` must be at most `max_length`, {max_length}, not {min_length}."
            )
        self._end_token = end_token
        self._forbidden_tokens = tuple(forbidden_tokens)
        self._min_length = min_length
        # Where fewer than n + 1 tokens fit, none of n can come twice.
        self._block_ngrams = block_ngrams if block_ngrams < max_length else 0

    def candidates(self, logits, count, tokens, index):
        """The `count` most probable tokens of each row, and a few that are not to be chosen.

        The rows keep as many candidates more as there are forbidden tokens, which have the
        log-probability minus infinity: so no array of the size of the vocabulary is written for
        them.

        Args:
            logits: `(rows, vocabulary)`, of any float dtype.
            count: how many allowed tokens to find.
            tokens: `(rows, max_length)` int32, what was chosen in the steps before this.
            index: int32 scalar, the number of the step, from 0 on.

        Returns:
            float32 log-probabilities and int32 tokens, both `(rows, candidates)`, highest logit
            first.
        """
        logits = ops.cast(logits, "float32")
        vocabulary = logits.shape[-1]
        more = len(self._forbidden_tokens) + (self._min_length > 1)
        if self._block_ngrams:
            top, found = top_tokens(
                self._without_repeats(logits, tokens, index), min(count + more, vocabulary)
            )
            highest = ops.max(logits, axis=-1, keepdims=True)
        else:
            top, found = top_tokens(logits, min(count + more, vocabulary))
            # A slice of it would make XLA sort all of the row.
            highest = ops.max(top, axis=-1, keepdims=True)
        total = ops.sum(ops.exp(logits - highest), axis=-1, keepdims=True)
        log_probs = top - highest - ops.log(total)
        found = ops.cast(found, "int32")
        for forbidden in self._forbidden_tokens:
            log_probs = ops.where(ops.equal(found, forbidden), MINUS_INFINITY, log_probs)
        if self._min_length > 1:
            early = ops.logical_and(ops.equal(found, self._end_token), self._is_early(index))
            log_probs = ops.where(early, MINUS_INFINITY, log_probs)
        return log_probs, found

    def allowed(self, logits, tokens, index):
        """The float32 logits with minus infinity for every token that is not to be chosen.

        Arguments as those of `candidates`.
        """
        logits = ops.cast(logits, "float32")
        vocabulary = np.arange(logits.shape[-1])
        if self._forbidden_tokens:
            forbidden = np.isin(vocabulary, self._forbidden_tokens)
            logits = ops.where(ops.convert_to_tensor(forbidden), MINUS_INFINITY, logits)
        if self._min_length > 1:
            end = ops.convert_to_tensor(vocabulary == self._end_token)
            early = ops.logical_and(end, self._is_early(index))
            logits = ops.where(early, MINUS_INFINITY, logits)
        if self._block_ngrams:
            logits = self._without_repeats(logits, tokens, index)
        return logits

    def _is_early(self, index):
        return index + 1 < self._min_length

    def _without_repeats(self, logits, tokens, index):
        size = self._block_ngrams
        starts = tokens.shape[-1] - size + 1
        # Whether the n-gram that starts at a place is whole, and begins as the hypothesis ends.
        again = ops.arange(starts, dtype="int32") + size <= index
        for i in range(size - 1):
            last = ops.take(tokens, ops.maximum(index - size + 1 + i, 0), axis=1)
            again = ops.logical_and(
                again, ops.equal(tokens[:, i : i + starts], ops.expand_dims(last, -1))
            )
        # A row that ended goes on with padding, which need not be a token of the vocabulary.
        following = ops.where(again, tokens[:, size - 1 :], 0)
        following = ops.clip(following, 0, logits.shape[-1] - 1)
        rows = ops.cumsum(ops.ones_like(following), axis=0) - 1
        places = ops.reshape(ops.stack([rows, following], axis=-1), (-1, 2))
        # Added and not set, since a token may follow one n-gram and not the other.
        change = ops.where(again, MINUS_INFINITY, ops.zeros_like(following, dtype="float32"))
        return ops.scatter_update(logits, places, ops.reshape(change, (-1,)), reduction="add")


def top_tokens(logits, count):
    """The `count` highest logits of each row and their tokens, as `keras.ops.top_k` gives them.

    For a large vocabulary this takes the maxima of groups of tokens first, since the highest
    `count` tokens are in the `count` groups with the highest maxima, which is faster than `top_k`
    over all on a CPU. Among equal logits another may be chosen.
    """
    vocabulary = logits.shape[-1]
    groups = -(-vocabulary // GROUP)
    if groups < 2 * count:
        return ops.top_k(logits, count)
    logits = grouped(logits, MINUS_INFINITY)
    maxima = ops.reshape(ops.max(logits, axis=-1), (-1, groups))
    _, best = ops.top_k(maxima, count)
    best = ops.cast(best, "int32")
    rows = ops.expand_dims(ops.cumsum(ops.ones_like(best[:, 0])) - 1, -1)
    members = ops.take(logits, ops.reshape(rows * groups + best, (-1,)), axis=0)
    top, index = ops.top_k(ops.reshape(members, (-1, count * GROUP)), count)
    index = ops.cast(index, "int32")
    tokens = ops.take_along_axis(best, index // GROUP, axis=-1) * GROUP + index % GROUP
    return top, ops.minimum(tokens, vocabulary - 1)  # of logits of minus infinity, the filling


def grouped(x, filling):
    """`(rows, vocabulary)` as `(rows * groups, GROUP)`, the last group filled up."""
    missing = -x.shape[-1] % GROUP
    if missing:
        x = ops.pad(x, ((0, 0), (0, missing)), constant_values=filling)
    return ops.reshape(x, (-1, GROUP))
