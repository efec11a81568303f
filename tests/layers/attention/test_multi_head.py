"""MultiHeadAttention: against NumPy, against Keras, and step by step against the whole."""

import inspect

import keras
import numpy as np
import pytest
from keras import ops
from layer_contract import check_layer
from sight import viewer

from layers.attention import MultiHeadAttention

BATCH, TIME, MEMORY, HEADS = 3, 5, 7, 2


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def prefix_mask(lengths, time):
    return np.arange(time) < np.array(lengths)[:, None]


def attention(**options):
    """A layer whose biases are not zero, built for queries 8 wide and memories 6 wide."""
    layer = MultiHeadAttention(HEADS, 4, value_dim=3, **options)
    layer.build((None, None, 8), (None, None, 6))
    for index, weight in enumerate(layer.trainable_weights):
        weight.assign(normal(*weight.shape, seed=index) * 0.5)
    return layer


def array(tensor):
    return ops.convert_to_numpy(tensor)


def by_hand(layer, query, value, mask):
    """Equation 1 and section 3.2.2 of Vaswani et al., head by head and row by row."""
    weights = {weight.name: array(weight).astype("float64") for weight in layer.weights}

    def project(inputs, name):
        return inputs @ weights[f"{name}_kernel"] + weights[f"{name}_bias"]

    queries, keys, values = project(query, "query"), project(value, "key"), project(value, "value")
    scores = np.zeros((len(query), HEADS, query.shape[1], value.shape[1]))
    context = np.zeros((len(query), query.shape[1], HEADS * 3))
    for b, h, t in np.ndindex(*scores.shape[:3]):
        logits = keys[b, :, 4 * h : 4 * h + 4] @ queries[b, t, 4 * h : 4 * h + 4] / 2.0
        terms = np.where(mask[b, t], np.exp(logits), 0)
        scores[b, h, t] = terms / terms.sum() if mask[b, t].any() else 0
        context[b, t, 3 * h : 3 * h + 3] = scores[b, h, t] @ values[b, :, 3 * h : 3 * h + 3]
    return project(context, "output"), scores


def test_equals_the_equations():
    layer, query, value = attention(), normal(BATCH, TIME, 8), normal(BATCH, MEMORY, 6)
    mask = np.random.default_rng(1).random((BATCH, TIME, MEMORY)) < 0.5
    mask[1, 2] = False
    output, scores = layer(query, value, attention_mask=mask, return_attention_scores=True)
    expected_output, expected_scores = by_hand(layer, query, value, mask)
    np.testing.assert_allclose(array(scores), expected_scores, atol=1e-5)
    np.testing.assert_allclose(array(output), expected_output, atol=1e-5)


def test_all_masks_hold_at_once():
    layer, query, value = attention(), normal(BATCH, TIME, 8), normal(BATCH, TIME, 6)
    free = np.random.default_rng(2).random((BATCH, TIME, TIME)) < 0.7
    query_mask, value_mask = prefix_mask([5, 3, 4], TIME), prefix_mask([2, 5, 4], TIME)
    key_mask = prefix_mask([5, 4, 5], TIME)
    output = layer(
        query,
        value,
        query_mask=query_mask,
        value_mask=value_mask,
        key_mask=key_mask,
        attention_mask=free,
        use_causal_mask=True,
    )
    mask = free & query_mask[:, :, None] & value_mask[:, None] & key_mask[:, None]
    mask = mask & np.tril(np.ones((TIME, TIME), bool))
    np.testing.assert_allclose(array(output), by_hand(layer, query, value, mask)[0], atol=1e-5)


