"""Word vectors that somebody else has trained, for the words that a tokenizer keeps whole."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from data.errors import UserError
from data.text import WORD_START


def read_vectors(path: str, pieces: Sequence[str]) -> np.ndarray:
    """The vectors of those pieces that are whole words, NaN for all others.

    Args:
        path: a text file in UTF-8 with a word and its numbers a line, parted by blanks, as GloVe
            writes them; the first line may hold their count and their width, as word2vec writes
            it. A word that the file has in lower case alone is found there.
        pieces: the subwords of a tokenizer.

    Returns:
        float32 `(pieces, width)`.

    Raises:
        UserError: the file cannot be read, is none of these, shares no word with the pieces, or
            has one and the same number throughout.
    """
    return _read(path, tuple(pieces))


@cache  # its width is asked for before its numbers
def _read(path: str, pieces: tuple[str, ...]) -> np.ndarray:
    wanted: dict[str, list[int]] = {}
    lowered: dict[str, list[int]] = {}
    for index, piece in enumerate(pieces):
        if piece.startswith(WORD_START) and len(piece) > 1:
            word = piece[1:]
            wanted.setdefault(word, []).append(index)
            lowered.setdefault(word.lower(), []).append(index)
    vectors: np.ndarray | None = None
    exact: set[int] = set()
    for number, word, numbers in _lines(path):
        if vectors is None:
            vectors = np.full((len(pieces), len(numbers)), np.nan, "float32")
        places = wanted.get(word, [])
        exact.update(places)
        places = places + [place for place in lowered.get(word, []) if place not in exact]
        if places:
            vectors[places] = _parsed(path, number, numbers)
    found = vectors[~np.isnan(vectors)] if vectors is not None else np.empty(0)
    if not len(found) or found.min() == found.max():
        raise UserError(
            f"{path} has {'one and the same number' if len(found) else 'no vector'} for the words "
            "of the corpus: name a file of word vectors of its language."
        )
    return vectors


def _lines(path: str):
    """Line number, word and numbers of each line."""
    width = 0
    try:
        with Path(path).expanduser().open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                fields = line.rstrip().split(" ")
                if fields == [""]:
                    continue
                if number == 1 and len(fields) == 2 and fields[0].isdigit():
                    continue  # word2vec's count and width
                width = width or len(fields) - 1
                if not width or len(fields) <= width:
                    raise UserError(
                        f"{path}, line {number}, has {len(fields) - 1} numbers behind its word, "
                        f"where {width or 'some'} belong."
                    )
                # Some files have words with blanks in them.
                yield number, " ".join(fields[:-width]), fields[-width:]
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text: convert it first.") from None


def _parsed(path: str, number: int, numbers: Sequence[str]) -> np.ndarray:
    try:
        with np.errstate(over="ignore"):
            parsed = np.array(numbers, "float32")
    except ValueError:
        raise UserError(f"{path}, line {number}, has something that is no number.") from None
    if not np.isfinite(parsed).all():
        raise UserError(f"{path}, line {number}, has a number that is nan, infinite or too large.")
    return parsed
