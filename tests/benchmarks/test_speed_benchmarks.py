"""The benchmarks of attention, decoding and training: that they compare like with like."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from apps.harness.loss import token_losses
from apps.translate.model import Translator
from benchmarks import (
    attention,
    decoding,
    record,
    translate_findings,
    translate_profile,
    translate_speed,
)
from data import buckets
from layers.attention import MultiHeadAttention


@pytest.fixture
def tiny(monkeypatch):
    """The model and the sources of the decoding benchmark, small."""
    for name, value in {
        "VOCABULARY": 40,
        "UNITS": 8,
        "TIME": 3,
        "STEPS": 5,
        "SENTENCES": 2,
    }.items():
        monkeypatch.setattr(decoding, name, value)
    model = decoding.translator()
    for weight in model.trainable_variables:
        weight.assign(np.random.default_rng(0).normal(size=weight.shape))
    return model, decoding.sources()


@pytest.mark.parametrize("uncached", [decoding.uncached, decoding.uncached_prefix])
def test_without_a_cache_the_same_is_decoded(tiny, uncached):
    one, other = decoding.cached(*tiny).numpy(), uncached(*tiny).numpy()
    assert one.shape == (2, 1, 5)
    np.testing.assert_array_equal(one, other)


def test_both_beams_find_the_same(tiny):
    pytest.importorskip("keras_hub")
    ours, peer = decoding.our_beam(*tiny).numpy(), decoding.peer_beam(*tiny).numpy()
    np.testing.assert_array_equal(ours[:, 0], peer)


def test_attention_is_recorded(monkeypatch, tmp_path):
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    monkeypatch.setattr(attention, "SHAPES", ((2, 3, 8),))
    assert attention.main([]) == 0
    rows = {row["what"]: float(row["value"]) for row in record.read("attention")}
    assert rows.keys() == {
        "attention.mha.2x3x8.speed_vs_keras",
        "attention.mha.2x3x8.speed_vs_keras_dropout",
    }
    assert all(value > 0 for value in rows.values())


def test_operations_of_a_token():
    # By hand, in millions, for the sizes of the template: products of 128 x 128 and 128 x 256.
    lengths = {"source": 10, "target": 12}
    work = translate_speed.operations(128, 8000, 4, 256, lengths)
    source, target = (sum(work[side].values()) for side in ("source", "target"))
    weights = 6 * 128 * 128 + 2 * 128 * 256
    assert source == 6 * 4 * (weights + 10 * 2 * 128)
    assert target == 6 * (4 * (weights + (10 + 6) * 2 * 128) + 128 * 8000)


@pytest.mark.parametrize(
    ("operation", "part"),
    [
        ("translator/encoder/block_0/attention/MatMul", "attention"),
        ("translator/encoder/block_0/attention_norm/Mul", "normalization"),
        ("translator/encoder/block_0/attention_drop/Mul", "dropout"),
        ("gradient_tape/translator/decoder/block_1/feed_forward/MatMul", "feed_forward"),
        ("loss/MatMul_3", "loss"),
        ("optimizer/Sqrt", "optimizer"),
        ("translator/embedding/Gather", "other"),
    ],
)
def test_operations_belong_to_parts_of_a_step(operation, part):
    assert translate_profile._part(operation) == part


def test_every_part_with_a_floor_has_one(monkeypatch):
    monkeypatch.setattr(translate_speed, "peak", lambda: 1e9)
    monkeypatch.setattr(translate_profile, "_bandwidth", lambda: 1e9)
    model = Translator(40, "transformer", 8, options={"layers": 1, "heads": 2})
    model.build()
    ids = np.ones((3, 4), "int32")
    floors = translate_profile._floors(model, [({"source": ids, "target": ids}, ids)])
    assert floors.keys() == {*translate_profile.PARTS}
    assert all(floor > 0 for floor in floors.values())
    work = translate_speed.operations(8, 40, 4, 256, {"source": 4, "target": 4})
    assert floors["loss"] == pytest.approx(12 * work["target"]["loss"] / 1e6)


def test_the_plain_loss_is_the_same_loss():
    random = np.random.default_rng(0)
    hidden = tf.Variable(random.normal(size=(7, 4)), dtype=tf.float32)
    embeddings = tf.Variable(random.normal(size=(9, 4)), dtype=tf.float32)
    labels, weights = random.integers(0, 9, 7), tf.constant(random.uniform(0, 2, 7), tf.float32)
    found = []
    for losses in (token_losses, translate_findings.plain_losses):
        with tf.GradientTape() as tape:
            sums = losses(hidden, embeddings, labels, weights, 0.1)
        found.append([*sums, *tape.gradient(sums[0], [hidden, embeddings])])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_joined_products_give_the_same():
    layer = MultiHeadAttention(2, 4, positions="rotary", name="self_attention")
    inputs = np.random.default_rng(0).normal(size=(2, 5, 6)).astype("float32")
    layer.build(inputs.shape, inputs.shape)
    for weight in layer.trainable_variables:
        weight.assign(np.random.default_rng(1).normal(size=weight.shape))
    apart = layer(inputs, inputs, use_causal_mask=True)
    with translate_findings.joined_products():
        joined = layer(inputs, inputs, use_causal_mask=True)
    np.testing.assert_allclose(apart, joined, atol=1e-5)


def test_findings_are_undone_and_put_back(monkeypatch):
    traced = []

    def steps(name):
        traced.append((name, buckets.GRAIN, keras.config.dtype_policy().name))
        batches = [lambda: None] * translate_findings.BATCHES
        return batches, {"narrow_buckets": 50, "bfloat16": 200}.get(name, 100)

    monkeypatch.setattr(translate_findings, "_steps", steps)

    def medians(runs, rounds):
        return dict.fromkeys(runs, 1.0)

    monkeypatch.setattr(translate_findings, "interleaved_medians", medians)
    found = translate_findings.measure()
    assert found["narrow_buckets"] == 2.0 and found["bfloat16"] == 2.0
    assert found["dropout_by_bytes"] == 1.0
    assert ("narrow_buckets", 16, "float32") in traced
    assert ("bfloat16", 4, "mixed_bfloat16") in traced and traced[0] == ("all", 4, "float32")
    assert buckets.GRAIN == 4 and keras.config.dtype_policy().name == "float32"
