"""What is exported reads as `predict` does: phrases beside the memory, head and tail of a text."""

import numpy as np
import pytest
import tensorflow as tf

from apps.harness.export import export
from apps.harness.run_folder import run_folder
from apps.harness.train import train
from apps.sentiment.__main__ import APP
from apps.sentiment.predictor import predictor


def test_phrases_and_both_ends_are_served(make_config, reviews, tmp_path):
    config = make_config(
        "min_gru",
        data={"max_length": 7, "keep": "head+tail"},
        model={"ngrams": 2},
        train={"epochs": 1},
    )
    run = run_folder(tmp_path, APP.name, "phrases")
    train(APP, config, run)
    export(APP, run, {})
    model, texts = run.load_model(), [text for _, text in reviews]
    assert model.bag.share.numpy() > 0  # or phrases would not count
    module = tf.saved_model.load(str(run.saved_model))
    served = module.serve(tf.constant(texts))
    expected = predictor(config, run, model, n_best=2)(texts)
    assert [label.decode() for label in served["labels"].numpy()] == [one.text for one in expected]
    surest = np.max(served["probabilities"], axis=1)
    assert surest == pytest.approx([one.score for one in expected], abs=1e-4)
