"""Toy models, as a step function and in NumPy, and decoders written plainly to compare with."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

START, END = 2, 3


class Toy:
    """A model whose logits depend on the sentence and on every token so far, and their order.

    The state holds what a real one does: the tokens so far, a counter, and a cache of rank 3 that
    must follow its hypothesis when the search reorders rows.
    """

    def __init__(self, vocabulary=6, steps=6, batch=3, seed=0, scale=2.0):
        rng = np.random.default_rng(seed)
        self.vocabulary, self.steps, self.batch = vocabulary, steps, batch
        self.bias = rng.normal(scale=scale, size=(batch, vocabulary)).astype("float32")
        weights = rng.normal(scale=scale, size=(steps, vocabulary, vocabulary))
        self.weights = weights.astype("float32")  # (position, token read, token predicted)

    def state(self, rows=slice(None)):
        bias = ops.convert_to_tensor(self.bias[rows])
        zeros = ops.zeros((bias.shape[0],), "int32")
        return {"bias": bias, "so far": (zeros, ops.zeros((bias.shape[0], self.steps, 1)))}

    def start(self, rows=slice(None)):
        return ops.full((len(self.bias[rows]),), START, "int32")

    def step(self, tokens, state):
        counter, cache = state["so far"]
        now = ops.one_hot(counter, self.steps)[..., None]
        cache = cache + now * ops.cast(tokens, "float32")[:, None, None]
        state = {**state, "so far": (counter + 1, cache)}
        weights = ops.convert_to_tensor(self.weights)
        return state["bias"] + ops.einsum("rpt,ptv->rv", self.read(state), weights), state

    def read(self, state):
        """One-hot `(rows, steps, vocabulary)` of every token read so far."""
        counter, cache = state["so far"]
        read = ops.one_hot(ops.cast(cache[..., 0], "int32"), self.vocabulary)
        return read * ops.cast(ops.arange(self.steps) < counter[:, None], "float32")[..., None]

    def log_probs(self, sentence, tokens):
        """The same in NumPy, for one sentence and one beginning."""
        read = (START, *tokens)
        logits = self.bias[sentence].astype("float64")
        logits = logits + sum(self.weights[i, token] for i, token in enumerate(read))
        logits = logits - logits.max()
        return logits - np.log(np.exp(logits).sum())

    def log_prob(self, sentence, tokens):
        """The log-probability of a whole sequence."""
        return sum(self.log_probs(sentence, tokens[:i])[t] for i, t in enumerate(tokens))


class AttentiveToy(Toy):
    """A toy that attends to a memory, where depends on the sentence and every token so far.

    Sentence s has a memory of `lengths[s]`. On the padding behind it there is attention as well:
    nothing may come of it.
    """

    def __init__(self, lengths=(3, 1, 2), width=3, scale=1.5, **options):
        super().__init__(batch=len(lengths), scale=scale, **options)
        rng = np.random.default_rng(99)
        self.mask = np.arange(width) < np.array(lengths)[:, None]
        behind = width - max(lengths)
        memory = rng.normal(size=(len(lengths), max(lengths)))
        memory = np.pad(memory, ((0, 0), (0, behind)), constant_values=2.0)
        self.memory = memory.astype("float32")
        looks = rng.normal(scale=scale, size=(self.steps, self.vocabulary, max(lengths)))
        looks = np.pad(looks, ((0, 0), (0, 0), (0, behind)))
        self.looks = looks.astype("float32")

    def state(self, rows=slice(None)):
        mask, memory = (ops.convert_to_tensor(x[rows]) for x in (self.mask, self.memory))
        return {**super().state(rows), "mask": mask, "memory": memory}

    def step(self, tokens, state):
        logits, state = super().step(tokens, state)
        looks = ops.convert_to_tensor(self.looks)
        scores = state["memory"] + ops.einsum("rpt,ptm->rm", self.read(state), looks)
        weights = ops.exp(scores)
        real = ops.where(state["mask"], weights, 0.0)
        return logits, state, weights / ops.sum(real, axis=-1, keepdims=True)

    def attention(self, sentence, tokens):
        """The same in NumPy for a whole sequence, `(length, memory)`, zero at padding."""
        rows = []
        for length in range(len(tokens)):
            read = (START, *tokens[:length])
            scores = sum(self.looks[i, token] for i, token in enumerate(read))
            weights = np.exp(self.memory[sentence] + scores) * self.mask[sentence]
            rows.append(weights / weights.sum())
        return np.reshape(rows, (-1, self.mask.shape[1]))


def penalised(score, length, alpha):
    return score / ((5 + length) / 6) ** alpha


def score_of(toy, sentence, tokens, alpha, beta=0.0):
    """The score of a whole sequence by equation 14 of Wu et al. 2016."""
    score = penalised(toy.log_prob(sentence, tokens), len(tokens), alpha)
    if not beta:
        return score
    coverage = toy.attention(sentence, tokens).sum(axis=0)[toy.mask[sentence]]
    return score + beta * np.log(np.minimum(coverage, 1.0)).sum()


def repeats(tokens, size):
    """Whether one n-gram occurs twice."""
    ngrams = [tokens[i : i + size] for i in range(len(tokens) - size + 1)] if size else []
    return len(set(ngrams)) < len(ngrams)


def permitted(tokens, forbidden=(), min_length=1, block_ngrams=0):
    """Whether a hypothesis may begin with these tokens, or be them."""
    if set(tokens) & set(forbidden) or repeats(tokens, block_ngrams):
        return False
    return END not in tokens or len(tokens) >= min_length


def best_of_all(toy, sentence, max_length, alpha, beta=0.0, **rules):
    """Every sequence that ends in END or has the largest length: (score, tokens), best first."""
    alphabet = range(toy.vocabulary)
    found = []
    for length in range(1, max_length + 1):
        inner = [[t for t in alphabet if t != END]] * (length - 1)
        last = alphabet if length == max_length else [END]
        for tokens in itertools.product(*inner, last):
            if permitted(tokens, **rules):
                found.append((score_of(toy, sentence, tokens, alpha, beta), tokens))
    return sorted(found, reverse=True)


def beam_of(toy, sentence, max_length, width, alpha, hypotheses=1, beta=0.0, **rules):
    """Beam search for one sentence, written plainly: it never stops early."""
    going, ended = [(0.0, ())], []
    for length in range(1, max_length + 1):
        pool = [
            (score + gain, (*tokens, token))
            for score, tokens in going
            for token, gain in enumerate(toy.log_probs(sentence, tokens))
            if permitted((*tokens, token), **rules)
        ]
        pool = sorted(pool, reverse=True)[: width - len(ended)]
        over = [h for h in pool if h[1][-1] == END or length == max_length]
        ended += [(score_of(toy, sentence, tokens, alpha, beta), tokens) for _, tokens in over]
        going = [h for h in pool if h not in over]
    return sorted(ended, reverse=True)[:hypotheses]


def found(result, sentence=0):
    """The hypotheses of one sentence as [(score, tokens)], cut at their lengths."""
    parts = (ops.convert_to_numpy(x)[sentence] for x in result[:3])
    return [(float(s), tuple(t[:n].tolist())) for t, s, n in zip(*parts, strict=True)]


def assert_same(one, other):
    """Two lists of (score, tokens) are the same up to rounding."""
    assert [tokens for _, tokens in one] == [tokens for _, tokens in other]
    np.testing.assert_allclose([s for s, _ in one], [s for s, _ in other], rtol=1e-4, atol=1e-5)


def assert_compiles(decode, toy, xla):
    """A function of start tokens and state finds the same when the backend compiles it."""
    function = compiled(decode, xla)
    if function is None:
        pytest.skip("the backend does not compile in this way")
    one, other = decode(toy.start(), toy.state()), function(toy.start(), toy.state())
    for sentence in range(toy.batch):
        assert_same(found(one, sentence), found(other, sentence))


def assert_attention(toy, result):
    """The attention of every hypothesis is what running it anew gives, and zero after its end."""
    attention = ops.convert_to_numpy(result.attention)
    assert attention.shape == (*result.tokens.shape, toy.mask.shape[1])
    assert attention.dtype == "float32"
    for sentence in range(toy.batch):
        for place, (_, tokens) in enumerate(found(result, sentence)):
            got, wanted = attention[sentence, place], toy.attention(sentence, tokens)
            np.testing.assert_allclose(got[: len(tokens)], wanted, rtol=1e-4, atol=1e-6)
            assert not got[len(tokens) :].any()


def compiled(function, xla):
    """The function compiled by the backend in use; None where the backend does not do this."""
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function, jit_compile=xla, autograph=False)
    if keras.config.backend() == "jax" and xla:
        import jax

        return jax.jit(function)
    return None
