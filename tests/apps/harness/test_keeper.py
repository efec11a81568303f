"""Early stopping, losses that are not finite, and averaging, on losses that a script gives."""

import json
import math
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from apps.harness.app import App, Evaluation
from apps.harness.checkpoint import Standing, load_checkpoint
from apps.harness.config import BaseConfig, TrainConfig
from apps.harness.keeper import Keeper
from apps.harness.model import TrainableModel
from apps.harness.run_folder import RunFolder
from apps.harness.train import train
from apps.harness.watch import Watch
from data.buckets import Position
from data.errors import UserError

NAN = math.nan
STEPS = 3


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path / "first")


def small_model():
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(3)])
    model.compile("adam")
    model.optimizer.build(model.trainable_variables)
    return model


def weights_of(epoch):
    """Weights that no other epoch has: a kernel and a bias."""
    draw = np.random.default_rng(epoch)
    return [draw.normal(size=shape).astype("float32") for shape in ((2, 3), (3,))]


def make_keeper(run, model, standing, **settings):
    settings = {"epochs": 9, "checkpoint_seconds": 1e9, "patience": 0, "average": 2} | settings
    keeper = Keeper(run, standing, Position(), steps=STEPS, **settings)
    keeper.set_model(model)
    return keeper


def play(keeper, model, losses, first=0):
    """Does what `fit` does until it is told to stop; returns how many epochs that took."""
    model.stop_training = False
    keeper.on_train_begin()
    for epoch, loss in enumerate(losses, start=first):
        keeper.on_epoch_begin(epoch)
        model.set_weights(weights_of(epoch))
        for batch in range(STEPS):
            keeper.on_train_batch_end(batch)
        keeper.on_epoch_end(epoch, {"loss": 0.0, "val_loss": loss})
        if model.stop_training:
            break
    return epoch + 1 - first


def kept_files(run):
    return sorted(path.name for path in run.averages.iterdir())


@pytest.mark.parametrize(
    ("patience", "losses", "epochs"),
    [
        (1, [3, 2, 1, 1.5, 0.5], 4),
        (2, [3, 2, 2.5, 2.1, 1], 4),
        (2, [3, 2, 2, 2, 1], 4),  # as good is not better
        (2, [3, 4, 2, 3, 1, 2, 3], 7),  # whatever is better starts the count again
        (3, [1, 2, 3, 4, 5, 6], 4),
        (0, [1, 2, 3, 4, 5, 6], 6),
    ],
)
def test_training_stops_after_as_many_epochs_in_vain_as_there_is_patience(
    run, patience, losses, epochs
):
    model, standing = small_model(), Standing()
    assert play(make_keeper(run, model, standing, patience=patience), model, losses) == epochs
    assert (standing.epoch, standing.step) == (epochs, 0)
    assert standing.best_loss == min(losses[:epochs])
    assert standing.finished(9) == bool(patience) and not standing.finished(10)
    assert load_checkpoint(run.checkpoint, model) == standing


def test_the_end_has_the_mean_of_the_weights_of_the_best_epochs(run):
    model = small_model()
    keeper = make_keeper(run, model, Standing(), average=3)
    play(keeper, model, [5.0, 1.0, 4.0, 2.0, 3.0])
    assert kept_files(run) == ["epoch-0002.npz", "epoch-0004.npz", "epoch-0005.npz"]
    keeper.finish()
    for found, *parts in zip(model.get_weights(), *map(weights_of, (1, 3, 4)), strict=True):
        np.testing.assert_allclose(found, sum(parts) / 3, rtol=1e-6, atol=1e-7)


