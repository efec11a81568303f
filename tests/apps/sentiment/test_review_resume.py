"""A run that is stopped at any moment, in its pre-training too, ends like one that was not."""

import keras
import numpy as np
import pytest

from apps.harness.keeper import Keeper
from apps.harness.run_folder import run_folder
from apps.harness.train import train
from apps.sentiment.__main__ import APP


@pytest.fixture
def stop_after(monkeypatch):
    """`stop_after(steps)`: the steps of training after which a person stops it; None is never."""
    ended = Keeper.on_train_batch_end
    left = [None]

    def count(self, batch, logs=None):
        ended(self, batch, logs)
        if left[0] is not None:
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt

    monkeypatch.setattr(Keeper, "on_train_batch_end", count)
    return lambda steps: left.__setitem__(0, steps)


def test_stopped_runs_end_like_whole_ones(make_config, stop_after, tmp_path):
    config = make_config(
        "rnn",
        data={"train": make_config().data.validation, "batch_tokens": 64},
        model={"dropout": 0.3, "word_dropout": 0.2, "ngrams": 2},
        train={
            "epochs": 2,
            "pretrain": "autoencoder",
            "pretrain_epochs": 2,
            "checkpoint_seconds": 0,
        },
    )
    models = {}
    for name, stops in (("whole", ()), ("stopped", (3, 5))):
        run = run_folder(tmp_path, APP.name, name)
        for steps in stops:  # in the pre-training, then among the labels
            stop_after(steps)
            with pytest.raises(KeyboardInterrupt):
                train(APP, config, run)
        stop_after(None)
        train(APP, config, run)
        models[name] = keras.models.load_model(run.model).get_weights()
    for whole, stopped in zip(*models.values(), strict=True):
        np.testing.assert_array_equal(whole, stopped)
