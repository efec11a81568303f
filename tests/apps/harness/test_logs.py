"""What `fit` hands to callbacks, as numbers, and how fast it was."""

import math

import numpy as np
import pytest
import tensorflow as tf

from apps.harness.logs import Pace, perplexity, scalars


def test_logs_become_numbers():
    logs = {"nll": tf.constant([2.0]), "val_nll": 1000.0, "f1": np.array([0.25, 0.5])}
    assert scalars(logs) == {
        "nll": 2.0,
        "perplexity": pytest.approx(math.exp(2)),
        "val_nll": 1000.0,
        "val_perplexity": math.inf,
        "f1_0": 0.25,
        "f1_1": 0.5,
    }
    assert scalars(None) == {}
    assert perplexity(0.0) == 1.0


def test_pace_leaves_out_the_first_batch_of_a_process():
    now = iter([0.0, 0.0, 100.0, 104.0]).__next__
    pace = Pace(now)  # The clock is read once by the constructor, and by each line below.
    pace.begin()
    pace.batch(lambda: 50.0)
    pace.end()
    assert pace.seconds == 104.0
    assert pace.rate(90.0) == 10.0
    assert pace.rate(50.0) == pytest.approx(50 / 104)  # One batch in all.
