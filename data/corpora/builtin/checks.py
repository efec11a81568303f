"""Pronoun accuracy: how often "it" became the right one of er, ihn, sie, es."""

import re
from collections.abc import Sequence

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_WORD = re.compile(r"\w+")
_GERMAN = frozenset(("er", "ihn", "sie", "es"))


def _sentences(text: str) -> list[str]:
    return _SENTENCE_END.split(text.strip())


def _forms(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.lower()) if word in _GERMAN]


def pronoun_accuracy(
    sources: Sequence[str], references: Sequence[str], hypotheses: Sequence[str]
) -> float:
    """The share of pronoun items whose hypothesis has the pronouns of the reference.

    An item counts when the last sentence of its source has the word "it". Compared are the forms
    er, ihn, sie and es, in their order and in any capitalisation, of the last sentence of the
    reference and of the sentence at the same place in the hypothesis: "Er stellte sie auf den
    Tisch." has er, sie. A hypothesis without that sentence is wrong; other words do not matter.

    Returns:
        A share from 0 to 1, or NaN when no source says "it".

    Raises:
        ValueError: the three differ in length.
    """
    right = total = 0
    for source, reference, hypothesis in zip(sources, references, hypotheses, strict=True):
        if "it" not in _WORD.findall(_sentences(source)[-1].lower()):
            continue
        total += 1
        expected = _sentences(reference)
        found = _sentences(hypothesis)[len(expected) - 1 : len(expected)]
        right += found != [] and _forms(found[0]) == _forms(expected[-1])
    return right / total if total else float("nan")
