"""Toy models, as a step function and in NumPy, and decoders written plainly to compare with."""

import itertools

import keras
import numpy as np
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
        read = ops.one_hot(ops.cast(cache[..., 0], "int32"), self.vocabulary)
        read = read * ops.cast(ops.arange(self.steps) <= counter[:, None], "float32")[..., None]
        logits = state["bias"] + ops.einsum(
            "rpt,ptv->rv", read, ops.convert_to_tensor(self.weights)
        )
        return logits, {"bias": state["bias"], "so far": (counter + 1, cache)}

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


def penalised(score, length, alpha):
    return score / ((5 + length) / 6) ** alpha


def best_of_all(toy, sentence, max_length, alpha):
    """Every sequence that ends in END or has the largest length: (score, tokens), best first."""
    alphabet = range(toy.vocabulary)
    found = []
    for length in range(1, max_length + 1):
        inner = [[t for t in alphabet if t != END]] * (length - 1)
        last = alphabet if length == max_length else [END]
        for tokens in itertools.product(*inner, last):
            found.append((penalised(toy.log_prob(sentence, tokens), length, alpha), tokens))
    return sorted(found, reverse=True)


def beam_of(toy, sentence, max_length, width, alpha, hypotheses=1, forbidden=()):
    """Beam search for one sentence, written plainly: it never stops early."""
    going, ended = [(0.0, ())], []
    for length in range(1, max_length + 1):
        pool = [
            (score + gain, (*tokens, token))
            for score, tokens in going
            for token, gain in enumerate(toy.log_probs(sentence, tokens))
            if token not in forbidden
        ]
        pool = sorted(pool, reverse=True)[: width - len(ended)]
        over = [h for h in pool if h[1][-1] == END or length == max_length]
        ended += [(penalised(score, length, alpha), tokens) for score, tokens in over]
        going = [h for h in pool if h not in over]
    return sorted(ended, reverse=True)[:hypotheses]


def found(result, sentence=0):
    """The hypotheses of one sentence as [(score, tokens)], cut at their lengths."""
    parts = (ops.convert_to_numpy(x)[sentence] for x in result)
    return [(float(s), tuple(t[:n].tolist())) for t, s, n in zip(*parts, strict=True)]


def assert_same(one, other):
    """Two lists of (score, tokens) are the same up to rounding."""
    assert [tokens for _, tokens in one] == [tokens for _, tokens in other]
    np.testing.assert_allclose([s for s, _ in one], [s for s, _ in other], rtol=1e-4, atol=1e-5)


def compiled(function, xla):
    """The function compiled by the backend in use; None where the backend does not do this."""
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function, jit_compile=xla, autograph=False)
    if keras.config.backend() == "jax" and xla:
        import jax

        return jax.jit(function)
    return None
