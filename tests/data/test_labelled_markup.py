import pytest

from data.labelled.markup import strip_markup, text_key


@pytest.mark.parametrize(
    "text, clean",
    [
        ("Bad.<br /><br />Very bad.", "Bad. Very bad."),
        ("one<BR>two<br/>three</p><p class='x'>four", "one two three four"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("<i>un</i>believ<b >able</b>", "unbelievable"),
        ("<a\nhref='x'>link</a> <!-- a remark --> end<!DOCTYPE html>", "link end"),
        ("before <spoiler>he dies</spoiler>", "before he dies"),
        ("I <3 it, I </3 it, a < b > c, 1<2>0, <>", "I <3 it, I </3 it, a < b > c, 1<2>0, <>"),
        ("never closed <br and on", "never closed <br and on"),
        ("I <like the <br> part", "I <like the part"),
        ("Q&amp;A &lt;b&gt; &quot;x&quot; caf&eacute; &#8217; &#x1F600;", 'Q&A <b> "x" café ’ 😀'),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("AT&T, R&notable; &copy &nothing;", "AT&T, R&notable; &copy &nothing;"),
        ("a&nbsp;&nbsp;b \t\r\n\u2003 c ", "a b c"),
        ("  ", ""),
        ("", ""),
    ],
)
def test_what_is_left_of_a_text(text, clean):
    assert strip_markup(text) == clean


def test_letters_of_other_scripts_stay_as_they_are():
    text = "👩‍👩‍👧 שלום \u200fעולם\u200e مرحبا e\u0301 é 한국어 ﬁ"
    assert strip_markup(text) == text


@pytest.mark.parametrize("text", ["<" * 10**6, "<a" * 500_000, "&#" * 500_000, "<!--" * 250_000])
def test_a_long_text_that_is_almost_markup_takes_no_longer(text):
    assert strip_markup(text) == text


def test_numbers_of_no_letter_are_no_error():
    assert strip_markup("a&#xD800;b&#0;c &#99999999;") == "a\ufffdb\ufffdc &#99999999;"


@pytest.mark.parametrize(
    "texts",
    [
        ("So <br />bad!", "so bad", "SO... bad?"),
        ('It\'s "good", really.', "it´s ``good'' (really)", "It’s: ¨good¨ – really"),
        ("a well-known film, 10-20", "A wellknown film 1020"),
        ("I ❤\ufe0f it", "i ❤ it!"),
        ("ok 👍🏽 👩\u200d👧", "OK! 👍👩👧"),
        ("cafe\u0301 ：）", "CAFÉ :)"),
        ("<b>!!!</b>", "!!!"),
    ],
)
def test_texts_that_differ_in_markup_case_and_punctuation_are_the_same(texts):
    assert len({text_key(text) for text in texts}) == 1


@pytest.mark.parametrize(
    "texts",
    [
        ("so bad", "so good"),
        ("order 1 👍", "order 1 👎", "order 1"),
        ("😀", "😢"),
        ("I use C++", "I use C#", "I use C"),
        ("+1", "-1", "1"),
        ("from -.5 to .5", "from .5 to -.5"),
        ("he liked it :)", "he liked it :(", "he liked it :'(", "he liked it :/"),
        ("fine ;-)", "fine ;-("),
        ("(: fine", "): fine"),
        ("fine ^_^", "fine -_-"),
        ("I <3 it", "I </3 it"),
        ("5 €", "5 $"),
        ("की", "कि"),
        ("!", "?"),
        ("<b>", "<i>"),
    ],
)
def test_what_may_turn_an_opinion_round_tells_texts_apart(texts):
    assert len({text_key(text) for text in texts}) == len(texts)
