"""No mask of an attention leaks: by changes of what is hidden, and by gradients."""

import keras
import numpy as np
import pytest
from keras import ops
from sight import assert_sees

from layers.attention import (
    AdditiveAttention,
    AttentionCell,
    LuongAttention,
    MonotonicAdditiveAttention,
    MonotonicLuongAttention,
    MultiHeadAttention,
    MultiHeadContentAttention,
    PointerGenerator,
)
from layers.recurrent import LSTMCell, Recurrent, RecurrentDecoder

BATCH, TIME, MEMORY, UNITS = 3, 4, 6, 8
POSITIONS = (None, "rotary", "alibi", "relative")
# One row that is whole, one that is padded, one that begins with padding.
KEPT = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1]], bool)
# One row that is whole, one with gaps, one of nothing but padding.
KEPT_MEMORY = np.array([[1] * 6, [1, 0, 1, 1, 0, 0], [0] * 6], bool)
BEFORE = np.tril(np.ones((TIME, TIME), bool))


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def randomise(layer):
    """Gives every weight a value that is not zero."""
    for index, weight in enumerate(layer.trainable_weights):
        weight.assign(normal(*weight.shape, seed=index) * 0.5)
    return layer


def multi_head(shared=4, memory_features=UNITS, **options):
    layer = MultiHeadAttention(4, 4, num_key_value_heads=shared, **options)
    layer.build((None, None, UNITS), (None, None, memory_features))
    return randomise(layer)


def sight(time, memory_time, offset=0, causal=False, window=None):
    """Where causality and a window let queries look, `(time, memory_time)`."""
    distance = offset + np.arange(time)[:, None] - np.arange(memory_time)
    seen = (distance >= 0) | (not causal)
    return seen if window is None else seen & (abs(distance) < window)


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize(
    ("causal", "window", "shared"), [(True, None, 1), (True, 2, 2), (False, 2, 4)]
)
def test_of_a_sequence_to_itself(positions, causal, window, shared):
    layer = multi_head(shared, positions=positions, window=window)
    inputs = {"x": normal(BATCH, TIME, UNITS), "mask": KEPT}
    seen = KEPT[:, None] & sight(TIME, TIME, causal=causal, window=window)

    def call(given):
        x = given["x"]
        attended = layer(x, x, value_mask=given["mask"], use_causal_mask=causal)
        return attended + x  # so that each sees itself, as in a block

    assert_sees(call, inputs, "x", seen | np.eye(TIME, dtype=bool))


@pytest.mark.parametrize("scores", [False, True])
def test_of_a_plain_causal_mask(scores):
    # Without scores, the fused attention of the backend has no mask but its own.
    layer = multi_head()

    def call(given):
        options = {"use_causal_mask": True, "return_attention_scores": scores}
        output = layer(given["x"], given["x"], **options)
        return output[0] if scores else output

    seen = np.broadcast_to(BEFORE, (BATCH, TIME, TIME))
    assert_sees(call, {"x": normal(BATCH, TIME, UNITS)}, "x", seen)


MASKS = {
    "query_mask": KEPT,
    "value_mask": KEPT_MEMORY,
    "key_mask": np.array([[1, 1, 0, 1, 1, 1], [1] * 6, [0, 1, 1, 1, 0, 1]], bool),
    "attention_mask": np.random.default_rng(4).random((BATCH, TIME, MEMORY)) < 0.6,
}


@pytest.mark.parametrize(
    ("names", "scores"),
    [*(([name], False) for name in MASKS), ([], False), (list(MASKS), False), (list(MASKS), True)],
)
def test_of_each_mask_and_of_all(names, scores):
    all_at_once = len(names) != 1
    options = {"use_causal_mask": all_at_once, "offset": 2 if all_at_once else 0}
    window = 4 if names and all_at_once else None
    layer = multi_head(2, memory_features=5, positions="rotary", window=window)
    inputs = {
        "query": normal(BATCH, TIME, UNITS),
        "value": normal(BATCH, MEMORY, 5),
        "key": normal(BATCH, MEMORY, 5, seed=1),
        **{name: MASKS[name] for name in names},
    }

    def call(given):
        output = layer(**given, **options, return_attention_scores=scores)
        return output[0] if scores else output

    look = {name: MASKS[name] for name in names}
    seen = sight(TIME, MEMORY, options["offset"], all_at_once, window)
    seen = seen & look.get("query_mask", np.ones((1, 1), bool))[:, :, None]
    seen = seen & look.get("value_mask", np.ones((1, 1), bool))[:, None]
    seen = seen & look.get("key_mask", np.ones((1, 1), bool))[:, None]
    seen = seen & look.get("attention_mask", True)
    seen = np.broadcast_to(seen, (BATCH, TIME, MEMORY))
    assert_sees(call, inputs, "value", seen)
    # Where one key is seen, its weight is 1, whatever query and key are.
    chooses = seen.sum(axis=-1, keepdims=True) > 1
    assert_sees(call, inputs, "key", seen & chooses)
    assert_sees(call, inputs, "query", np.eye(TIME, dtype=bool) & chooses)


