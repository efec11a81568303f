"""The built-in corpus as a `Corpus`: nothing to download, the same pairs on every machine."""

from data.corpora.corpus import Corpus, Pairs
from data.errors import UserError

from .checks import pronoun_accuracy
from .splits import items


def load(source: str = "en", target: str = "de", see_first_sentence: bool = True) -> Corpus:
    """The corpus that a grammar writes, English to German.

    Args:
        source, target: "en" and "de".
        see_first_sentence: False leaves out the first of two sentences, on both sides, and so
            what tells which pronoun is right; everything else stays the same.

    Raises:
        UserError: another pair of languages.
    """
    if (source, target) != ("en", "de"):
        raise UserError(
            f"The built-in corpus translates en to de, not {source} to {target}: "
            "choose another corpus for that."
        )
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
        source=source,
        target=target,
        splits=splits,
        title="Sentences that the grammar in data/corpora/builtin writes",
        licence="Apache-2.0",
        url="",
        notes=tuple(notes),
        checks={"pronoun_accuracy": pronoun_accuracy},
    )
