import numpy as np
import pytest
from keras import ops

from layers.decoding.hypotheses import coverage_score, penalty, unpacked


def test_penalty_of_wu_et_al():
    np.testing.assert_allclose(ops.convert_to_numpy(penalty(1, 0.6)), 1.0)
    np.testing.assert_allclose(ops.convert_to_numpy(penalty(13, 0.5)), np.sqrt(3.0), rtol=1e-6)
    np.testing.assert_allclose(ops.convert_to_numpy(penalty(7, 0.0)), 1.0)


def test_coverage_of_wu_et_al():
    coverage = np.array([[0.5, 2.0, 0.1], [1.0, 1.0, 1.0]], "float32")
    mask = np.array([[True, True, False], [True, True, True]])
    score = ops.convert_to_numpy(coverage_score(coverage, mask, 0.2))
    np.testing.assert_allclose(score, [0.2 * np.log(0.5), 0.0], rtol=1e-6)


def test_a_position_never_looked_at_does_not_make_a_score_infinite():
    mask = np.array([[True, False]])
    score = ops.convert_to_numpy(coverage_score(np.zeros((1, 2), "float32"), mask, 1.0))
    assert -30 < score[0] < -10


@pytest.mark.parametrize(
    "attention, mask, message",
    [
        ([np.ones((2, 3))], None, "give `memory_mask`"),
        ([], np.ones((2, 3), bool), "returns no attention"),
        ([np.ones((2, 4, 3))], np.ones((2, 3), bool), "rows, memory_time"),
    ],
)
def test_attention_and_mask_must_fit(attention, mask, message):
    with pytest.raises(ValueError, match=message):
        unpacked(("logits", "state", *attention), mask)
