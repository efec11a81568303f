import gzip
import hashlib
import os

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
    ):
        corpus = load(name)
        assert [len(examples) for examples in corpus.splits.values()] == sizes
        assert corpus.splits["train"].labels.count(0) == first
        for examples in corpus.splits.values():
            assert all(text and text == text.strip() for text in examples.texts)
            assert set(examples.labels) == set(range(len(corpus.classes)))
