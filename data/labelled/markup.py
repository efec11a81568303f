"""Markup of web pages, out of a text."""

import html
import html.entities
import re

from data.text import Characters, folded

_TAG = re.compile(r"<(?:/?([A-Za-z][A-Za-z0-9]*)|!)[^<>]*>")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

# What a browser sets apart from the text around it, so that words on both sides stay two words.
SET_APART = (
    "address article aside blockquote body br button caption center dd details dialog dir div dl "
    "dt fieldset figcaption figure footer form frame h1 h2 h3 h4 h5 h6 head header hr html iframe "
    "legend li link main menu meta nav ol optgroup option p pre script section select style "
    "summary table tbody td textarea tfoot th thead title tr ul"
)
_APART = frozenset(SET_APART.split())

# Letters with their marks, digits, and signs such as + and emoji. Accents that stand alone and the
# tones of skin, which are signs as well, tell no two texts apart.
_KEPT = Characters("L", "M", "N", "Sc", "Sm", "So")
# The punctuation that does.
_TELLING = re.compile(
    r"""(
    \#                                  # C#
    | (?<![\w-])-(?=\.?[0-9])           # the sign of a number
    | [:;=]['-]?[()\[\]{}/\\]           # a face,
    | (?<!\S)[()\[\]{}]['-]?[:;=]       # turned round,
    | [-^]_[-^]                         # upright
    | </(?=3)                           # a broken heart
    )""",
    re.VERBOSE,
)


def strip_markup(text: str) -> str:
    """A text without the tags of HTML, with its entities as the letters they stand for.

    A tag starts with < directly before a letter, a / and a letter, or a !, and goes to the next >
    with no other < between: "I <3 it" and "a < b > c" are no tags. Tags that set text apart
    (paragraphs, line breaks, cells) become a blank, others nothing. Entities are decoded once,
    after the tags are out: "&lt;b&gt;" is text about a tag. Runs of blanks and line breaks become
    one blank, and none is left at the ends.
    """
    text = _TAG.sub(lambda tag: " " if (tag[1] or "").lower() in _APART else "", text)
    text = _ENTITY.sub(lambda entity: _letters(entity[0]), text)
    return " ".join(text.split())


def _letters(entity: str) -> str:
    """What an entity stands for; an unknown name stays, where `html` would take its beginning."""
    if entity.startswith("&#"):
        return html.unescape(entity)
    return html.entities.html5.get(entity[1:], entity)


def text_key(text: str) -> str:
    """What two texts share when they count as the same in a split.

    As with `data.text.same`, neither case nor punctuation counts, and no markup; but what may turn
    an opinion round does: emoji and other signs, faces such as :-(, the minus before a number.
    A text without anything of all that stands for itself.
    """
    clean = strip_markup(text)
    parts = _TELLING.split(folded(clean))
    parts[::2] = [between.translate(_KEPT) for between in parts[::2]]
    return "".join(parts) or clean or text