def test_the_mean_of_one_epoch_is_that_epoch(run):
    model = small_model()
    keeper = make_keeper(run, model, Standing(), average=1)
    play(keeper, model, [2.0, 1.0, 1.0, 3.0])
    keeper.finish()
    assert kept_files(run) == ["epoch-0002.npz"]
    for found, expected in zip(model.get_weights(), weights_of(1), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_the_mean_takes_the_epochs_of_an_earlier_process_too(run):
    model = small_model()
    play(make_keeper(run, model, Standing()), model, [1.0, 3.0, 2.0])
    model = small_model()
    standing = load_checkpoint(run.checkpoint, model)
    assert standing.kept == {0: 1.0, 2: 2.0}
    keeper = make_keeper(run, model, standing)
    play(keeper, model, [1.5, 4.0], first=3)
    keeper.finish()
    assert kept_files(run) == ["epoch-0001.npz", "epoch-0004.npz"]
    for found, *parts in zip(model.get_weights(), weights_of(0), weights_of(3), strict=True):
        np.testing.assert_allclose(found, sum(parts) / 2, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("loss", [NAN, math.inf])
def test_a_loss_that_is_not_finite_ends_training_and_keeps_the_best_weights(run, capsys, loss):
    model, standing = small_model(), Standing()
    keeper = make_keeper(run, model, standing, average=3)
    assert play(keeper, model, [2.0, 1.0, loss, 0.5]) == 3
    assert capsys.readouterr().out == (
        "The validation loss of epoch 3 is not finite: training ends here.\n"
    )
    assert standing.finished(9) and standing.best_loss == 1.0
    assert kept_files(run) == ["epoch-0001.npz", "epoch-0002.npz"]
    assert load_checkpoint(run.checkpoint, model).kept == {1: 1.0, 0: 2.0}
    keeper.finish()
    for found, *parts in zip(model.get_weights(), weights_of(0), weights_of(1), strict=True):
        np.testing.assert_allclose(found, sum(parts) / 2, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("seconds", "steps"), [(0.0, [1, 2, 2]), (1e9, [None] * 3)])
def test_checkpoints_within_an_epoch_are_as_far_apart_as_asked(run, seconds, steps):
    model, standing = small_model(), Standing()
    keeper = make_keeper(run, model, standing, checkpoint_seconds=seconds)
    keeper.on_train_begin()
    keeper.on_epoch_begin(0)
    found = []
    for batch in range(STEPS):
        keeper.on_train_batch_end(batch)
        exists = run.checkpoint.exists()
        found.append(load_checkpoint(run.checkpoint, model).step if exists else None)
    assert found == steps
    keeper.on_epoch_end(0, {"val_loss": 1.0})
    after = load_checkpoint(run.checkpoint, model)
    assert (after.epoch, after.step) == (1, 0)


class Scripted(TrainableModel):
    """Its one weight rises by the learning rate at every step; its losses are the labels."""

    def __init__(self):
        super().__init__()
        self.height = self.add_weight(shape=(), initializer="zeros", name="kernel")
        self.built = True

    def compile(self, *arguments, **keywords):
        super().compile(*arguments, **{**keywords, "run_eagerly": True})  # tracing takes longer

    def call(self, inputs, training=False):
        return self.height * inputs

    def measure(self, inputs, labels, training):
        loss = -self.height * inputs if training else labels
        return {"loss": loss}, tf.constant(1.0)


class Training:
    """One step an epoch."""

    def __len__(self):
        return 1

    def training(self, position):
        return tf.data.Dataset.from_tensors((1.0, 0.0))


class Validation:
    """Gives one more of the losses each time that it is gone through."""

    def __init__(self, losses):
        self.left = list(losses)

    def validation(self):
        number = tf.TensorSpec((), tf.float32)
        numbers = tf.data.Dataset.from_generator(
            lambda: iter([(0.0, self.left.pop(0))]), output_signature=(number, number)
        )
        return numbers.apply(tf.data.experimental.assert_cardinality(1))


def train_on(run, losses, **settings):
    """Trains a process's worth; returns the weight it ends with, and the losses not asked for."""
    defaults = {"learning_rate": 0.5, "warmup_steps": 0, "schedule": "constant", "score_every": 0}
    config = BaseConfig(train=TrainConfig(**{**defaults, **settings}))
    data = SimpleNamespace(train=Training(), validation=Validation(losses), summary=())
    model = Scripted()
    unused = dict.fromkeys(("predictor", "export", "versus"))
    app = App(
        name="scripted",
        summary="Does as it is told.",
        config=BaseConfig,
        prepare=lambda config, run: data,
        build=lambda config, data: model,
        evaluate=lambda config, run, model, data, split: Evaluation({"score": 1.0}, "Evaluated."),
        watch=lambda config, run, model, data: Watch(),
        **unused,
    )
    train(app, config, run)
    return float(model.height.numpy()), data.validation.left


def figures(run):
    return json.loads(run.metrics.read_text())["training"]


def test_more_epochs_come_with_new_patience(run, capsys):
    settings = {"patience": 2, "average": 2}
    weight, left = train_on(run, [3.0, 1.0, 2.0, 4.0, 0.0], epochs=6, **settings)
    # Stopped after epoch 4, for 2 and 4 are no better than 1; epochs 2 and 3 are averaged.
    assert left == [0.0] and figures(run)["epochs"] == 4
    assert figures(run)["epochs_averaged"] == [2, 3]
    assert "The model is the mean of epochs 2, 3." in capsys.readouterr().out
    assert weight == pytest.approx(0.5 * (2 + 3) / 2)

    for epochs in (6, 5):
        capsys.readouterr()
        assert train_on(run, [0.0], epochs=epochs, **settings)[1] == [0.0]
        assert "is finished (4 epochs)" in capsys.readouterr().out

    # Epochs 5 and 6 are no better than epoch 2 either, but 6 is better than 3.
    weight, left = train_on(run, [2.5, 1.5, 0.0], epochs=7, **settings)
    assert left == [0.0] and figures(run)["epochs"] == figures(run)["steps"] == 6
    assert figures(run)["epochs_averaged"] == [2, 6]
    assert weight == pytest.approx(0.5 * (2 + 6) / 2)


def test_a_run_that_diverges_ends_with_the_weights_from_before(run, capsys):
    weight, left = train_on(run, [3.0, 2.0, NAN, 0.0], epochs=6, average=5)
    assert weight == pytest.approx(0.5 * (1 + 2) / 2) and left == [0.0]
    told = [line for line in capsys.readouterr().out.splitlines() if "not finite" in line]
    assert told == ["The validation loss of epoch 3 is not finite: training ends here."]
    assert figures(run)["epochs"] == 3 and figures(run)["epochs_averaged"] == [1, 2]
    assert run.finished


def test_a_run_without_any_finite_loss_says_what_to_try(run):
    for losses in ([NAN, 0.0], [0.0]):
        with pytest.raises(UserError, match=r"never a finite number: try a smaller .*\.$") as told:
            train_on(run, losses, epochs=6)
        assert "\n" not in str(told.value) and not run.finished
