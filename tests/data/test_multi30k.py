import gzip
import hashlib
import os

import pytest

from data import download
from data.corpora import load, multi30k
from data.errors import UserError

LINES = {
    "train": ["{} one ", " {} two", "{} three"],
    "val": ["{} four"],
    "test_2016_flickr": ["{} five\u2028, still five", "{} six"],
}


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A Multi30k of six lines with checksums of its own; English compressed, the rest plain."""
    monkeypatch.setattr(download, "cache_folder", lambda: tmp_path / "cache")
    (tmp_path / "multi30k").mkdir()
    checksums = {}
    for stem, lines in LINES.items():
        for code in multi30k.LANGUAGES:
            content = "".join(line.format(code) + "\n" for line in lines).encode()
            checksums[f"{stem}.{code}"] = hashlib.sha256(content).hexdigest()
            if code == "en":
                (tmp_path / f"multi30k/{stem}.en.gz").write_bytes(gzip.compress(content))
            else:
                (tmp_path / f"multi30k/{stem}.{code}").write_bytes(content)
    monkeypatch.setattr(multi30k, "SHA256", checksums)
    return tmp_path


@pytest.mark.parametrize("source, target", multi30k.READER.directions)
def test_every_direction(tree, source, target):
    corpus = load("multi30k", source=source, target=target, data_dir=str(tree))
    assert (corpus.name, corpus.source, corpus.target) == ("multi30k", source, target)
    assert {split: len(pairs) for split, pairs in corpus.splits.items()} == {
        "train": 3,
        "validation": 1,
        "test": 2,
    }
    assert corpus.splits["train"].source == [f"{source} one", f"{source} two", f"{source} three"]
    assert corpus.splits["train"].target == [f"{target} one", f"{target} two", f"{target} three"]
    assert corpus.splits["test"].target[0] == f"{target} five\u2028, still five"
    assert "Flickr30K" in corpus.licence


def test_a_changed_line_is_a_wrong_checksum(tree):
    (tree / "multi30k/val.de").write_text("de other\n")
    with pytest.raises(UserError, match="val.de has the wrong checksum"):
        load("multi30k", source="en", target="de", data_dir=str(tree))


def test_an_unknown_language_is_answered_with_the_right_ones(tree):
    with pytest.raises(UserError, match="no direction en-es: it has en-de, en-fr, en-cs, de-en"):
        load("multi30k", source="en", target="es", data_dir=str(tree))
    with pytest.raises(UserError, match="no direction de-de"):
        load("multi30k", source="de", target="de", data_dir=str(tree))


def test_the_published_text_has_the_pinned_checksums():
    if not os.path.isdir(os.path.join(os.environ.get("DATA_DIR", ""), "multi30k")):
        pytest.skip("REAL TEXT NOT TESTED: DATA_DIR names no folder with multi30k in it")
    for source, target in (("en", "de"), ("fr", "cs")):
        corpus = load("multi30k", source=source, target=target)
        sizes = [len(pairs) for pairs in corpus.splits.values()]
        assert sizes == [29000, 1014, 1000]
        for pairs in corpus.splits.values():
            assert all(line and line == line.strip() for line in pairs.source + pairs.target)
