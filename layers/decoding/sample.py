"""Sampling: at each step a token drawn from the distribution of the model, or from its top."""

import keras
from keras import ops

from layers.decoding.constraints import GROUP, Constraints, grouped, top_tokens
from layers.decoding.follow import follow, of_each_row
from layers.decoding.hypotheses import check_at_least


def sample(
    step,
    state,
    start_tokens,
    end_token,
    max_length,
    samples=1,
    temperature=1.0,
    top_k=0,
    top_p=1.0,
    seed=None,
    pad_token=0,
    forbidden_tokens=(),
    max_lengths=None,
    min_length=1,
    block_ngrams=0,
    memory_mask=None,
):
    """Draw sequences for every sentence of a batch, token by token.

    A token is drawn from the softmax of `logits / temperature` over the tokens that the rules
    allow: over the `top_k` most probable of them, and of these over the nucleus, the fewest most
    probable ones whose share is at least `top_p` (Holtzman et al. 2020, section 3.1).

    One uniform number for each sample and step, drawn before the loop, decides through the inverse
    of the cumulative distribution. All sentences share the numbers, so that with the same seed a
    sentence gets the same texts in every batch as alone. What comes of it: two sentences of a
    batch are not drawn independently, and equal ones get equal texts; ask for more `samples` of
    one instead.

    A pure function with static shapes: it can be compiled by every backend, XLA included. Which
    numbers a seed gives is up to the backend; XLA on TensorFlow draws others than TensorFlow
    itself. Under `jax.jit`, a `SeedGenerator` needs its state passed in, as for every random
    function of Keras.

    Args:
        step: function `(tokens, state) -> (logits, state)` with int32 tokens `(rows,)` and
            logits `(rows, vocabulary)`, or `-> (logits, state, attention)` with attention
            `(rows, memory_time)`; `rows` is `batch * samples`, and row `r` belongs to sentence
            `r // samples`.
        state: nested structure of tensors, each with the leading axis `batch`, which this function
            repeats to `rows`.
        start_tokens: `(batch,)`, the tokens that the first step reads.
        end_token: the token that ends a sample.
        max_length: integer, the number of steps after which every sample ends.
        samples: how many to draw for each sentence, independently of each other.
        temperature: positive number that divides the logits; below 1 the probable becomes more
            probable, and towards 0 the samples become those of `greedy`.
        top_k: number of tokens to draw from; 0 is all.
        top_p: share of the probability to draw from, in (0, 1]; 1 is all.
        seed: integer or `keras.random.SeedGenerator`; the same integer gives the same samples at
            every call, a generator others at each call. None draws from Keras's global generator.
        pad_token: what follows the end.
        forbidden_tokens: integers, tokens that are never drawn.
        max_lengths: optional `(batch,)`, a limit for each sentence between 1 and `max_length`,
            which holds against `min_length`.
        min_length: tokens that a sample has at least, the end token included.
        block_ngrams: size of the n-grams that do not occur twice in a sample; 0 is no such rule.
        memory_mask: boolean `(batch, memory_time)`, False at padding; to be given if, and only
            if, the step returns attention.

    Returns:
        `Hypotheses` with `samples` hypotheses a sentence, in the order of drawing. A score is the
        log-probability that the model gives the tokens, over its whole vocabulary and with
        temperature 1, whatever they were drawn from.

    Raises:
        ValueError: if an argument is not in its range, or `memory_mask` does not fit what the step
            returns.
    """
    constraints = Constraints(end_token, max_length, forbidden_tokens, min_length, block_ngrams)
    check_at_least(1, samples=samples)
    check_at_least(0, top_k=top_k)
    if not temperature > 0:
        raise ValueError(
            f"`temperature` must be positive, not {temperature!r}; `greedy` is its limit at 0."
        )
    if not 0 < top_p <= 1:
        raise ValueError(f"`top_p` must be above 0 and at most 1, not {top_p!r}.")
    start_tokens = ops.cast(start_tokens, "int32")
    uniform = keras.random.uniform((samples, max_length), dtype="float32", seed=seed)
    uniform = ops.tile(uniform, (ops.shape(start_tokens)[0], 1))  # row r is sample r % samples

    def choose(logits, tokens, index):
        logits = ops.cast(logits, "float32")
        allowed = constraints.allowed(logits, tokens, index)
        now = ops.take(uniform, index, axis=1)
        if top_k or top_p < 1:
            vocabulary = logits.shape[-1]
            top, places = top_tokens(allowed, min(top_k or vocabulary, vocabulary))
            place, _ = inverse_cdf(nucleus(weights_of(top, temperature), top_p), now)
            found = of_each_row(ops.cast(places, "int32"), place)
        else:
            found = inverse_cdf_in_groups(weights_of(allowed, temperature), now)
        highest = ops.max(logits, axis=-1)
        total = ops.sum(ops.exp(logits - ops.expand_dims(highest, -1)), axis=-1)
        return found, of_each_row(allowed, found) - highest - ops.log(total)

    return follow(
        choose,
        step,
        state,
        start_tokens,
        end_token,
        max_length,
        copies=samples,
        pad_token=pad_token,
        max_lengths=max_lengths,
        memory_mask=memory_mask,
    )


def weights_of(logits, temperature):
    """Probabilities of each row but for a factor: the largest is 1, all 0 where all are -inf."""
    highest = ops.maximum(ops.max(logits, axis=-1, keepdims=True), -1e30)
    return ops.exp((logits - highest) / temperature)


def nucleus(weights, share):
    """Zero for what is not of the nucleus of each row, given highest first."""
    if share == 1:
        return weights
    sums = ops.cumsum(weights, axis=-1)
    return ops.where(sums - weights < share * sums[:, -1:], weights, 0.0)


def inverse_cdf(weights, uniform):
    """Where the running sum of the weights of a row passes a share of their total.

    Args:
        weights: `(rows, size)`, not negative.
        uniform: `(rows,)`, in [0, 1).

    Returns:
        `(places, rest)`, both `(rows,)`: int32 places, never of weight zero where there is
        another, and in [0, 1] the share of the weight at the place that remained.
    """
    sums = ops.cumsum(weights, axis=-1)
    target = uniform * sums[:, -1]
    # Sums may differ by rounding where a weight is zero, and the target may reach the last one:
    # then the heaviest place stands in.
    beyond = ops.logical_and(sums > ops.expand_dims(target, -1), weights > 0)
    places = ops.argmax(ops.where(beyond, float("inf"), weights), axis=-1)
    places = ops.cast(places, "int32")
    weight, sums = of_each_row(weights, places), of_each_row(sums, places)
    rest = (target - sums + weight) / ops.where(weight > 0, weight, 1.0)
    return places, ops.clip(rest, 0.0, 1.0)


def inverse_cdf_in_groups(weights, uniform):
    """The places of `inverse_cdf`, found in sums of groups first and then in one group.

    So there are no running sums over a large vocabulary, which take longer and round more.
    """
    groups = -(-weights.shape[-1] // GROUP)
    weights = grouped(weights, 0.0)
    group, rest = inverse_cdf(ops.reshape(ops.sum(weights, axis=-1), (-1, groups)), uniform)
    rows = ops.cumsum(ops.ones_like(group)) - 1
    place, _ = inverse_cdf(ops.take(weights, rows * groups + group, axis=0), rest)
    return group * GROUP + place