def test_of_a_memory_that_was_projected_before():
    layer = multi_head(memory_features=5)
    inputs = {"query": normal(BATCH, TIME, UNITS), "value": normal(BATCH, MEMORY, 5)}

    def call(given):
        keys, values = layer.project_memory(given["value"])
        return layer.attend(given["query"], keys, values, given["mask"][:, None])

    inputs["mask"] = KEPT_MEMORY
    seen = np.broadcast_to(KEPT_MEMORY[:, None], (BATCH, TIME, MEMORY))
    assert_sees(call, inputs, "value", seen)


# Steps are for inference: `ops.slice_update`, which fills a cache, has no gradient on TensorFlow.
BY_GRADIENT = False if keras.config.backend() == "tensorflow" else None


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize(("window", "shared"), [(None, 2), (3, 1)])
def test_of_what_stands_in_a_cache(positions, window, shared):
    """Neither what lies before the window, nor what a cache has where nothing was written yet."""
    position, length = 3, 6
    layer = multi_head(shared, positions=positions, window=window)

    def call(given):
        keys, values = ops.split(given["cache"], 2, axis=-1)
        shape = (-1, length, shared, 4)
        keys, values = (ops.reshape(part, shape) for part in (keys, values))
        cache = ops.transpose(keys, (0, 2, 3, 1)), ops.transpose(values, (0, 2, 1, 3))
        return layer.step(given["query"], cache, position)[0][:, None]

    inputs = {"query": normal(BATCH, UNITS), "cache": normal(BATCH, length, 8 * shared)}
    # The entry of this step itself is written over.
    seen = sight(1, length, position, True, window) & (np.arange(length) != position)
    seen = np.broadcast_to(seen, (BATCH, 1, length))
    assert_sees(call, inputs, "cache", seen, gradients=BY_GRADIENT)


BEAM = 3
# For each step but the last, which hypotheses of a sentence go on as its first, second and third.
PARENTS = np.array([[[0, 0, 1], [2, 1, 1], [1, 0, 2]], [[2, 1, 0], [0, 2, 2], [1, 1, 1]]])


