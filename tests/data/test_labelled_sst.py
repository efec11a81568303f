import gzip
import hashlib
import os
import zipfile

import pytest

from data import download
from data.errors import UserError
from data.labelled import load, sst

LINES = {
    "stsa.binary.train": ["1 a stirring film .", "0 béart is -lrb- not -rrb- good .", "1 9\\/10"],
    "stsa.binary.dev": ["0 dull"],
    "stsa.binary.test": ["1 fine .", "0 Dull !", "1 a stirring film"],
    "stsa.fine.train": [f"{label} text {label}" for label in (4, 2, 0, 1, 3)],
    "stsa.fine.dev": ["2 so\u2028so"],
    "stsa.fine.test": ["4 superb", "0 awful"],
}
TREES = [
    "(3 (2 A) (3 (4 Stirring) (2 film)))",
    "(1 (2 (2 B\u00e9art) (2 is)) (1 (2 not) (4 superb)))",
    "(1 (2 A) (0 Dull))",
]


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """An SST of a few lines with checksums of its own, half of the files compressed."""
    monkeypatch.setattr(download, "cache_folder", lambda: tmp_path / "cache")
    (tmp_path / "sst").mkdir()
    checksums = {}
    for name, lines in LINES.items():
        content = "".join(f"{line}\n" for line in lines).encode()
        checksums[name] = hashlib.sha256(content).hexdigest()
        if name.endswith("train"):
            (tmp_path / f"sst/{name}.gz").write_bytes(gzip.compress(content))
        else:
            (tmp_path / f"sst/{name}").write_bytes(content)
    trees = "".join(f"{line}\n" for line in TREES).encode()
    with zipfile.ZipFile(tmp_path / "sst/trainDevTestTrees_PTB.zip", "w") as archive:
        archive.writestr("trees/dev.txt", "(2 no)")
        archive.writestr("trees/train.txt", trees)
    checksums["train.txt"] = hashlib.sha256(trees).hexdigest()
    monkeypatch.setattr(sst, "SHA256", checksums)
    return tmp_path


def test_two_classes(tree):
    corpus = load("sst2", data_dir=str(tree))
    assert (corpus.name, corpus.classes) == ("sst2", ("negative", "positive"))
    assert [len(corpus.splits[split]) for split in ("train", "validation", "test")] == [3, 1, 3]
    assert corpus.splits["train"].texts[1:] == ["béart is -lrb- not -rrb- good .", "9\\/10"]
    assert corpus.splits["train"].labels == [1, 0, 1]
    assert corpus.notes == ("1 of 3 test texts also occur in train, so scores on them flatter.",)
    assert "Socher" in corpus.licence and corpus.url.startswith("https://")


def test_five_classes(tree):
    corpus = load("sst5", data_dir=str(tree))
    assert len(corpus.classes) == 5 and corpus.classes[0] == "very negative"
    assert corpus.splits["train"].labels == [4, 2, 0, 1, 3]
    assert corpus.splits["validation"].texts == ["so\u2028so"]
    assert corpus.notes == ()


def test_phrases_are_the_nodes_of_the_trees_less_the_texts_that_are_scored(tree):
    corpus = load("sst5_phrases", data_dir=str(tree))
    train = corpus.splits["train"]
    assert dict(zip(train.texts, train.labels, strict=True)) == {
        "a": 2,
        "stirring": 4,
        "film": 2,
        "stirring film": 3,
        "a stirring film": 3,
        "béart": 2,
        "is": 2,
        "béart is": 2,
        "not": 2,
        "not superb": 1,
        "béart is not superb": 1,
        "dull": 0,
        "a dull": 1,
    }
    assert len(set(train.texts)) == len(train)  # "a" is in two trees; "superb" is a test text
    assert corpus.splits["test"] == load("sst5", data_dir=str(tree)).splits["test"]
    assert corpus.notes == ()


def test_two_classes_of_phrases_have_none_that_is_neutral(tree):
    corpus = load("sst2_phrases", data_dir=str(tree))
    train = corpus.splits["train"]
    assert dict(zip(train.texts, train.labels, strict=True)) == {
        "stirring": 1,
        "stirring film": 1,
        "superb": 1,
        "not superb": 0,
        "béart is not superb": 0,
        "a dull": 0,
    }
    assert corpus.splits["validation"].texts == ["dull"]
    assert (corpus.name, corpus.classes) == ("sst2_phrases", ("negative", "positive"))


def test_a_changed_line_is_a_wrong_checksum(tree):
    (tree / "sst/stsa.binary.test").write_text("1 other\n")
    with pytest.raises(UserError, match="stsa.binary.test has the wrong checksum"):
        load("sst2", data_dir=str(tree))


def test_the_address_is_pinned():
    assert sst.COMMIT in sst.URL.format(commit=sst.COMMIT, name="x")


def test_the_published_text_has_the_pinned_checksums():
    if not os.path.isdir(os.path.join(os.environ.get("DATA_DIR", ""), "sst")):
        pytest.skip("REAL TEXT NOT TESTED: DATA_DIR names no folder with sst in it")
    for name, sizes, first in (
        ("sst2", [6920, 872, 1821], 3310),
        ("sst5", [8544, 1101, 2210], 1092),
        ("sst2_phrases", [77296, 872, 1821], 34820),
        ("sst5_phrases", [157370, 1101, 2210], 7208),
    ):
        corpus = load(name)
        assert [len(examples) for examples in corpus.splits.values()] == sizes
        assert corpus.splits["train"].labels.count(0) == first
        for examples in corpus.splits.values():
            assert all(text and text == text.strip() for text in examples.texts)
            assert set(examples.labels) == set(range(len(corpus.classes)))
