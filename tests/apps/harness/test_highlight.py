"""Words in colour: the text stays what it was, and what it holds stays text."""

import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from apps.harness.highlight import marked, page, shares, terminal, wants_colour

REVIEW = (("I ", 0.02), ("hated ", -1.0), ("it,", -0.5), (" but ", 0.4), ("loved", 2.0), ("!", 0.1))
TEXTS = {
    "plain": REVIEW,
    "emoji": (("great ", 0.2), ("😀👩\u200d👩\u200d👧!", 1.0)),
    "arabic": (("هذا ", 0.1), ("الفيلم ", 0.0), ("رائع", 0.9)),
    "chinese": (("这部", 0.0), ("电影", -0.4), ("好看", 1.0)),
    "markup": (("<b>", 1.0), ("&amp; ", -1.0), ('"quoted"', 0.3)),
    "blanks": (("  a", 1.0), ("  ", 0.5), ("b\t", -1.0)),
    "zeros": (("nothing ", 0.0), ("said", -0.0)),
    "empty": (),
}


def joined(words):
    return "".join(word for word, _ in words)


class Reader(HTMLParser):
    """What a browser would read: the texts of each tag, and the spans with their attributes."""

    def __init__(self, source):
        super().__init__()
        self.open, self.texts, self.spans, self.tags = [], {}, [], []
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag != "meta":
            self.open.append(tag + "." + dict(attributes).get("class", ""))
        if tag == "span" and "p.text" in self.open:
            self.spans.append([dict(attributes), ""])

    def handle_endtag(self, tag):
        assert self.open.pop().startswith(tag + ".")

    def handle_data(self, data):
        for name in ("h1.", "h2.", "p.text"):
            if name in self.open:
                self.texts[name] = self.texts.get(name, "") + data
        if self.open and self.open[-1].startswith("span") and "p.text" in self.open:
            self.spans[-1][1] += data


@pytest.mark.parametrize("words", TEXTS.values(), ids=TEXTS)
def test_without_its_marks_the_text_is_what_it_was(words):
    assert re.sub(r"\x1b\[[\d;]*m", "", terminal(words)) == joined(words)
    assert re.sub(r"\[([+-])(.*?)\1\]", r"\2", marked(words)) == joined(words)
    reader = Reader(page("t", [("x", "1.000", words)]))
    assert reader.texts.get("p.text", "") == joined(words)
    assert reader.open == []


def test_shares_are_of_the_largest_weight():
    assert shares(REVIEW) == [0.01, -0.5, -0.25, 0.2, 1.0, 0.05]
    assert shares(TEXTS["zeros"]) == [0.0, 0.0]
    assert shares(()) == []


def test_a_terminal_has_the_strongest_colour_where_the_weight_is_largest():
    # black letters (38;5;16) on one of three greens or reds (48;5;...), bold (1), underlined (4)
    assert terminal(REVIEW) == (
        "I \x1b[4;38;5;16;48;5;174mhated\x1b[0m \x1b[38;5;16;48;5;181mit,\x1b[0m"
        " \x1b[38;5;16;48;5;151mbut\x1b[0m \x1b[1;38;5;16;48;5;40mloved\x1b[0m!"
    )
    assert terminal((("bad", -3.0),)) == "\x1b[4;38;5;16;48;5;203mbad\x1b[0m"
    assert terminal(TEXTS["zeros"]) == "nothing said"
    assert terminal(()) == ""


def test_without_colour_strong_words_have_signs():
    assert marked(REVIEW) == "I [-hated-] it, but [+loved+]!"
    assert marked((("a ", 1.0), ("b ", 0.34), ("c", 0.33))) == "[+a+] [+b+] c"
    assert marked(TEXTS["zeros"]) == "nothing said"
    assert marked(()) == ""


def test_a_text_stays_on_one_line_and_cannot_command_the_terminal():
    text = "a\nb\r\u2028c\x1b[2Jd\x00\x7f\x9b\te"
    for line in (terminal(((text, 0.0), ("f", 0.0))), marked(((text, 0.0), ("f", 0.0)))):
        assert line == "a b  c␛[2Jd␀\ufffd\ufffd\tef"


def test_a_page_says_the_signed_weight_and_the_side_of_each_word():
    reader = Reader(page("run", [("positive", "0.976", REVIEW)]))
    assert [(text, tags["title"], tags.get("class")) for tags, text in reader.spans] == [
        ("I", "+0.02", "for"),
        ("hated", "-1", "against strong"),
        ("it,", "-0.5", "against"),
        ("but", "+0.4", "for"),
        ("loved", "+2", "for strong"),
        ("!", "+0.1", "for"),
    ]
    assert [tags["style"] for tags, _ in reader.spans[:2]] == ["--w:0.010", "--w:0.500"]
    assert reader.texts["h2."] == "positive 0.976"
    (zero, *_) = Reader(page("", [("x", "", TEXTS["zeros"])])).spans
    assert zero == [{"title": "0"}, "nothing"]


def test_a_page_runs_nothing_that_a_text_or_a_label_holds():
    evil = '<script>alert("1")</script>'
    source = page(evil, [(evil, evil, ((evil, 1.0), ("' onmouseover='x", -1.0)))] * 2)
    reader = Reader(source)
    assert "script" not in {tag for tag, _ in reader.tags}
    assert reader.texts["h1."] == evil
    assert reader.texts["h2."] == f"{evil} {evil}" * 2
    assert all(set(tags) <= {"class", "style", "title"} for tags, _ in reader.spans)


def test_a_page_needs_no_network_and_follows_the_direction_of_each_text():
    source = page("t", [("إيجابي", "0.900", TEXTS["arabic"])])
    assert not re.search(r"https?:|src=|@import|url\(|<link", source)
    assert '<meta charset="utf-8">' in source and "prefers-color-scheme: dark" in source
    tags = [(tag, found.get("dir")) for tag, found in Reader(source).tags]
    assert [found for found in tags if found[1]] == [("h1", "auto"), ("h2", "auto"), ("p", "auto")]


def test_a_page_without_texts_says_so():
    assert "There are no texts." in page("t", [])
    assert "There are no texts." not in page("t", [("x", "1.000", ())])


@pytest.mark.parametrize(
    "terminal_there, settings, colour",
    [
        (True, {"TERM": "xterm-256color"}, True),
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),  # as no-color.org has it: set and not empty
        (True, {"TERM": "dumb"}, False),
        (False, {"TERM": "xterm-256color"}, False),
    ],
)
def test_colour_is_for_terminals_unless_refused(monkeypatch, terminal_there, settings, colour):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert wants_colour(SimpleNamespace(isatty=lambda: terminal_there)) is colour
