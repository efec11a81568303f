"""Sentence pairs of the Tatoeba project as prepared by ManyThings: English with French or Chinese.

There is no official split, and one sentence often has several translations. The split made here
goes by the English sentence, whichever way the corpus is read:

* Sentences that differ in case and punctuation alone count as one (`data.text.same`).
* The split of an English sentence follows from its SHA-1 alone, so it stays the same when the
  publisher adds sentences: 3 % test, 3 % validation.
* A pair whose French or Chinese sentence is in the test set is left out of validation and
  training, and one whose sentence is in validation out of training: read in the other direction,
  that sentence is a source.
* Validation and test keep one translation per distinct source sentence, the one with the least
  SHA-1: a blind choice. The order of all pairs is that of their SHA-1 too (the files are sorted
  by length), so that the first thousand are a fair sample.
"""

import hashlib

from data.corpora.corpus import Corpus, Pairs, Reader, Request
from data.download import fetch
from data.errors import UserError
from data.text import lines_of, same

LICENCE = "CC BY 2.0 FR, attribution: www.manythings.org/anki and tatoeba.org."
HOME = "https://www.manythings.org/anki/"
URL = "https://www.manythings.org/anki/{code}-eng.zip"
CODES = {"fr": "fra", "zh": "cmn"}
HELD_OUT = {"test": range(3), "validation": range(3, 6)}


def read(request: Request) -> Corpus:
    """Reads English with French ("fr") or Chinese ("zh"), in either direction."""
    foreign = request.target if request.source == "en" else request.source
    code = CODES[foreign]
    # Re-issued upstream from time to time, so there is no checksum to hold it to.
    name, url = f"{code}.txt", URL.format(code=code)
    fetched = fetch(url, None, name, READER.name, request.data_dir, LICENCE)
    pairs = _pairs(lines_of(fetched.content, str(fetched.path)), str(fetched.path))
    groups, notes = _split(pairs)
    splits = {}
    for split, group in groups.items():
        directed = group if request.source == "en" else [(other, en) for en, other in group]
        if split != "train":
            directed = _one_per_source(directed)
        splits[split] = Pairs.of(directed)
    chosen = " and ".join(f"{len(splits[s])} of {len(groups[s])} {s}" for s in HELD_OUT)
    return Corpus(
        name=READER.name,
        source=request.source,
        target=request.target,
        splits=splits,
        title="ManyThings: sentence pairs of the Tatoeba project",
        licence=LICENCE,
        url=HOME,
        notes=(
            f"Read from {name} with SHA-256 {fetched.sha256}, split by distinct English sentence.",
            *notes,
            f"One translation per distinct source sentence is kept: {chosen} pairs.",
        ),
    )


def _pairs(lines: list[str], shown: str) -> list[tuple[str, str]]:
    """(English, other) in a fair order; the third column, an attribution, is not read."""
    pairs = set()
    for number, line in enumerate(lines, start=1):
        columns = [column.strip() for column in line.split("\t")]
        if len(columns) < 2 or not (columns[0] and columns[1]):
            raise UserError(f"{shown}, line {number}, is not a pair of sentences with a tab.")
        pairs.add((columns[0], columns[1]))
    return sorted(pairs, key=lambda pair: _sha1("\t".join(pair)))


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _split_of(english: str) -> str:
    percent = int(_sha1(same(english)), 16) % 100
    return next((split for split, share in HELD_OUT.items() if percent in share), "train")


def _split(
    pairs: list[tuple[str, str]],
) -> tuple[dict[str, list[tuple[str, str]]], tuple[str, ...]]:
    groups = {"train": [], "validation": [], "test": []}
    for pair in pairs:
        groups[_split_of(pair[0])].append(pair)
    notes, taken = [], set()
    for split in ("test", "validation", "train"):
        kept = [pair for pair in groups[split] if same(pair[1]) not in taken]
        if dropped := len(groups[split]) - len(kept):
            notes.append(
                f"{dropped} {split} pairs whose translation is held out elsewhere were left out."
            )
        groups[split] = kept
        taken.update(same(other) for _, other in kept)
    return groups, tuple(notes)


def _one_per_source(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    first = {}
    for source, target in pairs:
        first.setdefault(same(source), (source, target))
    return list(first.values())


READER = Reader(
    "manythings", tuple(pair for code in CODES for pair in (("en", code), (code, "en"))), read
)
