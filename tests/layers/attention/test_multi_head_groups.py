"""Shared heads, windows, single products and fused attention, against Keras and each other."""

import keras
import numpy as np
import pytest
from attention_reference import attend
from keras import ops
from layer_contract import check_layer

from layers.attention import MultiHeadAttention

BATCH, TIME, MEMORY, UNITS = 3, 5, 7, 8


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def array(tensor):
    return ops.convert_to_numpy(tensor)


def prefix_mask(lengths, time):
    return np.arange(time) < np.array(lengths)[:, None]


def attention(**options):
    """A layer of 4 heads, none of whose weights is zero."""
    layer = MultiHeadAttention(4, 2, **options)
    layer.build((None, None, UNITS), (None, None, UNITS))
    for index, weight in enumerate(layer.trainable_weights):
        weight.assign(normal(*weight.shape, seed=index) * 0.5)
    return layer


def own_name(variable):
    """The name that our layer has for a weight of Keras's, or of its own."""
    part = variable.path.split("/")[-2].replace("attention_output", "output")
    return variable.name if "_" in variable.name else f"{part}_{variable.name}"


def copy_weights(layer, twin):
    """Gives a layer of Keras the weights of ours."""
    twin.build((None, None, UNITS), (None, None, UNITS))
    weights = {weight.name: array(weight) for weight in layer.weights}
    for variable in twin.weights:
        variable.assign(weights[own_name(variable)].reshape(variable.shape))
    return twin


def slopes(layer, query, value, mask, **options):
    """The gradients of a loss by all weights, by name: those of a step of gradient descent."""
    before = {own_name(weight): array(weight).reshape(-1) for weight in layer.weights}
    inputs = [keras.Input((None, UNITS)), keras.Input((None, UNITS)), keras.Input((None,))]
    outputs = layer(*inputs[:2], value_mask=inputs[2], **options)
    model = keras.Model(inputs, outputs)
    rate = float(np.prod(query.shape))  # the loss is the mean over so many numbers
    model.compile(keras.optimizers.SGD(rate), "mse", jit_compile=False)
    model.train_on_batch([query, value, mask], normal(*query.shape, seed=9))
    return {own_name(w): before[own_name(w)] - array(w).reshape(-1) for w in layer.weights}


@pytest.mark.parametrize("shared", [1, 2])
@pytest.mark.parametrize(("causal", "window"), [(False, None), (True, 3), (False, 2)])
def test_shared_heads_equal_keras(shared, causal, window):
    layer = attention(num_key_value_heads=shared, window=window)
    twin = keras.layers.GroupQueryAttention(2, 4, shared, sliding_window=window)
    copy_weights(layer, twin)
    query, value = normal(BATCH, TIME, UNITS), normal(BATCH, MEMORY, UNITS)
    # Every query sees a key: Keras lets the others see all of them.
    options = {
        "value_mask": prefix_mask([7, 6, 7], MEMORY),
        "use_causal_mask": causal,
        "return_attention_scores": True,
    }
    ours, theirs = layer(query, value, **options), twin(query, value, **options)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(array(one), array(other), atol=1e-5)


@pytest.mark.parametrize("shared", [2, 4])
def test_gradients_equal_keras(shared):
    layer = attention(num_key_value_heads=shared, window=3)
    twin = keras.layers.GroupQueryAttention(2, 4, shared, sliding_window=3)
    copy_weights(layer, twin)
    query, value = normal(BATCH, TIME, UNITS), normal(BATCH, MEMORY, UNITS)
    mask = prefix_mask([7, 6, 7], MEMORY)
    ours, theirs = (
        slopes(each, query, value, mask, use_causal_mask=True) for each in (layer, twin)
    )
    assert ours.keys() == theirs.keys()
    for name, slope in ours.items():
        assert name == "key_bias" or np.abs(slope).max() > 1e-2
        np.testing.assert_allclose(slope, theirs[name], atol=1e-3, rtol=1e-4, err_msg=name)


@pytest.mark.parametrize("causal", [False, True])
def test_self_attention_equals_keras(causal):
    layer = attention()
    twin = copy_weights(layer, keras.layers.MultiHeadAttention(4, 2))
    inputs = ops.convert_to_tensor(normal(BATCH, TIME, UNITS))
    options = {"value_mask": prefix_mask([5, 3, 4], TIME), "use_causal_mask": causal}
    one, other = (each(inputs, inputs, **options) for each in (layer, twin))
    np.testing.assert_allclose(array(one), array(other), atol=1e-5)


