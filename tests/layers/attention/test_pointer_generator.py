"""PointerGenerator: the equations of the paper, words without a place in the vocabulary, safety."""

import keras
import numpy as np
import pytest
from contract_parts import GradientRecorder
from keras import ops
from layer_contract import check_layer

from layers.attention import PointerGenerator
from layers.decoding import beam_search

RNG = np.random.default_rng(8)
VOCABULARY, EXTRA = 6, 3
MASK = np.array([[1] * 7, [1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0, 1]], "bool")
# Words that come twice, in the vocabulary and beyond it; the third source has no extra word.
IDS = np.array([[6, 2, 6, 7, 2, 8, 2], [8, 0, 8, 8, 0, 1, 2], [5, 5, 5, 5, 5, 5, 5]], "int32")


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def numpy(x):
    return ops.convert_to_numpy(x)


def close(one, other, tolerance=1e-5):
    np.testing.assert_allclose(numpy(one), numpy(other), rtol=tolerance, atol=tolerance)


def attention(*shape, mask=MASK):
    weights = np.exp(normal(*shape)) * mask[:, None]
    return (weights / weights.sum(-1, keepdims=True)).astype("float32")


def made():
    layer = PointerGenerator(EXTRA)
    layer.build((3, 5, VOCABULARY), (3, 5, 7), (3, 7), (3, 5, 4))
    layer.set_weights([normal(*w.shape) for w in layer.weights])
    return layer


def by_hand(layer, logits, weights, features):
    """Equations 8 and 9, one word at a time."""
    kernel, bias = map(numpy, (layer.kernel, layer.bias))
    result = np.zeros((*logits.shape[:2], VOCABULARY + EXTRA))
    for row, t in np.ndindex(*logits.shape[:2]):
        generate = 1 / (1 + np.exp(-(features[row, t] @ kernel + bias)))
        exponentials = np.exp(logits[row, t])
        result[row, t, :VOCABULARY] = generate * exponentials / exponentials.sum()
        for i in np.flatnonzero(MASK[row]):
            result[row, t, IDS[row, i]] += (1 - generate) * weights[row, t, i]
    return result


def test_is_the_equations_of_the_paper_whole_and_step_by_step():
    layer = made()
    logits, weights, features = normal(3, 5, VOCABULARY), attention(3, 5, 7), normal(3, 5, 4)
    wanted = by_hand(layer, logits, weights, features)
    log_probs = layer(logits, weights, IDS, features, source_mask=MASK)
    close(np.exp(numpy(log_probs)), wanted)
    close(np.exp(numpy(log_probs)).sum(-1), np.ones((3, 5)))
    mix = layer.bind(IDS, MASK)
    close(mix(logits[:, 2], weights[:, 2], features[:, 2]), log_probs[:, 2])
    # The five steps of each source as the rows of a beam.
    rows = [x.reshape(15, x.shape[-1]) for x in (logits, weights, features)]
    close(mix(*rows), numpy(log_probs).reshape(15, -1))


def test_a_word_the_vocabulary_lacks_is_copied_exactly():
    layer = made()
    layer.set_weights([np.zeros(4, "float32"), np.float32(-30)])  # copies, and nothing else
    log_probs = layer(normal(3, 5, VOCABULARY), attention(3, 5, 7), IDS, normal(3, 5, 4), MASK)
    best = numpy(log_probs)[1].argmax(-1)
    assert set(best.tolist()) <= {0, 8}
    close(np.exp(numpy(log_probs)[1][:, [0, 8]]).sum(-1), np.ones(5))


def test_extreme_numbers_stay_exact_and_finite():
    layer = made()
    logits, weights, features = normal(3, 5, VOCABULARY), attention(3, 5, 7), normal(3, 5, 4)
    logits[..., 3] = -2000.0  # a word that no source has
    weights[0, 0] = np.eye(7)[1]  # nothing left for the other words of the source
    features[:, 1] *= 1e4
    log_probs = numpy(layer(logits, weights, IDS, features, source_mask=MASK))
    assert np.isfinite(log_probs).all()
    kernel, bias = map(numpy, (layer.kernel, layer.bias))
    switch = (features @ kernel + bias).astype("float64")
    wanted = numpy(ops.log_softmax(logits))[..., 3] - np.logaddexp(0, -switch)
    np.testing.assert_allclose(log_probs[..., 3], wanted, rtol=1e-5)
    assert np.exp(log_probs[2, :, VOCABULARY:]).max() < 1e-29  # ids without a word


