"""Words with weights, in colour: for a terminal, for a pipe, and as a page for a browser.

Words are pieces of a text in order, blanks included, so that joined they give it back. A weight
above 0 speaks for the answer, one below 0 against it. Within a text the largest absolute weight
has the strongest colour; colour is never alone in telling for from against.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import TextIO

Words = Sequence[tuple[str, float]]

FOR = (0, 158, 115)
AGAINST = (214, 69, 45)
"""A green and a red (RGB) that are told apart by people who see no difference in most others."""

STRONG = 1 / 3
"""From this share of the largest weight on, a word is marked by more than its colour."""

STEPS = (0.1, STRONG, 2 / 3)
"""Shares of the largest weight at which a terminal's colour becomes stronger."""

GREENS = (151, 114, 40)
REDS = (181, 174, 203)
"""Backgrounds among the 256 colours of terminals. They grow in saturation, not in lightness, so
that the strongest is so on a dark and on a light terminal; the letters are black on each."""

BOLD, UNDERLINED = 1, 4


def wants_colour(stream: TextIO) -> bool:
    """Whether `stream` is a terminal that shows colours, and nobody has set NO_COLOR."""
    return (
        stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") != "dumb"
    )


def terminal(words: Words) -> str:
    """The text on one line, with ANSI colours: green and bold is for, red and underlined against.

    Line ends become blanks, and what would command the terminal becomes visible.
    """
    return _joined(words, _coloured)


def marked(words: Words) -> str:
    """The text on one line without colours: strong words are `[+for+]` or `[-against-]`."""
    return _joined(words, _bracketed)


def shares(words: Words) -> list[float]:
    """The weights, divided by the largest absolute one; zeros only stay zeros."""
    largest = max((abs(weight) for _, weight in words), default=0.0)
    return [weight / largest if largest else 0.0 for _, weight in words]


def _joined(words: Words, style: Callable[[str, float], str]) -> str:
    parts = []
    for (word, _), share in zip(words, shares(words), strict=True):
        before, core, after = _cut(_one_line(word))
        parts += [before, style(core, share) if core else "", after]
    return "".join(parts)


def _coloured(word: str, share: float) -> str:
    strength = sum(abs(share) >= step for step in STEPS)
    if not strength:
        return word
    background, mark = (GREENS, BOLD) if share > 0 else (REDS, UNDERLINED)
    codes = [38, 5, 16, 48, 5, background[strength - 1]]
    if abs(share) >= STRONG:
        codes.insert(0, mark)
    return f"\x1b[{';'.join(map(str, codes))}m{word}\x1b[0m"


def _bracketed(word: str, share: float) -> str:
    if abs(share) < STRONG:
        return word
    sign = "+" if share > 0 else "-"
    return f"[{sign}{word}{sign}]"


def _cut(word: str) -> tuple[str, str, str]:
    """The blanks before, the word itself, the blanks after."""
    core = word.strip()
    start = word.index(core) if core else len(word)
    return word[:start], core, word[start + len(core) :]


def _one_line(text: str) -> str:
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    code = ord(character)
    if character == "\t" or (code >= 0xA0 and character not in "\u2028\u2029"):
        return character
    if character.isspace():
        return " "
    if code < 0x20:
        return chr(0x2400 + code)  # the picture of the control character
    return character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"


STYLE = f"""\
:root {{ color-scheme: light dark; --for: {FOR[0]} {FOR[1]} {FOR[2]};
  --against: {AGAINST[0]} {AGAINST[1]} {AGAINST[2]};
  --depth: .75; --paper: #f6f7f9; --card: #fff; --ink: #1b1f24; --faint: #5d6670;
  --line: #e1e4e8; }}
@media (prefers-color-scheme: dark) {{ :root {{ --depth: .7; --paper: #111418; --card: #1a1e24;
  --ink: #e8eaed; --faint: #9aa4af; --line: #2c323a; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.75 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }}
main {{ max-width: 52rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }}
h1 {{ font-size: 1.5rem; line-height: 1.3; margin: 0 0 .75rem; overflow-wrap: anywhere; }}
.legend {{ color: var(--faint); font-size: .875rem; margin: 0 0 1.75rem; }}
article {{ background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: 1rem 1.25rem; margin: 0 0 1rem; }}
h2 {{ font-size: 1rem; line-height: 1.4; margin: 0 0 .4rem; overflow-wrap: anywhere; }}
h2 span {{ color: var(--faint); font-weight: normal; font-variant-numeric: tabular-nums;
  margin-inline-start: .4em; }}
p {{ margin: 0; }}
.text {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
.for, .against {{ border-radius: .2em; padding: .1em 0; color: var(--ink);
  background: rgb(var(--hue) / calc(var(--w) * var(--depth))); }}
.for {{ --hue: var(--for); }}
.against {{ --hue: var(--against); }}
.strong {{ text-decoration: underline solid rgb(var(--hue)) 2px; text-underline-offset: .25em;
  text-decoration-skip-ink: none; }}
.against.strong {{ text-decoration-style: dashed; }}
.legend span {{ padding: .1em .4em; }}
@media print {{ article {{ break-inside: avoid; }} span {{ print-color-adjust: exact; }} }}
"""

LEGEND = (
    '<p class="legend"><span class="for strong" style="--w:1">for the answer</span> '
    '<span class="against strong" style="--w:1">against it</span> '
    "&ensp;A stronger colour is a larger weight; point at a word to see the number.</p>"
)


def page(title: str, entries: Iterable[tuple[str, str, Words]]) -> str:
    """One HTML page that needs nothing but itself, for light and dark screens.

    Args:
        title: the heading of the page.
        entries: the answer, its probability as text, and the words of the text, for each text.
    """
    blocks = [_block(*entry) for entry in entries] or ["<p>There are no texts.</p>"]
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        f'<h1 dir="auto">{escape(title)}</h1>',
        LEGEND,
        *blocks,
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def _block(answer: str, probability: str, words: Words) -> str:
    text = "".join(
        _span(word, weight, share)
        for (word, weight), share in zip(words, shares(words), strict=True)
    )
    return (
        f'<article>\n<h2 dir="auto">{escape(answer)} <span>{escape(probability)}</span></h2>\n'
        f'<p class="text" dir="auto" lang="">{text}</p>\n</article>'
    )


def _span(word: str, weight: float, share: float) -> str:
    before, core, after = map(escape, _cut(word))
    if not core:
        return before + after
    attributes = ""
    if share:
        strong = " strong" if abs(share) >= STRONG else ""
        side = "for" if share > 0 else "against"
        attributes = f' class="{side}{strong}" style="--w:{abs(share):.3f}"'
    signed = f"{weight:+.3g}" if weight else "0"
    return f'{before}<span{attributes} title="{signed}">{core}</span>{after}'