def stock_twin(layer):
    """A `keras.layers.MultiHeadAttention` with the weights of `layer`."""
    twin = keras.layers.MultiHeadAttention(HEADS, 4, value_dim=3)
    twin.build((None, None, 8), (None, None, 6))
    weights = {weight.name: array(weight) for weight in layer.weights}
    for name, dense in (
        ("query", twin.query_dense),
        ("key", twin.key_dense),
        ("value", twin.value_dense),
        ("output", twin.output_dense),
    ):
        dense.kernel.assign(weights[f"{name}_kernel"].reshape(dense.kernel.shape))
        dense.bias.assign(weights[f"{name}_bias"].reshape(dense.bias.shape))
    return twin


FIRST = np.arange(MEMORY) == 0  # seen by all: of Keras, who sees nothing sees everything
MASKS = {
    "query_mask": prefix_mask([5, 3, 4], TIME),
    "value_mask": prefix_mask([7, 4, 6], MEMORY),
    "key_mask": FIRST | (np.random.default_rng(3).random((BATCH, MEMORY)) < 0.7),
    "attention_mask": FIRST | (np.random.default_rng(4).random((BATCH, TIME, MEMORY)) < 0.6),
}
KEPT = MASKS["query_mask"]  # what comes out at other queries means nothing


def queried():
    """Query, value and a key of its own."""
    shapes = {"query": (TIME, 8), "value": (MEMORY, 6), "key": (MEMORY, 6)}
    return {name: normal(BATCH, *shape, seed=len(name)) for name, shape in shapes.items()}


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("names", [[], *([name] for name in MASKS), list(MASKS)], ids=len)
def test_equals_keras(names, causal):
    layer = attention()
    options = {"use_causal_mask": causal, "return_attention_scores": True}
    given = {**queried(), **{name: MASKS[name] for name in names}, **options}
    ours, theirs = (map(array, one(**given)) for one in (layer, stock_twin(layer)))
    kept = KEPT if "query_mask" in names else np.ones_like(KEPT)
    for one, other in zip(ours, theirs, strict=True):
        if one.ndim == 4:  # scores, with an axis of heads
            one, other = np.swapaxes(one, 1, 2), np.swapaxes(other, 1, 2)
        np.testing.assert_allclose(one[kept], other[kept], atol=1e-5)


@pytest.mark.parametrize("causal", [False, True])
def test_gradients_equal_keras(causal):
    layer = attention()
    twin = stock_twin(layer)
    before, target = array(layer.query_kernel), normal(BATCH, TIME, 8, seed=9)
    inputs = {**queried(), **MASKS}
    for one in (layer, twin):
        symbols = {
            name: keras.Input((*(None,) * (x.ndim - 2), x.shape[-1]), dtype=x.dtype.name, name=name)
            for name, x in inputs.items()
        }
        # With scores, as stock Keras on JAX takes no `value_dim` of its own without them.
        options = {"use_causal_mask": causal, "return_attention_scores": True}
        outputs, _ = one(**symbols, **options)
        model = keras.Model(symbols, outputs)
        # Plain gradient descent: a step is the gradient, on every backend.
        model.compile(keras.optimizers.SGD(1.0), "mse", jit_compile=False)
        model.train_on_batch(inputs, target, sample_weight=KEPT.astype("float32"))
    after = {w.name: array(w) for w in layer.weights}
    for name in ("query", "key", "value", "output"):
        dense = getattr(twin, f"{name}_dense")
        for part in ("kernel", "bias"):
            one, other = after[f"{name}_{part}"], array(getattr(dense, part))
            np.testing.assert_allclose(one, other.reshape(one.shape), atol=1e-5)
    assert np.abs(after["query_kernel"] - before).max() > 1e-4


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("name", ["query", "value", "key"])
def test_gradients_of_inputs_equal_keras(name, causal):
    layer = attention()
    inputs = {**queried(), **MASKS}
    options = {"use_causal_mask": causal, "return_attention_scores": True}
    found = []
    for one in (layer, stock_twin(layer)):

        def call(given, one=one):
            return one(**given, **options)[0] * ops.cast(given["query_mask"], "float32")[..., None]

        look = viewer(call, inputs, name, np.ones((1, 1, TIME, 1)), True)
        found.append(look(inputs[name])[1])
    np.testing.assert_allclose(*found, atol=1e-5)
    assert np.abs(found[0]).max() > 1e-2


