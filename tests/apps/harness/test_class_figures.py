"""Figures of a classifier: the numbers they show are right, whatever there is to show."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.image import imread

from apps.harness.class_figures import (
    LINES,
    PAGE,
    calibration,
    confusion_matrix,
    precision_recall,
    word_weights,
)
from apps.harness.figures import figure_to_png
from apps.harness.highlight import AGAINST, FOR

pytestmark = pytest.mark.usefixtures("no_chinese")


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def legend(axes):
    return [text.get_text().strip() for text in axes.get_legend().get_texts()]


def drawn(figure):
    """The pixels `(height, width, 3)`; a warning while drawing is an error in our tests."""
    return imread(io.BytesIO(figure_to_png(figure)))[..., :3]


def inside(figure):
    """Whether nothing is cut off: the pixels at the edges are white."""
    pixels = drawn(figure)
    return all((edge == 1).all() for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]))


def test_a_confusion_matrix_counts_and_shades_by_true_class():
    figure = confusion_matrix(np.array([[11432, 1068], [0, 4]]), ["negative", "positive"])
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["11,432\n91%", "1,068\n9%", "0", "4\n100%"]
    assert [text.get_position() for text in axes.texts[:2]] == [(0.5, 0.5), (1.5, 0.5)]
    shade = np.asarray(axes.collections[0].get_array())
    assert shade == pytest.approx(np.array([[0.91456, 0.08544], [0, 1]]))
    assert labels(axes.yaxis) == ["negative  12,500", "positive  4"]
    assert labels(axes.xaxis) == ["negative", "positive"]
    assert axes.yaxis_inverted()  # The first class is at the top.
    assert inside(figure)


def test_a_class_without_examples_has_an_empty_row():
    figure = confusion_matrix(np.array([[0, 0, 0], [1, 2, 1], [0, 0, 0]]), ["a", "b", "c"])
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["0"] * 3 + ["1\n25%", "2\n50%", "1\n25%"] + ["0"] * 3
    drawn(figure)


def test_names_of_any_length_and_script_have_room():
    names = ["$x$ and a name that goes on for very much longer", "正面", "شكرا", "\n"]
    names += [f"intent {i}" for i in range(16)]
    figure = confusion_matrix(np.full((20, 20), 123_456_789), names)
    shown = labels(figure.axes[0].xaxis)
    assert shown[:4] == ["$x$ and a name that goe…", "\\u6b63\\u9762", "شكرا", ""]
    assert inside(figure)
    assert inside(confusion_matrix(np.array([[1]]), names[:1]))


def test_a_matrix_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"of 3 classes has the shape \(3, 3\), not \(2, 2\)"):
        confusion_matrix(np.zeros((2, 2), int), ["a", "b", "c"])


def test_of_two_classes_the_second_has_a_curve():
    # From the surest down: right, wrong, right, wrong.
    second = np.array([0.9, 0.7, 0.6, 0.2])
    figure = precision_recall([1, 0, 1, 0], np.stack([1 - second, second], 1), ["bad", "good"])
    (axes,) = figure.axes
    (curve,) = axes.lines
    points = set(zip(curve.get_xdata(), np.round(curve.get_ydata(), 4), strict=True))
    assert points == {(0, 1), (0.5, 1), (0.5, 0.5), (1, 0.6667), (1, 0.5)}
    # Average precision: 1/2 * 1 + 1/2 * 2/3.
    assert legend(axes) == ["0.833 good"]
    assert inside(figure)


def test_each_of_many_classes_has_a_curve_that_differs_from_the_others():
    classes = [f"intent number {i} with a long name" for i in range(21)]
    figure = precision_recall(np.arange(21), np.eye(21), classes)
    (axes,) = figure.axes
    assert legend(axes)[20] == "1.000 intent number 20 with a…"
    assert len({(line.get_color(), line.get_linestyle()) for line in axes.lines}) == 21
    assert inside(figure)


def test_a_class_without_examples_has_no_curve_and_is_named():
    probabilities = np.array([[0.5, 0.2, 0.3], [0.1, 0.3, 0.6]])
    (axes,) = precision_recall([0, 0], probabilities, ["a", "b", "$c$"]).axes
    assert legend(axes) == ["1.000 a", "-   b (no examples)", "-   $c$ (no examples)"]
    assert [len(line.get_xdata()) > 0 for line in axes.lines] == [True, False, False]


def test_curves_of_one_example_or_none_are_drawn():
    for count in (1, 0):
        figure = precision_recall(np.ones(count, int), np.full((count, 2), 0.5), ["a", "b"])
        drawn(figure)
    assert legend(figure.axes[0]) == ["-   b (no examples)"]
    with pytest.raises(ValueError, match=r"of the shape \(1, 2\), not \(2, 1\)"):
        precision_recall([1], np.zeros((2, 1)), ["a", "b"])


def test_calibration_shows_accuracy_over_confidence_and_where_the_texts_are():
    nan = np.nan
    before = ([nan, nan, 0.7, 0.9], [nan, nan, 0.5, 0.8], [0, 0, 1, 3])
    after = ([nan, 0.45, 0.6, nan], [nan, 0.5, 0.6, nan], [0, 2, 2, 0])
    figure = calibration({"before": before, "after": after})
    axes, bars = figure.axes
    diagonal, first, second = axes.lines
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata()) == [0, 1]
    assert (list(first.get_xdata()), list(first.get_ydata())) == ([0.7, 0.9], [0.5, 0.8])
    assert (list(second.get_xdata()), list(second.get_ydata())) == ([0.45, 0.6], [0.5, 0.6])
    # 1/4 * 0.2 + 3/4 * 0.1 and 1/2 * 0.05.
    assert legend(axes)[1:] == [
        "before: calibration error 0.125",
        "after: calibration error 0.025",
    ]
    assert [bar.get_height() for bar in bars.patches] == [0, 0, 0.25, 0.75, 0, 0.5, 0.5, 0]
    for position, bar in enumerate(bars.patches):  # each within its bin of a quarter
        low = 0.25 * (position % 4)
        assert low < bar.get_x() < bar.get_x() + bar.get_width() < low + 0.25
    assert axes.get_xlim() == bars.get_xlim() == (0.25, 1)  # from the first bin with texts on
    drawn(figure)


def test_calibration_of_one_text_or_none_is_drawn():
    nan = np.nan
    figure = calibration({"now": ([nan, 1.0], [nan, 0.0], [0, 1])})
    assert legend(figure.axes[0])[1] == "now: calibration error 1.000"
    drawn(figure)
    figure = calibration({"now": ([nan, nan], [nan, nan], [0, 0])})
    assert legend(figure.axes[0])[1] == "now: calibration error 0.000"
    drawn(figure)


def words_of(figure, skip=2):
    """Texts without the legend's two, and the shade and place of each."""
    (axes,) = figure.axes
    shades = [(patch.get_facecolor(), patch.get_x()) for patch in axes.patches[skip:]]
    return [text.get_text() for text in axes.texts[skip:]], shades


