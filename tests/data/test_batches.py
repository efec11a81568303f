"""Batches: nothing lost, nothing invented, an order that depends on (seed, epoch) alone."""

import numpy as np
import pytest

from data.batches import Batches
from data.buckets import STATIC_SHAPES, Position
from data.errors import UserError
from data.tokenizer import END, PAD, START, Tokenizer

WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "slept", "near", "old", "green", "lamp"]


@pytest.fixture(scope="module")
def pairs():
    random = np.random.default_rng(7)
    sources = [" ".join(random.choice(WORDS, random.integers(1, 24))) for _ in range(300)]
    targets = [" ".join(reversed(text.split())) for text in sources]
    return sources, targets


@pytest.fixture(scope="module")
def tokenizer_model(pairs):
    return Tokenizer.train(pairs[0] + pairs[1], 60).model


@pytest.fixture
def tokenizer(tokenizer_model):
    return Tokenizer(tokenizer_model)  # seeding, as before each test, destroys older ones


def make(tokenizer, pairs, **options):
    return Batches(tokenizer, *pairs, **({"batch_tokens": 256, "seed": 3} | options))


def collect(dataset):
    return [({k: v.numpy() for k, v in x.items()}, y.numpy()) for x, y in dataset]


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize("merge_dropout", [0.0, 0.2])
def test_an_epoch_holds_every_pair_once(tokenizer, pairs, static, merge_dropout):
    batches = make(tokenizer, pairs, static_shapes=static, merge_dropout=merge_dropout)
    found = []
    for inputs, labels in collect(batches.training(Position())):
        texts = (tokenizer.detokenize(side).numpy() for side in (inputs["source"], labels))
        rows = [tuple(text.decode() for text in row) for row in zip(*texts, strict=True)]
        found += [row for row in rows if row != ("", "")]
        real = labels[:, 0] != PAD
        assert (inputs["target"][real, 0] == START).all()
        assert ((inputs["source"] == END).sum(1) == real).all()
        assert ((labels == END).sum(1) == real).all()
        # The decoder reads what it has to write, one step later.
        np.testing.assert_array_equal(
            np.where(labels[:, :-1] == END, PAD, labels[:, :-1]), inputs["target"][:, 1:]
        )
    assert sorted(found) == sorted(zip(*pairs, strict=True))


def test_order_depends_on_seed_and_epoch_alone(tokenizer, pairs):
    def order(seed, epoch):
        batches = make(tokenizer, pairs, seed=seed)
        return [labels.tolist() for _, labels in collect(batches.training(Position(epoch)))]

    assert order(3, 1) == order(3, 1)
    assert order(3, 1) != order(3, 2)
    assert order(3, 1) != order(4, 1)


def test_a_position_inside_an_epoch_gives_the_rest_of_it(tokenizer, pairs):
    batches = make(tokenizer, pairs)
    whole = collect(batches.training(Position(2)))
    rest = collect(batches.training(Position(2, 5)))
    assert len(whole) == len(batches) == len(rest) + 5
    for (x, y), (x_rest, y_rest) in zip(whole[5:], rest, strict=True):
        np.testing.assert_array_equal(y, y_rest)
        np.testing.assert_array_equal(x["source"], x_rest["source"])


def test_one_dataset_follows_its_position(tokenizer, pairs):
    position = Position()
    dataset = make(tokenizer, pairs).training(position)
    first = collect(dataset)
    position.epoch = 1
    second = collect(dataset)
    assert len(first) == len(second)
    assert any(a[1].tolist() != b[1].tolist() for a, b in zip(first, second, strict=True))


def test_the_budget_holds_and_padding_is_counted(tokenizer, pairs):
    batches = make(tokenizer, pairs)
    cells = kept = 0
    for inputs, labels in collect(batches.training(Position())):
        for side in (inputs["source"], labels):
            assert side.size <= 256
            cells += side.size
            kept += (side != PAD).sum()
    assert batches.padding_share == pytest.approx(1 - kept / cells)
    assert batches.padding_share < 0.25


def test_nothing_tunes_itself(tokenizer, pairs):
    """Its thread sleeps for up to a minute, and the end of an epoch may wait for that."""
    batches = make(tokenizer, pairs)
    for dataset in (batches.training(Position()), batches.validation()):
        assert dataset.options().autotune.enabled is False


def test_few_shapes_for_xla(tokenizer, pairs):
    batches = make(tokenizer, pairs, static_shapes=True)
    shapes = {labels.shape for _, labels in collect(batches.training(Position()))}
    assert 1 < len(shapes) <= STATIC_SHAPES


def test_a_pair_longer_than_the_budget_is_a_batch_of_its_own(tokenizer):
    batches = make(tokenizer, (["cat " * 30, "a mat"], ["mat " * 30, "a cat"]), batch_tokens=8)
    assert len(collect(batches.validation())) == len(batches) == 2


def test_long_pairs_are_left_out_and_counted(tokenizer, pairs):
    sides = [tokenizer.tokenize(side).row_lengths().numpy() for side in pairs]
    lengths = np.maximum(*sides)
    batches = make(tokenizer, pairs, max_length=15)
    assert batches.dropped == (lengths > 15).sum() > 0
    rows = sum(int((labels[:, 0] != PAD).sum()) for _, labels in collect(batches.validation()))
    assert rows == len(pairs[0]) - batches.dropped
    with pytest.raises(UserError, match="at most 1 token"):
        make(tokenizer, (["cat " * 30], ["mat " * 30]), max_length=1)
