"""Multi30k, task 1: captions of photographs in English, German, French and Czech.

Elliott et al. 2016 (en, de), Elliott et al. 2017 (fr), Barrault et al. 2018 (cs).
"""

import itertools

from data.corpora.corpus import Corpus, Pairs, Reader, Request
from data.download import fetch
from data.text import lines_of

LICENCE = (
    "none is stated for the text; it derives from Flickr30K, whose publishers provide the images "
    "for non-commercial research and education."
)
HOME = "https://github.com/multi30k/dataset"
COMMIT = "a3d2e0d26b56f3846f66a952536ffed4e401d05a"
URL = "https://raw.githubusercontent.com/multi30k/dataset/{commit}/data/task1/raw/{name}.gz"
FILES = {"train": "train", "validation": "val", "test": "test_2016_flickr"}
LANGUAGES = ("en", "de", "fr", "cs")

# SHA-256 of the uncompressed text.
SHA256 = {
    "test_2016_flickr.cs": "45adb85f688de8407fddcbe1b36dca15d12aab868149b337e2576f2d6d2ff8d8",
    "test_2016_flickr.de": "4be6b5b3236b79c25475c6bb829800a7ce559e9ba7a1f6c2394fe4d40be46d16",
    "test_2016_flickr.en": "399a4382932c1aadd3ceb9bef1008d388a64c76d4ae4e9d4728c6f4301cac182",
    "test_2016_flickr.fr": "cb3160d69b002bb638e66cc7612fcd56cb0af82eadc9c142dedc438afb885ef6",
    "train.cs": "2be68b38c8d586ff4f54eb13cc6e1baaaa053695b3f070d3038303a47f2268da",
    "train.de": "2c2b73fd2b548fbcde3a875e0a78d6ee94d498bfdee6bd3eae3945779e9ddf72",
    "train.en": "460a15fbd157e34a7a9957ee388c1ca247fe47af3ef25fb50442af6c274e0fc6",
    "train.fr": "5925a3c18f1587b6b54b87743106e6e8ab93618edb6f65d19eac0621f853a10d",
    "val.cs": "d53827e469b0a1ca8d57e9e26b2b64c4bc4b33f5479c7b03ae87ae5c882c3e33",
    "val.de": "660e09eb7e1da2f856ea13ee5ad3cf6d36b3d5b0b733c857e94c5747a3dfc660",
    "val.en": "1f2a23d992769b5b3d209b0a10dd0b77c08cceb1f20dfb97ed0aafa49d107227",
    "val.fr": "5304e444d842e962b2dda4d816b70b22a1765b15401642b7ca37a67477e708dc",
}


def read(request: Request) -> Corpus:
    """Reads the official splits; the test set is test_2016_flickr."""
    splits = {
        split: Pairs(
            *(_sentences(stem, code, request) for code in (request.source, request.target))
        )
        for split, stem in FILES.items()
    }
    return Corpus(
        name=READER.name,
        source=request.source,
        target=request.target,
        splits=splits,
        title="Multi30k, task 1: captions of photographs (test_2016_flickr)",
        licence=LICENCE,
        url=HOME,
    )


def _sentences(stem: str, language: str, request: Request) -> list[str]:
    name = f"{stem}.{language}"
    url = URL.format(commit=COMMIT, name=name)
    fetched = fetch(url, SHA256[name], name, READER.name, request.data_dir, LICENCE)
    # Upstream left blanks at the ends of some lines.
    return [line.strip() for line in lines_of(fetched.content, str(fetched.path))]


READER = Reader("multi30k", tuple(itertools.permutations(LANGUAGES, 2)), read)