@pytest.mark.parametrize("batch", [BATCH, TIME])
@pytest.mark.parametrize("options", [{}, {"use_causal_mask": True}, {"value_mask": None}], ids=str)
def test_one_mask_for_all_sequences_equals_keras(options, batch):
    layer = attention()
    twin = copy_weights(layer, keras.layers.MultiHeadAttention(4, 2))
    query, value = normal(batch, TIME, UNITS), normal(batch, MEMORY, UNITS)
    mask = np.random.default_rng(5).random((TIME, MEMORY)) < 0.5
    mask[:, 0] = True  # of Keras, who sees nothing sees everything
    options = {**options, "attention_mask": mask}
    if "value_mask" in options:
        options["value_mask"] = prefix_mask([7, 4, 1, 5, 2][:batch], MEMORY)
    theirs, scores = twin(query, value, return_attention_scores=True, **options)
    ours = layer(query, value, return_attention_scores=True, **options)
    np.testing.assert_allclose(array(ours[1]), array(scores), atol=1e-5)
    for output in (ours[0], layer(query, value, **options)):
        np.testing.assert_allclose(array(output), array(theirs), atol=1e-5)
    if len(options) == 1:
        query, value, mask = map(ops.convert_to_tensor, (query, value, mask))
        output = layer.attend(query, *layer.project_memory(value), mask)
        np.testing.assert_allclose(array(output), array(theirs), atol=1e-5)


@pytest.mark.parametrize("shared", [1, 2, 4])
def test_one_tensor_as_query_and_value_equals_copies_of_it(shared):
    layer = attention(num_key_value_heads=shared)
    first, second, third = (ops.convert_to_tensor(normal(BATCH, TIME, UNITS)) for _ in range(3))
    plain = array(layer(first, second, third))
    for arguments in (
        (first, first),
        (first, first, first),
        (first, second),
        (first, first, second),
    ):
        np.testing.assert_allclose(array(layer(*arguments)), plain, atol=1e-5)
    names = ["query", "key", "value", "output"]
    wanted = [f"{name}_{part}" for name in names for part in ("kernel", "bias")]
    assert [weight.name for weight in layer.weights] == wanted


@pytest.mark.parametrize("shared", [2, 4])
@pytest.mark.parametrize("positions", [None, "rotary"])
def test_outputs_do_not_depend_on_being_asked_for_scores(shared, positions):
    # Without scores the backend's fused attention is used, where there is one.
    layer = attention(num_key_value_heads=shared, positions=positions)
    query, value = normal(BATCH, TIME, UNITS), normal(BATCH, MEMORY, UNITS)
    free = np.random.default_rng(2).random((BATCH, TIME, MEMORY)) < 0.6
    free[1, 2] = False
    for options in (
        {},
        {"use_causal_mask": True},
        {"use_causal_mask": True, "offset": 2},
        {"value_mask": prefix_mask([7, 0, 4], MEMORY)},
        {"attention_mask": free, "query_mask": prefix_mask([5, 3, 1], TIME)},
    ):
        alone = array(layer(query, value, **options))
        beside, scores = layer(query, value, return_attention_scores=True, **options)
        np.testing.assert_allclose(alone, array(beside), atol=1e-5)
        nothing = array(scores).sum(axis=(1, 3)) == 0
        bias = np.broadcast_to(array(layer.output_bias), alone[nothing].shape)
        np.testing.assert_allclose(alone[nothing], bias, atol=1e-6)


def test_a_fused_row_that_sees_nothing_trains():
    layer = attention()
    inputs = [keras.Input((None, UNITS)), keras.Input((None,), dtype="bool")]
    model = keras.Model(inputs, layer(inputs[0], inputs[0], value_mask=inputs[1]))
    model.compile("sgd", "mse", jit_compile=False)
    empty = np.zeros((BATCH, TIME), bool)
    model.train_on_batch([normal(BATCH, TIME, UNITS), empty], np.ones((BATCH, TIME, UNITS)))
    assert all(np.isfinite(array(weight)).all() for weight in layer.weights)


def test_padding_changes_nothing_with_shared_heads():
    layer = attention(num_key_value_heads=2, positions="relative", window=3)
    query, value = normal(BATCH, TIME, UNITS), normal(BATCH, MEMORY, UNITS)
    mask = prefix_mask([7, 4, 2], MEMORY)
    plain = array(layer(query, value, value_mask=mask))
    loud = np.where(mask[:, :, None], value, 1e3).astype("float32")
    longer = np.concatenate([loud, normal(BATCH, 2, UNITS)], axis=1)
    longer_mask = np.concatenate([mask, np.zeros((BATCH, 2), bool)], axis=1)
    output = array(layer(query, longer, value_mask=longer_mask))
    np.testing.assert_allclose(output, plain, atol=1e-5)
    expected, _ = attend(layer, query, value, np.broadcast_to(mask[:, None], (3, 5, 7)))
    np.testing.assert_allclose(plain, expected, atol=1e-5)


def test_contract_of_a_layer_that_may_be_fused():
    check_layer(
        MultiHeadAttention,
        {"num_heads": 4, "key_dim": 2, "num_key_value_heads": 1, "window": 2},
        {"query": normal(3, 5, 8), "value": normal(3, 7, 6)},
        masks={"query_mask": "query", "value_mask": "value"},
        trainable_weights=8,
        no_gradient=("key_bias",),
        output_shape=(3, 5, 8),
    )
