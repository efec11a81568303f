"""The tokenizer: round trips, special tokens, merge dropout, sentences about vocabularies."""

import re

import pytest
import tensorflow as tf

from data.errors import UserError
from data.tokenizer import END, PAD, START, UNKNOWN, Tokenizer

ENGLISH = ["The cat sat on the mat.", "A dog's bowl, half full!", "Was it 7 or 8?"] * 5
CHINESE = ["我们去吃饭吧，好吗？", "他说：“不行！”", "這是「我的」書；你呢？", "今天２０℃。"] * 5


@pytest.fixture(scope="module")
def tokenizer_model():
    return Tokenizer.train(ENGLISH + CHINESE, 110).model


@pytest.fixture
def tokenizer(tokenizer_model):
    return Tokenizer(tokenizer_model)  # seeding, as before each test, destroys older ones


def test_text_survives_the_round_trip(tokenizer):
    texts = ENGLISH[:3] + CHINESE[:4]
    back = tokenizer.detokenize(tokenizer.tokenize(texts).to_tensor(PAD))
    assert [text.decode() for text in back.numpy()] == texts


def test_special_tokens_have_their_ids_and_are_never_written(tokenizer):
    assert tokenizer.pieces[:4] == ["<pad>", "<unk>", "<s>", "</s>"]
    cat = tokenizer.tokenize(["The cat"]).to_list()[0]
    ids = [[START, *cat, END, *cat, PAD]]
    assert tokenizer.detokenize(tf.constant(ids)).numpy() == [b"The cat"]
    assert UNKNOWN in tokenizer.tokenize(["Ω"]).to_list()[0]


def test_merge_dropout_cuts_differently_and_means_the_same(tokenizer):
    plain = tokenizer.tokenize(ENGLISH[:3]).to_list()
    cuts = [tokenizer.tokenize(ENGLISH[:3], merge_dropout=0.5) for _ in range(4)]
    assert any(cut.to_list() != plain for cut in cuts)
    for cut in cuts:
        back = tokenizer.detokenize(cut.to_tensor(PAD)).numpy()
        assert [text.decode() for text in back] == ENGLISH[:3]


def test_a_saved_tokenizer_is_the_same(tokenizer, tmp_path):
    path = tmp_path / "tokenizer.model"
    path.write_bytes(tokenizer.model)
    again = Tokenizer.load(path)
    assert again.pieces == tokenizer.pieces
    assert again.tokenize(CHINESE).to_list() == tokenizer.tokenize(CHINESE).to_list()


def test_impossible_vocabularies_are_named_with_what_would_be_right():
    with pytest.raises(UserError, match=r"vocabulary of 9000 .* use at most \d+"):
        Tokenizer.train(ENGLISH, 9000)
    with pytest.raises(UserError, match=r"vocabulary of 10 .* use at least (\d+)") as caught:
        Tokenizer.train(ENGLISH, 10)
    least = int(re.search(r"at least (\d+)", str(caught.value))[1])
    assert len(Tokenizer.train(ENGLISH, least).pieces) == least
    with pytest.raises(UserError, match=f"vocabulary of {least - 1} .* use at least {least}"):
        Tokenizer.train(ENGLISH, least - 1)


@pytest.mark.parametrize(
    "text", ["It was good. " * 80_000, "电影很好看。" * 12_000], ids=["with blanks", "without"]
)
def test_a_long_text_alone_is_enough_to_learn_from(text):
    tokenizer = Tokenizer.train([text], 20)
    known = "".join(tokenizer.pieces[4:])
    assert set(text.replace(" ", "")) <= set(known)


def test_a_long_text_is_parted_at_its_blanks():
    words = ["unbelievable", "understanding", "Ünglücke"]
    long, short = Tokenizer.train([" ".join(words * 9000)], 50), Tokenizer.train(words * 9000, 50)
    assert long.pieces == short.pieces


def test_a_file_that_is_no_tokenizer(tmp_path):
    with pytest.raises(UserError, match="missing.model"):
        Tokenizer.load(tmp_path / "missing.model")
    (tmp_path / "bad.model").write_bytes(b"not a model")
    with pytest.raises(UserError, match=r"bad\.model, the tokenizer, is missing or damaged"):
        Tokenizer.load(tmp_path / "bad.model")


def test_words_cut_one_by_one_are_cut_as_in_their_text(tokenizer):
    odd = [
        "",
        " ",
        "  The cat  sat ",
        "a\tb\nc",
        "\ufeffThe \ufeff cat\ufeff",
        "a\u00a0b\u3000c",
        "ΩΩ ΩΩ Ω",
    ]
    texts = [*ENGLISH, *odd]
    whole = tokenizer.native.tokenize(texts)
    assert tokenizer.tokenize(texts).to_list() == whole.to_list()
    assert tokenizer.tokenize([]).to_list() == []
