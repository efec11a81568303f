"""Word vectors of others: which pieces they reach, and what a broken file is answered."""

import numpy as np
import pytest

from apps.sentiment.vectors import read_vectors
from data.errors import UserError

PIECES = ["<pad>", "▁the", "▁cat", "s", "▁The", "▁", "▁dog"]


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "vectors.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


@pytest.mark.parametrize("head", ["", "3 2\n"], ids=["GloVe", "word2vec"])
def test_whole_words_get_their_vectors(file, head):
    found = read_vectors(file(f"{head}the 1 2\n\ncat 0.5 -1e-1\ns 7 7\n\n"), PIECES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[[1, 2, 4]], [[1, 2], [0.5, -0.1], [1, 2]])
    assert np.isnan(found[[0, 3, 5, 6]]).all()


def test_a_word_in_its_own_case_comes_first(file):
    found = read_vectors(file("The 3 3\nthe 1 1\n"), PIECES)
    np.testing.assert_array_equal(found[[4, 1]], [[3, 3], [1, 1]])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("the 1 2\ncat 1\n", "line 2, has 1 numbers behind its word, where 2 belong"),
        ("the 1 x\n", "line 1, has something that is no number"),
        ("the 1 2\ncat 1 nan\n", "line 2, has a number that is nan, infinite or too large"),
        ("the 1 -inf\n", "line 1, has a number that is nan, infinite or too large"),
        ("the 1 1e39\n", "line 1, has a number that is nan, infinite or too large"),
        ("zebra 1 2\n", "has no vector for the words"),
        ("", "has no vector for the words"),
        ("the 0 0\n", "has one and the same number for the words"),
        ("the 0.1 0.1\ncat 0.1 0.1\n", "has one and the same number for the words"),
        ("the\n", "line 1, has 0 numbers behind its word, where some belong"),
        ("the 1 2\n".encode("utf-16"), "is not UTF-8"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(file, content, sentence):
    with pytest.raises(UserError, match=sentence):
        read_vectors(file(content), PIECES)


def test_a_missing_file(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_vectors(str(tmp_path / "nothing.txt"), PIECES)
