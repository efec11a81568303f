"""The built-in corpus as a `LabelledCorpus`: nothing to download, the same texts everywhere."""

from collections.abc import Sequence
from functools import cache

from data.labelled.corpus import Examples, LabelledCorpus

from .splits import reviews
from .templates import KINDS

CLASSES = ("negative", "positive")


def load() -> LabelledCorpus:
    """Short reviews, positive or negative, whose verdict hangs on the order of their words."""
    return LabelledCorpus(
        name="builtin",
        classes=CLASSES,
        splits={
            split: Examples([review.text for review in found], [review.label for review in found])
            for split, found in reviews().items()
        },
        title="Reviews that the grammar in data/labelled/builtin writes",
        licence="Apache-2.0",
        url="",
        notes=(
            f"The reviews are of {len(KINDS)} kinds, equally many of each: {', '.join(KINDS)}.",
            "Positive and negative reviews are written from the same draws, so that single words "
            "tell next to nothing.",
            "No template of validation or test is filled with opinion words that it has in train.",
        ),
    )


@cache
def _kind_of() -> dict[str, str]:
    return {review.text: review.kind for found in reviews().values() for review in found}


def kinds(texts: Sequence[str]) -> list[str]:
    """The phenomenon that each review is an example of, one of `KINDS`.

    Raises:
        KeyError: a text is not from this corpus.
    """
    kind_of = _kind_of()
    return [kind_of[text] for text in texts]