def test_a_query_that_sees_nothing_gets_the_bias_and_trains():
    layer, query, value = attention(), normal(BATCH, TIME, 8), normal(BATCH, MEMORY, 6)
    empty = np.zeros((BATCH, MEMORY), bool)
    output, scores = layer(query, value, value_mask=empty, return_attention_scores=True)
    assert not array(scores).any()
    bias = np.broadcast_to(array(layer.output_bias), output.shape)
    np.testing.assert_allclose(array(output), bias, atol=1e-6)
    inputs = [keras.Input((None, 8)), keras.Input((None, 6)), keras.Input((None,), dtype="bool")]
    model = keras.Model(inputs, layer(inputs[0], inputs[1], value_mask=inputs[2]))
    model.compile("sgd", "mse", jit_compile=False)
    model.train_on_batch([query, value, empty], np.ones((BATCH, TIME, 8)))
    assert all(np.isfinite(array(weight)).all() for weight in layer.weights)


def test_padding_changes_nothing():
    layer, query, value = attention(), normal(BATCH, TIME, 8), normal(BATCH, MEMORY, 6)
    mask = prefix_mask([7, 4, 1], MEMORY)
    plain = array(layer(query, value, value_mask=mask))
    loud = np.where(mask[:, :, None], value, 1e3).astype("float32")
    np.testing.assert_allclose(array(layer(query, loud, value_mask=mask)), plain, atol=1e-5)
    longer = np.concatenate([value, normal(BATCH, 4, 6)], axis=1)
    longer_mask = np.concatenate([mask, np.zeros((BATCH, 4), bool)], axis=1)
    np.testing.assert_allclose(
        array(layer(query, longer, value_mask=longer_mask)), plain, atol=1e-5
    )


@pytest.mark.parametrize("policy, tolerance", [("float32", 1e-5), ("mixed_float16", 1e-2)])
def test_steps_equal_the_whole(policy, tolerance):
    layer = MultiHeadAttention(HEADS, 4, value_dim=3, dtype=policy)
    inputs = normal(BATCH, TIME, 8)
    whole = array(layer(inputs, inputs, use_causal_mask=True))
    cache = layer.begin_cache(BATCH, max_length=TIME + 2)
    assert [tuple(part.shape) for part in cache] == [(3, 2, 4, 7), (3, 2, 7, 3)]
    for time in range(TIME):
        output, cache = layer.step(ops.convert_to_tensor(inputs[:, time]), cache, time)
        assert keras.backend.standardize_dtype(output.dtype) == layer.compute_dtype
        np.testing.assert_allclose(array(output), whole[:, time], atol=tolerance)


@pytest.mark.parametrize("positions", [None, "rotary", "alibi", "relative"])
def test_steps_run_in_a_loop(positions):
    layer = MultiHeadAttention(HEADS, 4, positions=positions, window=3)
    inputs = normal(BATCH, TIME, 8)
    whole = array(layer(inputs, inputs, use_causal_mask=True))

    def body(time, outputs, cache):
        query = ops.take(ops.convert_to_tensor(inputs), time, axis=1)
        output, cache = layer.step(query, cache, time)
        return time + 1, ops.slice_update(outputs, (0, time, 0), output[:, None]), cache

    def steps():
        start = (
            ops.zeros((), "int32"),
            ops.zeros((BATCH, TIME, 8)),
            layer.begin_cache(BATCH, TIME),
        )
        return ops.while_loop(lambda time, *_: time < TIME, body, start)[1]

    for run in compilations(steps):
        np.testing.assert_allclose(array(run()), whole, atol=1e-5)


