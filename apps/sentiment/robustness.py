"""Changes of a text that should not change its class: typing errors, and who is talked about.

Texts are changed as a model reads them, so take markup out first: a typing error inside a tag would
make it text.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence

import numpy as np

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")

# (female, male) words of English for people one may meet, in pairs that say the same but for the
# gender. Words that are often something else are not among them: miss (a verb), master, lord and
# godfather (titles of films), sir, king and prince (names), host and count (verbs), guy and dude
# (anybody). First names are a list of their own: in a review they may be part of the name of one
# person, whom readers have an opinion of. In other languages the same letters may be other words,
# such as "her" and "man" in German.
GENDERED = (
    ("she", "he"),
    ("herself", "himself"),
    # Without parsing, nothing tells which "her" and "his" it is: see `swapped`.
    ("her", "him"),
    ("her", "his"),
    ("hers", "his"),
    ("mrs", "mr"),
    ("woman", "man"),
    ("women", "men"),
    ("lady", "gentleman"),
    ("ladies", "gentlemen"),
    ("girl", "boy"),
    ("girls", "boys"),
    ("lass", "lad"),
    ("female", "male"),
    ("females", "males"),
    ("feminine", "masculine"),
    ("mother", "father"),
    ("mothers", "fathers"),
    ("mom", "dad"),
    ("moms", "dads"),
    ("mommy", "daddy"),
    ("stepmother", "stepfather"),
    ("grandmother", "grandfather"),
    ("grandmothers", "grandfathers"),
    ("grandma", "grandpa"),
    ("daughter", "son"),
    ("daughters", "sons"),
    ("granddaughter", "grandson"),
    ("stepdaughter", "stepson"),
    ("sister", "brother"),
    ("sisters", "brothers"),
    ("aunt", "uncle"),
    ("aunts", "uncles"),
    ("niece", "nephew"),
    ("nieces", "nephews"),
    ("wife", "husband"),
    ("wives", "husbands"),
    ("bride", "groom"),
    ("widow", "widower"),
    ("girlfriend", "boyfriend"),
    ("girlfriends", "boyfriends"),
    ("actress", "actor"),
    ("actresses", "actors"),
    ("heroine", "hero"),
    ("heroines", "heroes"),
    ("heiress", "heir"),
    ("waitress", "waiter"),
    ("waitresses", "waiters"),
    ("stewardess", "steward"),
    ("landlady", "landlord"),
    ("policewoman", "policeman"),
    ("policewomen", "policemen"),
    ("businesswoman", "businessman"),
    ("businesswomen", "businessmen"),
    ("saleswoman", "salesman"),
    ("saleswomen", "salesmen"),
    ("spokeswoman", "spokesman"),
    ("congresswoman", "congressman"),
    ("schoolgirl", "schoolboy"),
    ("schoolgirls", "schoolboys"),
    ("cowgirl", "cowboy"),
    ("cowgirls", "cowboys"),
)

# (female, male) first names. None is a word in lower case too (Rose, Mark) or an award (Oscar).
FIRST_NAMES = (
    ("Mary", "John"),
    ("Jennifer", "Michael"),
    ("Linda", "David"),
    ("Susan", "Robert"),
    ("Lisa", "James"),
    ("Sarah", "Daniel"),
    ("Karen", "Richard"),
    ("Nancy", "Thomas"),
    ("Betty", "George"),
    ("Helen", "Joseph"),
    ("Sandra", "Charles"),
    ("Laura", "Steven"),
    ("Julia", "Martin"),
    ("Anna", "Paul"),
    ("Emma", "Kevin"),
    ("Emily", "Brian"),
    ("Alice", "Edward"),
    ("Jane", "Peter"),
    ("Sophie", "Simon"),
    ("Kate", "Tom"),
)

# Words with a hyphen are one word: "Spider-Man" and "man-made" are about nobody.
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


def with_typos(texts: Sequence[str], rate: float, seed: int) -> list[str]:
    """Texts with typing errors.

    Each letter is hit with the probability `rate` by one error, any that it can have with the same
    probability: it changes places with the next letter (which is not hit then), is left out, is
    typed twice, or is a neighbour on an English keyboard instead (a to z only, capitals stay
    capitals). What is no letter stays.

    A text has the same errors whatever other texts there are, and at a higher rate nearly all of
    them and more.

    Args:
        texts: what to change.
        rate: from 0, which changes nothing, to 1.
        seed: chooses the errors.

    Raises:
        ValueError: if `rate` is no probability.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"The rate of typing errors is a number from 0 to 1, not {rate}.")
    return [_mistyped(text, rate, seed) for text in texts]


