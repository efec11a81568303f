"""The files of the embedding projector."""

import numpy as np
import pytest

from apps.harness.projector import escape, write_projector


def test_columns_of_labels_have_a_line_of_names(tmp_path):
    write_projector(tmp_path, np.eye(2), {"class": ["good", "bad"], "text": ["a\tb", ""]})
    assert (tmp_path / "labels.tsv").read_text() == "class\ttext\ngood\ta\\tb\nbad\t∅\n"


@pytest.mark.parametrize(
    ("label", "written"),
    [("▁Haus", "▁Haus"), ("\n", "\\n"), ("  ", "␣␣"), ("\u3000", "\\u3000"), ("\x85", "\\x85")],
)
def test_projector_labels_stay_on_their_line(label, written):
    assert escape(label) == written


@pytest.mark.parametrize("labels", [{}, {"a": "xy"}, {"a": "xyz", "b": "xy"}])
def test_projector_refuses_missing_labels(tmp_path, labels):
    with pytest.raises(ValueError, match="n labels"):
        write_projector(tmp_path, np.eye(3), labels)
    assert not list(tmp_path.iterdir())