def compilations(function):
    """The function as it is, as a graph, and compiled by XLA, where the backend has these."""
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        return [function, tf.function(function), tf.function(function, jit_compile=True)]
    if keras.config.backend() == "jax":
        import jax

        return [function, jax.jit(function)]
    return [function]


def test_projected_memory_is_attended_to_any_number_of_times():
    layer, value = attention(), normal(BATCH, MEMORY, 6)
    mask = prefix_mask([7, 4, 1], MEMORY)
    keys, values = layer.project_memory(ops.convert_to_tensor(value))
    for seed in (1, 2):
        query = normal(BATCH, TIME, 8, seed=seed)
        one = layer.attend(query, keys, values, ops.convert_to_tensor(mask)[:, None])
        np.testing.assert_allclose(
            array(one), array(layer(query, value, value_mask=mask)), atol=1e-6
        )


def test_symbolic_shapes_are_true():
    query, value = keras.Input((TIME, 8)), keras.Input((MEMORY, 6))
    output, scores = attention()(query, value, return_attention_scores=True)
    assert output.shape == (None, TIME, 8)
    assert scores.shape == (None, HEADS, TIME, MEMORY)
    model = keras.Model([query, value], [output, scores])
    eager = model([normal(BATCH, TIME, 8), normal(BATCH, MEMORY, 6)])
    assert [tuple(part.shape) for part in eager] == [(3, 5, 8), (3, 2, 5, 7)]


def test_arguments_by_position_are_those_of_keras():
    ours, theirs = (
        inspect.signature(one.__init__).parameters.values()
        for one in (MultiHeadAttention, keras.layers.MultiHeadAttention)
    )
    ours = [x.name for x in ours if x.kind is x.POSITIONAL_OR_KEYWORD]
    assert ours == [x.name for x in theirs][: len(ours)]
    assert ours[-1] == "use_bias"


def test_wrong_sizes_are_refused():
    with pytest.raises(ValueError, match="num_heads"):
        MultiHeadAttention(0, 4)
    with pytest.raises(ValueError, match="same number of positions"):
        MultiHeadAttention(2, 4)(normal(3, 5, 8), normal(3, 7, 8), normal(3, 6, 8))


@pytest.mark.parametrize("times", [(None, MEMORY), (MEMORY, None)])
def test_the_time_of_value_or_key_may_be_unknown(times):
    layer = MultiHeadAttention(HEADS, 4)
    value, key = keras.Input((times[0], 6)), keras.Input((times[1], 5))
    assert layer(keras.Input((TIME, 8)), value, key).shape == (None, TIME, 8)
    assert tuple(layer.value_kernel.shape) == (6, 8)
    assert tuple(layer.key_kernel.shape) == (5, 8)


@pytest.mark.parametrize("shape", [(BATCH, 1, TIME, MEMORY), (MEMORY,)])
def test_masks_of_other_axes_are_refused(shape):
    layer, query, value = attention(), normal(BATCH, TIME, 8), normal(BATCH, MEMORY, 6)
    mask = ops.ones(shape, "bool")
    keys, values = layer.project_memory(ops.convert_to_tensor(value))
    for call in (
        lambda: layer(query, value, attention_mask=mask),
        lambda: layer.attend(ops.convert_to_tensor(query), keys, values, mask),
    ):
        with pytest.raises(ValueError, match=r"or `\(batch, time, memory_time\)`, the same"):
            call()


@pytest.mark.parametrize("scores", [False, True])
def test_contract(scores):
    check_layer(
        MultiHeadAttention,
        {"num_heads": 2, "key_dim": 4, "value_dim": 3, "dropout": 0.3, "use_bias": True, "seed": 3},
        {"query": normal(3, 5, 8), "value": normal(3, 7, 6)},
        options={"return_attention_scores": True} if scores else None,
        masks={"query_mask": "query", "value_mask": "value"},
        seed_generators=1,
        trainable_weights=8,
        no_gradient=("key_bias",),
        output_shape=(3, 5, 8),
    )
