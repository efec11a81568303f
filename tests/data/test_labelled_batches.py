"""Labelled batches: every text once with its label, cut as asked, in an order that is known."""

import numpy as np
import pytest
import tensorflow as tf

from data.buckets import Position
from data.labelled_batches import NO_LABEL, LabelledBatches, shortened
from data.tokenizer import END, PAD, Tokenizer

WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "slept", "near", "old", "green", "lamp"]


@pytest.fixture(scope="module")
def examples():
    random = np.random.default_rng(7)
    texts = [" ".join(random.choice(WORDS, random.integers(0, 24))) for _ in range(200)]
    return texts, [len(text) % 3 for text in texts]


@pytest.fixture(scope="module")
def tokenizer_model(examples):
    return Tokenizer.train(examples[0], 60).model


@pytest.fixture
def tokenizer(tokenizer_model):
    return Tokenizer(tokenizer_model)  # seeding, as before each test, destroys older ones


def make(tokenizer, examples, **options):
    return LabelledBatches(
        tokenizer, *examples, **({"batch_tokens": 256, "max_length": 90, "seed": 3} | options)
    )


def rows(tokenizer, dataset):
    found = []
    for ids, labels in dataset:
        assert ids.shape[0] == labels.shape[0]
        texts = [text.decode() for text in tokenizer.detokenize(ids).numpy()]
        real = labels.numpy() != NO_LABEL
        assert ((ids.numpy() == END).sum(1) == real).all()
        found += [
            row
            for row, kept in zip(zip(texts, labels.numpy(), strict=True), real, strict=True)
            if kept
        ]
    return found


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize("merge_dropout", [0.0, 0.2])
def test_an_epoch_holds_every_text_once_with_its_label(tokenizer, examples, static, merge_dropout):
    batches = make(tokenizer, examples, static_shapes=static, merge_dropout=merge_dropout)
    found = rows(tokenizer, batches.training(Position()))
    if not merge_dropout:  # which makes texts longer, so that some are cut
        assert sorted(found) == sorted(zip(*examples, strict=True))
    assert len(found) == len(examples[0])
    for ids, _ in batches.training(Position()):
        assert tf.size(ids) <= 256 or len(ids) == 1 or merge_dropout


def test_validation_comes_in_the_order_it_says(tokenizer, examples):
    batches = make(tokenizer, examples)
    texts, labels = examples
    found = rows(tokenizer, batches.validation())
    assert found == [(texts[index], labels[index]) for index in batches.order]


def test_epochs_differ_and_a_resumed_one_goes_on(tokenizer, examples):
    batches = make(tokenizer, examples)
    first, second = (rows(tokenizer, batches.training(Position(epoch))) for epoch in (0, 1))
    assert first != second and sorted(first) == sorted(second)
    again = rows(tokenizer, batches.training(Position(0, 3)))
    assert first[-len(again) :] == again


@pytest.mark.parametrize(
    ("keep", "wanted"),
    [
        ("head", [[1, 2, 3, 4, 5], [7, 8], [], [1, 2, 3, 4, 5]]),
        ("tail", [[4, 5, 6, 7, 8], [7, 8], [], [2, 3, 4, 5, 6]]),
        ("head+tail", [[1, 2, 6, 7, 8], [7, 8], [], [1, 2, 4, 5, 6]]),
    ],
)
def test_long_texts_are_cut_as_asked(keep, wanted):
    ids = tf.ragged.constant([[1, 2, 3, 4, 5, 6, 7, 8], [7, 8], [], [1, 2, 3, 4, 5, 6]])
    assert shortened(ids, 5, keep).to_list() == wanted
    assert shortened(ids, 8, keep).to_list() == ids.to_list()


def test_what_is_cut_is_counted(tokenizer, examples):
    whole, cut = make(tokenizer, examples), make(tokenizer, examples, max_length=10)
    assert (whole.cut, whole.lost) == (0, 0.0)
    lengths = tokenizer.tokenize(examples[0]).row_lengths().numpy()
    assert cut.cut == (lengths > 10).sum()
    assert cut.lost == pytest.approx(np.maximum(lengths - 10, 0).sum() / lengths.sum())
    assert max(ids.shape[1] for ids, _ in cut.validation()) == 12  # ten, END, and a multiple of 4
    assert cut.tokens == np.minimum(lengths, 10).sum() + len(lengths)


def test_a_text_without_a_token_is_its_end(tokenizer):
    batches = LabelledBatches(tokenizer, ["", "cat"], [1, 0], batch_tokens=64, max_length=9)
    (ids, labels), *_ = list(batches.validation())
    assert ids.numpy()[labels.numpy() == 1].tolist()[0] == [END] + [PAD] * (ids.shape[1] - 1)
