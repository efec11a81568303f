"""The built-in corpus as a `Corpus`: nothing to download, the same pairs on every machine."""

from data.corpora.corpus import Corpus, Pairs

from .checks import pronoun_accuracy
from .splits import items


def load(see_first_sentence: bool = True) -> Corpus:
    """The corpus that a grammar writes, English to German.

    Args:
        see_first_sentence: False leaves out the first of two sentences, on both sides, and so
            what tells which pronoun is right; everything else stays the same.
    """
    splits = {
        split: Pairs.of(
            [item.pair if see_first_sentence else (item.source, item.target) for item in chosen]
        )
        for split, chosen in items().items()
    }
    notes = ["Combinations of words in validation and test do not occur in train."]
    if not see_first_sentence:
        notes.append("Of two sentences only the second is given: its pronoun cannot be known.")
    return Corpus(
        name="builtin" if see_first_sentence else "builtin-blind",
        source="en",
        target="de",
        splits=splits,
        title="Sentences that the grammar in data/corpora/builtin writes",
        licence="Apache-2.0",
        url="",
        notes=tuple(notes),
        checks={"pronoun_accuracy": pronoun_accuracy},
    )