def past_of(parents):
    """Which entry of each step is of the past of each hypothesis, `(batch, steps, BEAM, steps)`.

    The second axis is the step at which this is so.
    """
    sentences, steps = len(parents), parents.shape[1] + 1
    places = np.zeros((sentences, steps, BEAM, steps), "int32") + np.arange(BEAM)[:, None]
    for step in range(1, steps):
        for sentence, going in enumerate(parents[:, step - 1]):
            places[sentence, step, :, :step] = places[sentence, step - 1, going, :step]
    return places.astype("int32")


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize(("window", "shared"), [(None, 2), (2, 4)])
def test_of_the_other_hypotheses_of_a_beam(positions, window, shared):
    """Every hypothesis sees its own past, as the whole sequence does, and that of no other."""
    layer = multi_head(shared, positions=positions, window=window)
    places = past_of(PARENTS)
    sentences, steps = places.shape[:2]
    x = normal(sentences, steps, BEAM, UNITS)

    def call(given):
        rows = given["x"].shape[0] * BEAM
        entries = ops.reshape(given["x"], (-1, steps, BEAM, UNITS))
        cache = layer.begin_cache(rows // BEAM, steps * BEAM)
        for step in range(steps):
            query = ops.reshape(entries[:, step], (rows, UNITS))
            own = ops.reshape(given["places"][:, step], (rows, steps))
            output, cache = layer.step(query, cache, step, own)
        return ops.reshape(output, (-1, BEAM, UNITS))

    inputs = {"x": x.reshape(sentences, steps * BEAM, UNITS), "places": places}
    own = places[:, -1]  # (sentences, BEAM, steps)
    seen = (own[..., None] == np.arange(BEAM)) & sight(1, steps, steps - 1, True, window)[..., None]
    seen = seen.reshape(sentences, BEAM, steps * BEAM)
    assert_sees(call, inputs, "x", seen, gradients=BY_GRADIENT)
    past = np.stack([x[b, np.arange(steps), own[b, i]] for b, i in np.ndindex(sentences, BEAM)])
    whole = ops.convert_to_numpy(layer(past, past, use_causal_mask=True))[:, -1]
    found = ops.convert_to_numpy(call({k: ops.convert_to_tensor(v) for k, v in inputs.items()}))
    np.testing.assert_allclose(found.reshape(-1, UNITS), whole, atol=1e-5)


# By name: the attention, and whether its queries depend on those before.
CONTENT = {
    "dot": (lambda: LuongAttention("dot"), False),
    "general": (lambda: LuongAttention("general", scale=True), False),
    "concat": (lambda: LuongAttention("concat"), False),
    "additive": (lambda: AdditiveAttention(4), False),
    "normalized": (lambda: AdditiveAttention(4, normalize=True), False),
    "multi head": (lambda: MultiHeadContentAttention(2, 3), False),
    "coverage": (lambda: AdditiveAttention(4, coverage=True), True),
    "monotonic": (lambda: MonotonicLuongAttention(mode="soft"), True),
    "monotonic coverage": (
        lambda: MonotonicAdditiveAttention(4, coverage=True, mode="soft"),
        True,
    ),
}


@pytest.mark.parametrize("name", CONTENT)
def test_of_an_attention_to_content(name):
    make, in_order = CONTENT[name]
    layer = make()
    layer.build((None, None, UNITS), (None, None, UNITS))
    randomise(layer)
    inputs = {
        "query": normal(BATCH, TIME, UNITS),
        "value": normal(BATCH, MEMORY, UNITS),
        "query_mask": KEPT,
        "value_mask": KEPT_MEMORY,
    }

    def call(given):
        return layer(**given)

    seen = np.broadcast_to(KEPT_MEMORY[:, None], (BATCH, TIME, MEMORY))
    queries = np.broadcast_to(np.eye(TIME, dtype=bool), (BATCH, TIME, TIME))
    if in_order:  # a padded query gets nothing and is as if it were not there
        seen = seen & KEPT[:, :, None]
        queries = BEFORE & KEPT[:, None] & KEPT[:, :, None]
    assert_sees(call, inputs, "value", seen)
    assert_sees(call, inputs, "query", queries & seen.any(axis=-1, keepdims=True))


def test_of_what_a_hard_monotonic_attention_has_not_reached():
    layer = MonotonicLuongAttention()
    layer.build((None, None, UNITS), (None, None, UNITS))
    randomise(layer)
    inputs = {"query": normal(BATCH, TIME, UNITS), "value": normal(BATCH, MEMORY, UNITS, seed=2)}

    def call(given):
        return layer(**given)

    _, weights = layer(**inputs, return_attention_scores=True)
    weights = ops.convert_to_numpy(weights)
    stops = np.where(weights.any(axis=-1), weights.argmax(axis=-1), MEMORY)
    assert (stops < MEMORY - 1).sum() > TIME, "the case needs stops before the end"
    reached = np.arange(MEMORY) <= stops[..., None]
    # Which step it is does not change by a little, so gradients reach what is read alone.
    assert_sees(call, inputs, "value", reached, noticed=weights > 0, gradients=weights > 0)


CELLS = ["general", "additive", "multi head", "coverage", "monotonic"]


@pytest.mark.parametrize("name", CELLS)
def test_of_a_cell_with_an_attention(name):
    layer = Recurrent(AttentionCell(LSTMCell(4), CONTENT[name][0](), units=5), True)
    inputs = {
        "sequences": normal(BATCH, TIME, 6),
        "memory": normal(BATCH, MEMORY, UNITS),
        "mask": KEPT,
        "memory_mask": KEPT_MEMORY,
    }
    layer(**inputs)
    randomise(layer)

    def call(given):
        return layer(**given)

    # At a padded step comes out what came before.
    steps = BEFORE & KEPT[:, None]
    assert_sees(call, inputs, "sequences", steps)
    assert_sees(call, inputs, "memory", steps.any(axis=-1)[:, :, None] & KEPT_MEMORY[:, None])


@pytest.mark.parametrize("name", ["general", "coverage"])
def test_of_a_recurrent_decoder(name):
    layer = RecurrentDecoder(LSTMCell(4), layers=2, attention=CONTENT[name][0]())
    inputs = {
        "inputs": normal(BATCH, TIME, 6),
        "memory": normal(BATCH, MEMORY, UNITS),
        "mask": KEPT,
        "memory_mask": KEPT_MEMORY,
    }
    layer(**inputs)
    randomise(layer)

    def call(given):
        return layer(**given)

    assert_sees(call, inputs, "inputs", BEFORE & KEPT[:, None] & KEPT[:, :, None])
    assert_sees(call, inputs, "memory", KEPT[:, :, None] & KEPT_MEMORY[:, None])


def test_of_a_pointer():
    layer = PointerGenerator(2)
    rng = np.random.default_rng(3)
    kept = KEPT_MEMORY | np.array([[0], [0], [1]], bool) & (np.arange(MEMORY) < 2)
    inputs = {
        "logits": normal(BATCH, TIME, 7),
        "attention": rng.uniform(0.1, 0.3, (BATCH, MEMORY, TIME)).astype("float32"),
        "source_ids": rng.integers(0, 9, (BATCH, MEMORY)).astype("int32"),
        "features": normal(BATCH, TIME, 5),
        "source_mask": kept,
    }

    def call(given):
        return layer(**{**given, "attention": ops.transpose(given["attention"], (0, 2, 1))})

    call({name: ops.convert_to_tensor(x) for name, x in inputs.items()})
    randomise(layer)
    alone = np.broadcast_to(np.eye(TIME, dtype=bool), (BATCH, TIME, TIME))
    assert_sees(call, inputs, "logits", alone)
    assert_sees(call, inputs, "features", alone)
    words = np.broadcast_to(kept[:, None], (BATCH, TIME, MEMORY))
    assert_sees(call, inputs, "attention", words)
