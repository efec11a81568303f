"""The Large Movie Review Dataset: reviews of films on IMDb, Maas et al. 2011.

The split is the published one. No validation set is published, so one is held out of train here;
the test set stays as it is. The reviews are in the order of the SHA-1 of their names in the archive
(there, one class follows the other), so that the first thousand are a fair sample.
"""

import hashlib
import io
import re
import tarfile

from data.download import Fetched, fetch, local_folder
from data.held_out import draw_per_class, overlap_notes
from data.labelled.corpus import Examples, LabelledCorpus
from data.labelled.markup import strip_markup
from data.text import same

LICENCE = "none is stated; the publishers ask to cite Maas et al. 2011 (P11-1015)."
HOME = "https://ai.stanford.edu/~amaas/data/sentiment/"
URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
NAME = "imdb"
OFFICIAL = "aclImdb_v1.tar.gz"
# The labelled reviews of the official archive alone, packed anew.
HALVES = ("aclImdb_train.tar.gz", "aclImdb_test.tar.gz")
CLASSES = ("negative", "positive")
HELD_OUT, SEED = 0.1, 1

# SHA-256 of the archives as they are.
SHA256 = {
    "aclImdb_v1.tar.gz": "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
    "aclImdb_train.tar.gz": "7f8fadf2887be1b9402d384496808e31c7e4b5e41c0cd020301307f4eabe068b",
    "aclImdb_test.tar.gz": "697c07d6fd66843ddbdac9dfc48a7fe47556fa5328c1756cab6f73b24c9746f5",
}

# Whatever else an archive holds is not read: reviews without a label, word counts, addresses.
_REVIEW = re.compile(r"(?:\./)?aclImdb/((?:train|test)/(?:neg|pos)/[0-9]+_[0-9]+\.txt)")


def read(data_dir: str | None) -> LabelledCorpus:
    """Reads the published splits and holds a tenth of train out for validation, per class."""
    reviews: dict[str, str] = {}
    for archive in _archives(data_dir):
        reviews |= _reviews(archive.content)
    published = {split: _examples(reviews, split) for split in ("train", "test")}
    train, test = published["train"], published["test"]
    # Letters and digits are enough to know a long review by, and results are on record for the
    # validation set that they draw.
    keys = {
        split: [same(strip_markup(text)) for text in found.texts]
        for split, found in published.items()
    }
    labels = [CLASSES[label] for label in train.labels]
    split_of = draw_per_class(keys["train"], labels, ["validation"], HELD_OUT, SEED)
    splits = {
        split: train.chosen(at for at, its_split in enumerate(split_of) if its_split == split)
        for split in ("train", "validation")
    }
    held_out = len(splits["validation"])
    return LabelledCorpus(
        name=NAME,
        classes=CLASSES,
        splits={**splits, "test": test},
        title="Large Movie Review Dataset v1.0 (IMDb)",
        licence=LICENCE,
        url=HOME,
        notes=(
            f"{held_out} of the {len(train)} published train texts are held out for validation, "
            "per class and the same texts together.",
            *overlap_notes({"validation": [], **keys}, "texts"),
        ),
    )


def _archives(data_dir: str | None) -> list[Fetched]:
    """The official archive, or in its place both halves where they lie in DATA_DIR."""
    local = local_folder(NAME, data_dir)
    halves = local and all((local / name).is_file() for name in HALVES)
    wanted = HALVES if halves and not (local / OFFICIAL).is_file() else (OFFICIAL,)
    return [fetch(URL, SHA256[name], name, NAME, data_dir, LICENCE) for name in wanted]


def _reviews(archive: bytes) -> dict[str, str]:
    """The labelled reviews by name, read in memory: no name leads to a file of this machine."""
    reviews = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r|gz") as members:
        for member in members:
            name = _REVIEW.fullmatch(member.name)
            if name and member.isfile():
                reviews[name[1]] = members.extractfile(member).read().decode("utf-8")
    return reviews


def _examples(reviews: dict[str, str], split: str) -> Examples:
    own = [name for name in reviews if name.startswith(f"{split}/")]
    own.sort(key=lambda name: hashlib.sha1(name.encode(), usedforsecurity=False).digest())
    return Examples([reviews[name] for name in own], [int("/pos/" in name) for name in own])
