"""Attention maps: tokens on the axes, whatever they hold, and no warning."""

import numpy as np
import pytest
import tensorflow as tf

from apps.harness.figures import LONGEST, attention_map, figure_to_png, piece_labels, visible


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def pixels(figure):
    return tf.io.decode_png(figure_to_png(figure), channels=3).numpy()


def test_tokens_are_on_the_axes_and_weights_in_the_cells():
    weights = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5]])
    figure = attention_map(weights, ["▁the", "▁dog", "s"], ["▁H", "unde"], "layer 1")
    (axes,) = figure.axes
    assert labels(axes.xaxis) == ["the", "dog", "·s"]
    assert labels(axes.yaxis) == ["H", "·unde"]
    assert np.asarray(axes.collections[0].get_array()) == pytest.approx(weights)
    assert axes.yaxis_inverted()  # The first target token is at the top.
    assert [text.get_text() for text in figure.texts] == ["layer 1"]


def test_padding_is_left_out():
    weights = np.full((4, 5), 0.2)
    (axes,) = attention_map(weights, ["a", "b", "c"], ["x", "y"]).axes
    assert axes.collections[0].get_array().shape == (2, 3)


def test_each_head_has_its_map():
    figure = attention_map(np.full((3, 2, 2), 0.5), ["a", "b"], ["x", "y"])
    assert [axes.get_xlabel() for axes in figure.axes] == ["head 1", "head 2", "head 3"]
    pixels(figure)


def test_every_token_keeps_its_room_in_a_long_sentence():
    def width(n):
        tokens = ["word"] * n
        return pixels(attention_map(np.full((4, n), 1 / n), tokens, tokens[:4])).shape[1]

    assert width(60) - width(40) == pytest.approx(20 * 30, abs=2)


def test_a_very_long_text_shows_its_first_tokens_and_says_so():
    n = LONGEST + 7
    figure = attention_map(np.full((2, n), 1 / n), ["a"] * n, ["x", "y"], "map")
    assert len(labels(figure.axes[0].xaxis)) == LONGEST
    assert figure.texts[0].get_text() == f"map (the first {LONGEST} of {n} source tokens)"


def test_any_token_is_drawn_without_a_warning(no_chinese):
    tokens = ["▁我", "们", "$x$", "\n", "▁", "😀", "</s>", "\x00"]
    figure = attention_map(np.full((8, 8), 0.125), tokens, tokens, "你 $")
    assert labels(figure.axes[0].xaxis)[:5] == ["\\u6211", "\\u4eec", "$x$", "\\n", "␣"]
    assert pixels(figure).min() < 50  # There is something dark: the letters.


def test_piece_labels_mark_what_goes_on_with_a_word():
    assert piece_labels(["▁walk", "ing", ".", "▁", "</s>"]) == ["walk", "·ing", ".", "␣", "</s>"]
    assert piece_labels(["plain", "words"]) == ["plain", "words"]


def test_visible_keeps_what_can_be_drawn(no_chinese):
    assert visible("Übung ▁ é") == "Übung ▁ é"
    assert visible("的\t") == "\\u7684\\t"


@pytest.mark.parametrize("shape", [(2,), (1, 3), (2, 2), (1, 1, 2, 3)])
def test_scores_that_do_not_fit_are_refused(shape):
    with pytest.raises(ValueError, match="2 target and 3 source tokens"):
        attention_map(np.zeros(shape), ["a", "b", "c"], ["x", "y"])
