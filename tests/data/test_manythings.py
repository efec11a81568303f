import gzip
import os

import pytest

from data import download
from data.corpora import load, manythings
from data.errors import UserError
from data.text import same

DIRECTIONS = manythings.READER.directions


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "cache_folder", lambda: tmp_path / "cache")


def write(folder, code, lines):
    (folder / "manythings").mkdir(exist_ok=True)
    text = "".join(line + "\n" for line in lines)
    (folder / f"manythings/{code}.txt.gz").write_bytes(gzip.compress(text.encode()))
    return str(folder)


def made_lines(count, first=0):
    """Pairs as published: several translations, case and punctuation twins, shared translations."""
    for i in range(first, first + count):
        yield f"I see {i} dogs.\tJe vois {i} chiens.\tCC-BY #1 & #2"
        if i % 3 == 0:
            yield f"I see {i} dogs.\tOn voit {i} chiens.\tCC-BY #1 & #3"
        if i % 4 == 0:
            yield f"I see {i} dogs!\tJe vois {i} chiens !\tCC-BY #4 & #5"
        if i % 5 == 0:
            yield f"There are {i} dogs.\tIl y a {i % 50} chiens.\tCC-BY #6 & #7"


def assert_nothing_leaks(corpus):
    splits = corpus.splits
    for a, b in (("train", "validation"), ("train", "test"), ("validation", "test")):
        for side in ("source", "target"):
            in_a = {same(text) for text in getattr(splits[a], side)}
            in_b = {same(text) for text in getattr(splits[b], side)}
            assert not in_a & in_b, f"{side} sentences of {a} are in {b}"
    for split in ("validation", "test"):
        keys = [same(text) for text in splits[split].source]
        assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("source, target", DIRECTIONS)
def test_nothing_leaks_and_the_notes_say_how_many(tmp_path, source, target):
    code = manythings.CODES[target if source == "en" else source]
    lines = list(made_lines(2000))
    folder = write(tmp_path, code, lines)
    corpus = load("manythings", source=source, target=target, data_dir=folder)
    assert_nothing_leaks(corpus)
    for split in ("validation", "test"):
        assert 30 < len(corpus.splits[split]) < 150
    pairs = {tuple(line.split("\t")[:2]) for line in lines}
    for split in corpus.splits.values():
        for pair in zip(split.source, split.target, strict=True):
            assert (pair if source == "en" else pair[::-1]) in pairs
    notes = " ".join(corpus.notes)
    assert "by distinct English sentence" in notes and "train pairs" in notes
    assert f"{len(corpus.splits['test'])} of " in notes


def test_both_directions_hold_out_the_same_english(tmp_path):
    folder = write(tmp_path, "fra", made_lines(1000))
    there = load("manythings", source="en", target="fr", data_dir=folder).splits
    back = load("manythings", source="fr", target="en", data_dir=folder).splits
    # Sentences that share a French one are fewer when read from French: one of them is kept.
    assert set(map(same, there["test"].source)) >= set(map(same, back["test"].target))
    assert there["train"].source == back["train"].target


def test_a_held_out_sentence_stays_held_out_when_the_file_grows(tmp_path):
    before = load(
        "manythings", source="en", target="fr", data_dir=write(tmp_path, "fra", made_lines(500))
    )
    grown = [*made_lines(500, first=500), *made_lines(500)]
    after = load("manythings", source="en", target="fr", data_dir=write(tmp_path, "fra", grown))
    assert set(before.splits["test"].source) <= set(after.splits["test"].source)
    assert len(after.splits["test"]) > len(before.splits["test"])


def test_the_order_of_the_file_does_not_matter(tmp_path):
    lines = list(made_lines(300))
    first = load("manythings", source="en", target="fr", data_dir=write(tmp_path, "fra", lines))
    turned = write(tmp_path, "fra", lines[::-1])
    second = load("manythings", source="en", target="fr", data_dir=turned)
    assert first.splits == second.splits


def test_a_line_that_is_no_pair(tmp_path):
    folder = write(tmp_path, "cmn", ["Hi.\t嗨。\tCC", "Run."])
    with pytest.raises(UserError, match="cmn.txt.gz, line 2, is not a pair"):
        load("manythings", source="en", target="zh", data_dir=folder)


def test_a_direction_without_english(tmp_path):
    with pytest.raises(UserError, match="no direction fr-zh: it has en-fr, fr-en, en-zh, zh-en"):
        load("manythings", source="fr", target="zh", data_dir=str(tmp_path))


@pytest.mark.parametrize("source, target", DIRECTIONS)
def test_the_published_text(source, target):
    if not os.path.isdir(os.path.join(os.environ.get("DATA_DIR", ""), "manythings")):
        pytest.skip("REAL TEXT NOT TESTED: DATA_DIR names no folder with manythings in it")
    corpus = load("manythings", source=source, target=target)
    assert_nothing_leaks(corpus)
    assert len(corpus.splits["train"]) > 20000
    assert all(len(corpus.splits[split]) > 500 for split in ("validation", "test"))