def test_the_gradient_is_that_of_the_equations():
    layer = made()
    logits, weights, features = normal(3, 5, VOCABULARY), attention(3, 5, 7), normal(3, 5, 4)
    weights[0, 0] = np.eye(7)[1]
    targets = np.array([[6, 2, 7, 3, 8], [8, 0, 8, 1, 0], [5, 5, 0, 1, 5]])
    targets[0, 0] = 2

    class Loss(keras.losses.Loss):
        def call(self, y_true, y_pred):
            y_true = ops.one_hot(ops.cast(y_true, "int32"), VOCABULARY + EXTRA)
            return -ops.sum(y_true * y_pred, axis=(1, 2))

    arrays = [logits, weights, IDS, features]
    inputs = [keras.Input(x.shape[1:], dtype=str(x.dtype)) for x in arrays]
    scores = keras.layers.Dense(VOCABULARY, kernel_initializer="identity", name="scores")
    mixed = layer(scores(inputs[0]), *inputs[1:])
    model = keras.Model(inputs, mixed)
    recorder = GradientRecorder()
    jit = keras.config.backend() == "jax"
    model.compile(optimizer=recorder, loss=Loss(reduction="sum"), jit_compile=jit)
    recorder.build(model.trainable_variables)
    at = [numpy(layer.kernel), numpy(layer.bias), np.zeros(VOCABULARY)]
    model.fit(arrays, targets, batch_size=3, verbose=0)
    report = recorder.report(model.trainable_variables)
    found = {w.path.split("/")[-2] + w.name: gradient for w, _, gradient in report}

    def loss(kernel, bias, offset):
        total = 0.0
        for row, t in np.ndindex(3, 5):
            word = targets[row, t]
            generate = 1 / (1 + np.exp(-(features[row, t] @ kernel + bias)))
            exponentials = np.exp(logits[row, t].astype("float64") + offset)
            probability = (1 - generate) * weights[row, t, IDS[row] == word].sum()
            if word < VOCABULARY:
                probability += generate * exponentials[word] / exponentials.sum()
            total -= np.log(probability)
        return total

    for index, name in enumerate([f"{layer.name}kernel", f"{layer.name}bias", "scoresbias"]):
        gradient = np.zeros(np.shape(at[index]))
        for place in np.ndindex(*gradient.shape):
            moved = [np.array(x, "float64") for x in at]
            moved[index][place] += 1e-5
            higher = loss(*moved)
            moved[index][place] -= 2e-5
            gradient[place] = (higher - loss(*moved)) / 2e-5
        close(found[name], gradient, 1e-3)


def test_wrong_extra_tokens_are_named():
    with pytest.raises(ValueError, match="`extra_tokens` must be an integer of at least 0"):
        PointerGenerator(-1)


def test_contract():
    check_layer(
        PointerGenerator,
        {"extra_tokens": EXTRA},
        {
            "logits": normal(3, 5, VOCABULARY),
            "attention": attention(3, 5, 7, mask=np.ones((3, 7))),
            "source_ids": IDS,
            "features": normal(3, 5, 4),
        },
        masks={"source_mask": "source_ids"},
        trainable_weights=2,
        output_shape=(3, 5, VOCABULARY + EXTRA),
        variable_time=False,
    )


def test_a_beam_copies_words_that_the_vocabulary_lacks():
    layer = made()
    kernel, bias = layer.kernel, layer.bias
    kernel.assign(np.zeros(kernel.shape))
    bias.assign(np.full(bias.shape, -3.0))  # it copies, nearly always
    ids, width, length = IDS[:2], 3, 2
    weights = np.array(
        [[0.1, 0.1, 0.1, 0.5, 0.1, 0.1, 0.0], [0.6, 0.1, 0.3, 0, 0, 0, 0]], "float32"
    )
    logits, features = normal(VOCABULARY), np.zeros((1, 4), "float32")
    mix = layer.bind(ids, MASK[:2])

    def step(tokens, state):
        # Every step sees the same; the words that were chosen change nothing.
        rows = ops.shape(tokens)[0]
        same = ops.repeat(ops.convert_to_tensor(weights), rows // 2, axis=0)
        repeated = [ops.repeat(part, rows, axis=0) for part in (logits[None], features)]
        return mix(repeated[0], same, repeated[1]), state

    start = np.zeros(2, "int32")
    found = beam_search(step, (), start, 1, length, width=width, length_penalty=0.0)
    log_probs = numpy(step(start, ())[0])
    best = log_probs.argmax(-1)
    assert best.tolist() == [7, 8]  # words beyond the vocabulary
    np.testing.assert_array_equal(numpy(found.tokens)[:, 0], np.stack([best] * length, 1))
    close(found.scores[:, 0], length * log_probs.max(-1))