def swapped(
    texts: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> tuple[list[str], list[int], int]:
    """The texts in which words of `pairs` occur, with each such word replaced by its partner.

    Both directions at once: "she met him" becomes "he met her". Only whole words are replaced. A
    word in lower case stands also for its forms with a capital and in capitals, and the partner has
    the same form; a word with a capital is a name, and never stands for one without ("Victor" is
    not "victor").

    A word that has two partners is ambiguous: "her" is "him" in "we saw her" and "his" in "we saw
    her car". Texts in which one occurs are left out, since a wrong choice would be an error of
    grammar, and what the model makes of that says nothing about gender. To leave out texts with
    "her" alone would test more texts about men than about women; "his" has two partners too ("her",
    "hers"), so both kinds of texts are left out.

    Args:
        texts: what to change.
        pairs: words and their partners, such as `GENDERED`.

    Returns:
        The changed texts, for each its index in `texts`, and how many were left out.
    """
    partners = _partners(pairs)
    changed: list[str] = []
    indices: list[int] = []
    left_out = 0
    for index, text in enumerate(texts):
        most = max((len(partners.get(word, ())) for word in _WORD.findall(text)), default=0)
        if most == 1:
            changed.append(_WORD.sub(lambda word: "".join(partners.get(word[0], word[0])), text))
            indices.append(index)
        left_out += most > 1
    return changed, indices, left_out


def flip_rate(before: Sequence[int], after: Sequence[int]) -> float:
    """The share of texts whose class is another one after a change.

    Args:
        before, after: the classes guessed, in the same order.

    Raises:
        ValueError: if there are none, or not as many of both.
    """
    if not len(before) or len(before) != len(after):
        raise ValueError(
            f"As many guesses are needed before as after, not {len(before)} and {len(after)}."
        )
    return float(np.mean(np.asarray(before) != np.asarray(after)))


def _neighbours() -> dict[str, str]:
    """The keys around each key: every row is half a key to the right of the one above."""
    keys = {(row, column): key for row, line in enumerate(_ROWS) for column, key in enumerate(line)}
    around = ((0, -1), (0, 1), (-1, 0), (-1, 1), (1, -1), (1, 0))
    found = {}
    for (row, column), key in keys.items():
        near = "".join(keys.get((row + down, column + right), "") for down, right in around)
        found |= {key: near, key.upper(): near.upper()}
    return found


_NEIGHBOURS = _neighbours()


def _mistyped(text: str, rate: float, seed: int) -> str:
    digest = hashlib.sha256(f"{seed} {text}".encode()).digest()
    # Three draws for each character at every rate: whether there is an error, which, which key.
    draws = np.random.default_rng(int.from_bytes(digest, "big")).random((len(text), 3))
    typed, moved = list(text), -1
    for index in np.flatnonzero(draws[:, 0] < rate):
        letter, after = text[index], text[index + 1 : index + 2]
        if index == moved or not letter.isalpha():
            continue
        kinds = ["drop", "double"]
        kinds += ["swap"] * (after.isalpha() and after != letter)
        kinds += ["replace"] * (letter in _NEIGHBOURS)
        kind = _pick(kinds, draws[index, 1])
        if kind == "drop":
            typed[index] = ""
        elif kind == "double":
            typed[index] = letter * 2
        elif kind == "replace":
            typed[index] = _pick(_NEIGHBOURS[letter], draws[index, 2])
        else:
            typed[index : index + 2] = after, letter
            moved = index + 1
    return "".join(typed)


def _pick(choices: Sequence[str], draw: float) -> str:
    return choices[int(draw * len(choices))]


def _partners(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Each form of a word with the same form of its partner, or of both where it has two."""
    found: dict[str, set[str]] = {}
    for pair in pairs:
        for word, partner in (pair, pair[::-1]):
            for form in (str, _capitalised, str.upper):
                found.setdefault(form(word), set()).add(form(partner))
    return found


def _capitalised(word: str) -> str:
    """Unlike `str.capitalize`, leaves the letters after the first as they are."""
    return word[:1].upper() + word[1:]