def test_words_are_shaded_by_their_share_of_the_largest_weight():
    figure = word_weights([("right: $good$ 0.98", (("so ", 0.0), ("very ", -1.0), ("good", 2.0)))])
    texts, shades = words_of(figure)
    assert texts == ["right: $good$ 0.98", "so", "very", "good"]
    colours = [shade for shade, _ in shades]
    assert colours[0][3] == 0
    against, speaks = [tuple(value / 255 for value in colour) for colour in (AGAINST, FOR)]
    assert colours[1] == pytest.approx(to_rgba(against, 0.375))
    assert colours[2] == pytest.approx(to_rgba(speaks, 0.75))
    # Strong words are underlined: solid for the answer, dashed against it (after the legend's).
    assert [line.get_linestyle() for line in figure.axes[0].lines[2:]] == ["--", "-"]
    assert inside(figure)


def test_texts_are_wrapped_and_long_ones_end_early():
    words = [(f"word{i} ", 1.0) for i in range(400)] + [("x" * 500, -1.0)]
    figure = word_weights([("short", words[:30]), ("long", words), ("link", words[-1:])])
    (axes,) = figure.axes
    ends = [patch.get_x() + patch.get_width() for patch in axes.patches]
    assert max(ends) < PAGE and min(patch.get_x() for patch in axes.patches) >= 0.2
    texts = [text.get_text() for text in axes.texts]
    (title,) = [text for text in texts if text.startswith("long")]
    assert title.startswith(f"long   (the first {LINES} of ")
    heights = {text.get_position()[1] for text in axes.texts[texts.index(title) + 1 :]}
    assert "link" in texts and len(heights) > LINES
    assert "".join(texts[texts.index("link") + 1 :]) == "x" * 500
    assert inside(figure)


def test_right_to_left_texts_run_right_to_left():
    figure = word_weights([("t", (("هذا ", 0.1), ("الفيلم ", 0.2), ("رائع", 0.9)))])
    texts, shades = words_of(figure)
    assert texts[1:] == ["هذا", "الفيلم", "رائع"]
    places = [x for _, x in shades]
    assert places == sorted(places, reverse=True)
    assert places[-1] > PAGE / 2  # flush right
    drawn(figure)


def test_any_words_are_drawn():
    rows = [
        ("", (("我们 ", 1.0), ("😀\u200d", -0.5), ("$x$", 0.5), ("a\nb \t", 0.1), ("\x00", 1.0))),
        ("zeros", (("a ", 0.0), ("b", 0.0))),
        ("nothing", ()),
        ("blank", (("  ", 1.0),)),
    ]
    texts, _ = words_of(word_weights(rows))
    assert texts[:2] == ["\\u6211\\u4eec", "😀\\u200d"]
    assert texts[2:6] == ["$x$", "a", "b", "\\x00"]
    drawn(word_weights(rows))
    drawn(word_weights([]))
