import gzip
import hashlib
import io
import os
import tarfile

import pytest

from data import download
from data.errors import UserError
from data.labelled import LabelledCorpus, imdb, load
from data.labelled.markup import text_key

REVIEWS = {
    f"{split}/{folder}/{number}_{rating}.txt": f"A {split} film, {folder}.<br />No. {number}: é😀"
    for split in ("train", "test")
    for folder, rating in (("neg", 2), ("pos", 9))
    for number in range(20)
}
# The same review three times, twice in train and once in test; markup makes no difference.
REVIEWS["train/pos/3_9.txt"] = "Great   <br /> film!"
REVIEWS["train/pos/4_10.txt"] = REVIEWS["test/neg/5_2.txt"] = "great film"
del REVIEWS["train/pos/4_9.txt"]


def packed(names, *others):
    """A .tar.gz of reviews, in the order of the names given, and of other members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in names:
            add(archive, f"aclImdb/{name}", REVIEWS[name].encode())
        for name, content in others:
            add(archive, name, content)
        link = tarfile.TarInfo("aclImdb/train/pos/99_9.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return buffer.getvalue()


def add(archive, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


OTHERS = (
    ("aclImdb/train/unsup/0_0.txt", b"no label"),
    ("aclImdb/train/urls_pos.txt", b"http://"),
    ("aclImdb/train/labeledBow.feat", b"9 0:1"),
    ("aclImdb/train/pos/../../../../outside_9.txt", b"outside"),
    ("/tmp/train/pos/1_9.txt", b"outside"),
    ("aclImdb/train/pos/1_9.txt.bak", b"a copy"),
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder imdb in tmp_path, no DATA_DIR, and a cache of this test alone."""
    monkeypatch.setattr(download, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.delenv("DATA_DIR", raising=False)
    (tmp_path / "imdb").mkdir()
    return tmp_path / "imdb"


@pytest.fixture
def put(folder, monkeypatch):
    """Puts an archive where it is looked for, and makes its checksum the right one."""

    def put(name, content):
        (folder / name).write_bytes(content)
        monkeypatch.setitem(imdb.SHA256, name, hashlib.sha256(content).hexdigest())

    return put


@pytest.fixture
def official(put):
    put("aclImdb_v1.tar.gz", packed(list(REVIEWS)[::-1], *OTHERS))


@pytest.fixture
def halves(put):
    for split in ("train", "test"):
        put(f"aclImdb_{split}.tar.gz", packed(sorted(n for n in REVIEWS if n.startswith(split))))


def read(folder) -> LabelledCorpus:
    return load("imdb", data_dir=str(folder.parent))


def everything(examples):
    return sorted(zip(examples.texts, examples.labels, strict=True))


def test_the_published_split_with_a_tenth_of_train_held_out(folder, official):
    corpus = read(folder)
    assert (corpus.name, corpus.classes) == ("imdb", ("negative", "positive"))
    assert [len(corpus.splits[split]) for split in ("train", "validation", "test")] == [36, 4, 40]
    for split, count in (("train", 18), ("validation", 2), ("test", 20)):
        assert corpus.splits[split].labels.count(0) == count
    published = {
        split: sorted(
            (text, int("/pos/" in name)) for name, text in REVIEWS.items() if name.startswith(split)
        )
        for split in ("train", "test")
    }
    assert everything(corpus.splits["test"]) == published["test"]
    together = everything(corpus.splits["train"]) + everything(corpus.splits["validation"])
    assert sorted(together) == published["train"]
    assert corpus.notes == (
        "4 of the 40 published train texts are held out for validation, "
        "per class and the same texts together.",
        "1 of 40 test texts also occur in train, so scores on them flatter.",
    )


def test_the_same_texts_stay_together(folder, official, monkeypatch):
    for seed in range(20):
        monkeypatch.setattr(imdb, "SEED", seed)
        splits = read(folder).splits
        keys = [{text_key(text) for text in splits[s].texts} for s in ("train", "validation")]
        assert not keys[0] & keys[1]
        assert len(splits["test"]) == 40


def test_both_forms_hold_the_same_in_the_same_order(folder, halves, put):
    from_halves = read(folder)
    put("aclImdb_v1.tar.gz", packed(list(REVIEWS)[::-1], *OTHERS))
    for name in imdb.HALVES:
        (folder / name).write_bytes(b"not looked at where the official archive is")
    assert read(folder) == from_halves == read(folder)
    labels = from_halves.splits["train"].labels
    assert labels != sorted(labels) and labels != sorted(labels)[::-1]


def test_nothing_is_written_beside_the_archive(folder, official, monkeypatch):
    monkeypatch.chdir(folder)
    before = sorted(folder.parent.rglob("*"))
    read(folder)
    assert sorted(folder.parent.rglob("*")) == before


def test_another_archive_is_refused(folder, halves):
    (folder / "aclImdb_test.tar.gz").write_bytes(gzip.compress(b"other"))
    with pytest.raises(UserError, match="aclImdb_test.tar.gz has the wrong checksum") as error:
        read(folder)
    assert imdb.URL in str(error.value)


def test_one_half_is_not_enough(folder, halves, monkeypatch):
    (folder / "aclImdb_train.tar.gz").unlink()
    monkeypatch.setattr(imdb, "URL", "http://127.0.0.1:1/aclImdb_v1.tar.gz")
    with pytest.raises(UserError, match=f"{folder}: put aclImdb_v1.tar.gz there"):
        read(folder)


def test_the_published_archives():
    if not os.path.isdir(os.path.join(os.environ.get("DATA_DIR", ""), "imdb")):
        pytest.skip("REAL TEXT NOT TESTED: DATA_DIR names no folder with imdb in it")
    corpus = load("imdb")
    train, validation, test = (corpus.splits[s] for s in ("train", "validation", "test"))
    assert [len(train), len(validation), len(test)] == [22505, 2495, 25000]
    assert [part.labels.count(1) for part in (train, validation, test)] == [11250, 1250, 12500]
    keys = [{text_key(text) for text in part.texts} for part in (train, validation)]
    assert not keys[0] & keys[1]
    # Results are on record for this one.
    drawn = hashlib.sha256("".join(validation.texts).encode()).hexdigest()
    assert drawn == "6e4fb0416388d69ffb44eb9dadeb57ad8faaba6f48da746b8cd95a11b2fcfdc0"
    assert 400 < train.labels[:1000].count(1) < 600
    assert corpus.notes[1].startswith("123 of 25000 test texts also occur in train")
