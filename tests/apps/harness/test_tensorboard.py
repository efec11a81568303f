"""The events of a run, read back with TensorBoard's own readers."""

import math
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from matplotlib.figure import Figure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig
from tensorboard.util import tensor_util

from apps.harness.app import App, Evaluation
from apps.harness.config import BaseConfig, TrainConfig
from apps.harness.model import TrainableModel
from apps.harness.run_folder import RunFolder
from apps.harness.tensorboard import (
    TensorBoard,
    hyper_parameters,
    write_configuration,
    write_final,
)
from apps.harness.train import train
from apps.harness.watch import Watch, markdown_table

CONFIG = {"train.epochs": 2, "train.init_from": None, "train.xla": False, "data.columns": (1, 2)}
STEPS = 6


class Guess(TrainableModel):
    """Learns to answer an integer below 8 with the same integer."""

    measurements = ("loss", "nll", "accuracy")

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.table = keras.layers.Embedding(
            8, 8, embeddings_initializer="zeros", dtype=self.dtype_policy
        )

    def build(self, input_shape=None):
        self.table.build((None,))
        self.built = True

    def call(self, inputs, training=False):
        return self.table(inputs)

    def measure(self, inputs, labels, training):
        logits = tf.cast(self(inputs, training=training), tf.float32)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        correct = tf.cast(tf.argmax(logits, -1, tf.int32) == labels, tf.float32)
        nll = tf.reduce_sum(losses)
        sums = {"loss": nll, "nll": nll, "accuracy": tf.reduce_sum(correct)}
        return sums, tf.cast(tf.size(labels), tf.float32)


def batches(steps=STEPS):
    numbers = np.arange(4 * steps, dtype="int32") % 8
    return tf.data.Dataset.from_tensor_slices((numbers, numbers)).batch(4, drop_remainder=True)


def compiled():
    model = Guess()
    model.compile(optimizer=keras.optimizers.Adam(0.1))
    model.build()
    return model


def fit(model, *callbacks, epochs=2, first=0):
    model.fit(
        batches(),
        validation_data=batches(2),
        initial_epoch=first,
        epochs=epochs,
        verbose=0,
        callbacks=list(callbacks),
        shuffle=False,
    )


def read(run, name):
    events = EventAccumulator(str(run.tensorboard / name), size_guidance={"tensors": 0})
    return events.Reload()


def curve(events, tag):
    """`{step: value}` in the order of steps: files of one second are read in any order."""
    points = (
        (e.step, float(tensor_util.make_ndarray(e.tensor_proto))) for e in events.Tensors(tag)
    )
    return dict(sorted(points))


def row(run):
    """The settings in the run's row of the HParams table, and the row's name."""
    metadata = read(run, "final").SummaryMetadata("_hparams_/session_start_info")
    info = plugin_data_pb2.HParamsPluginData.FromString(
        metadata.plugin_data.content
    ).session_start_info
    values = {name: getattr(v, v.WhichOneof("kind")) for name, v in info.hparams.items()}
    return info.group_name, values


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path / "translate" / "first")


def make_watch(bleu=12.5):
    return Watch(
        texts=lambda: {"translations": markdown_table(["source", "hypothesis"], [["a|b", "c"]])},
        figures=lambda: {"attention/1": Figure(figsize=(2, 1))},
        embedding=lambda: (np.eye(4, 3), {"piece": ["a", "b\tc", "", "。"]}),
        scores=lambda: {"bleu": bleu},
        inputs=lambda: np.arange(4, dtype="int32"),
        unit="words",
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of five epochs with all there is to see, and what `fit` itself recorded of it."""
    run, model = RunFolder(tmp_path_factory.mktemp("runs") / "translate" / "first"), compiled()
    options = {"score_every": 2, "batch_every": 4, "profile": True}
    board = TensorBoard(run, CONFIG, 5, make_watch(), **options)
    fit(model, board, epochs=5)
    board.finish(make_watch(bleu=20.0), 30)
    return run, model.history.history


def test_curves_share_tags_and_count_in_optimizer_steps(finished):
    run, history = finished
    train, validation = read(run, "train"), read(run, "validation")
    for events, prefix in ((train, ""), (validation, "val_")):
        for name in ("loss", "nll", "accuracy"):
            seen = curve(events, f"epoch/{name}")
            assert list(seen) == [6, 12, 18, 24, 30]
            assert list(seen.values()) == pytest.approx(history[prefix + name], rel=1e-6)
        nll, ppl = curve(events, "epoch/nll"), curve(events, "epoch/perplexity")
        assert ppl[12] == pytest.approx(math.exp(nll[12]), rel=1e-5)
        for name in ("words_per_second", "seconds"):
            assert all(value > 0 for value in curve(events, f"epoch/{name}").values())
    assert curve(train, "epoch/learning_rate")[6] == pytest.approx(0.1)
    assert curve(train, "epoch/gradient_norm")[6] > 0
    for name in ("loss", "perplexity", "accuracy", "learning_rate", "gradient_norm"):
        assert list(curve(train, f"batch/{name}")) == [4, 8, 12, 16, 20, 24, 28]
    assert {tag.split("/")[0] for tag in train.Tags()["tensors"]} == {"batch", "epoch"}


def test_a_resumed_run_continues_its_curves(run):
    model = compiled()
    fit(model, TensorBoard(run, CONFIG, 1, batch_every=4), epochs=1)
    fit(model, TensorBoard(run, CONFIG, 3, batch_every=4), epochs=3, first=1)
    train = read(run, "train")
    assert list(curve(train, "epoch/loss")) == [6, 12, 18]
    assert list(curve(train, "batch/loss")) == [4, 8, 12, 16]
    assert list(curve(read(run, "validation"), "epoch/loss")) == [6, 12, 18]


def test_a_repeated_epoch_writes_the_same_values_at_the_same_steps(run, tmp_path):
    other = RunFolder(tmp_path / "other")
    for folder in (run, other):
        model = compiled()
        fit(model, TensorBoard(folder, CONFIG, 1, batch_every=1), epochs=1)
    for tag in ("batch/loss", "epoch/perplexity", "epoch/gradient_norm"):
        assert curve(read(run, "train"), tag) == curve(read(other, "train"), tag)


def test_what_the_app_watches(finished):
    run, _ = finished
    validation = read(run, "validation")
    # The first epoch, every second, and what is saved.
    assert curve(validation, "score/bleu") == {6: 12.5, 12: 12.5, 24: 12.5, 30: 20.0}
    text = validation.Tensors("translations")[-1].tensor_proto.string_val[0].decode()
    assert "a&#124;b" in text
    width, height, png = validation.Tensors("figures/attention/1")[-1].tensor_proto.string_val
    assert (width, height) == (b"200", b"100")
    assert png.startswith(b"\x89PNG")


def test_without_score_every_the_end_shows_samples_but_no_scores(run):
    board = TensorBoard(run, CONFIG, 2, make_watch(), score_every=0)
    fit(compiled(), board)
    assert "translations" not in read(run, "validation").Tags()["tensors"]
    board.finish(make_watch(), 12)
    tags = read(run, "validation").Tags()["tensors"]
    assert "translations" in tags
    assert not any(tag.startswith("score/") for tag in tags)
    assert "final/validation_bleu" not in read(run, "final").Tags()["tensors"]


def scores(run):
    return sorted(
        (event.step, float(tensor_util.make_ndarray(event.tensor_proto)))
        for event in read(run, "validation").Tensors("score/bleu")
    )


def test_the_epoch_that_ends_training_early_is_not_looked_at(run):
    model = compiled()
    stop = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: setattr(model, "stop_training", epoch == 2)
    )
    fit(model, stop, TensorBoard(run, CONFIG, 9, make_watch(), score_every=1), epochs=9)
    assert [step for step, _ in scores(run)] == [6, 12]


def test_the_rest_of_a_broken_epoch_is_not_the_end(run):
    model, board = compiled(), TensorBoard(run, CONFIG, 3, make_watch(), score_every=1)
    fit(model, board, epochs=1)
    fit(model, board, epochs=3, first=1)
    board.finish(make_watch(20.0), 18)
    assert scores(run) == [(6, 12.5), (12, 12.5), (18, 20.0)]
    assert len(list((run.tensorboard / "train").glob("*.tfevents.*"))) == 1


class Numbers:
    """Both splits of a corpus."""

    def __len__(self):
        return STEPS

    def training(self, position):
        return batches()

    def validation(self):
        return batches(2)


def train_to(run, **settings):
    """Trains an app that changes its model at the end; returns the sum of the weights it uses."""
    used = []

    def total(model):
        return float(keras.ops.sum(model.table.embeddings))

    def evaluate(config, run, model, data, split):
        used.append(total(model))
        return Evaluation({"total": used[-1]}, "Evaluated.", headline=("total",))

    app = App(
        name="guess",
        summary="Guesses.",
        config=BaseConfig,
        prepare=lambda config, run: SimpleNamespace(
            train=Numbers(), validation=Numbers(), summary=()
        ),
        build=lambda config, data: compiled(),
        evaluate=evaluate,
        watch=lambda config, run, model, data: Watch(scores=lambda: {"bleu": total(model)}),
        finish=lambda config, model, data: model.table.embeddings.assign_add(np.full((8, 8), 9.0)),
        **dict.fromkeys(("predictor", "export", "versus")),
    )
    train(app, BaseConfig(train=TrainConfig(warmup_steps=0, schedule="constant", **settings)), run)
    return used


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_the_last_look_is_at_the_model_that_is_saved(run, precision):
    settings = {"precision": precision, "score_every": 1, "average": 2}
    [used] = train_to(run, epochs=3, **settings)
    first, second, last = scores(run)
    assert (first[0], second[0], last) == (6, 12, (18, pytest.approx(used)))
    assert second[1] < last[1] - 300
    assert curve(read(run, "final"), "final/validation_bleu") == {18: pytest.approx(used)}

    assert train_to(run, epochs=3, **settings) == []  # nothing is left to do
    assert scores(run) == [first, second, last]
    # As if it had been killed between its last epoch and its end.
    run.metrics.unlink()
    assert train_to(run, epochs=3, **settings) == [used]
    assert scores(run) == [first, second, last, last]


def test_graph_of_the_model(finished):
    graph = read(finished[0], "train").Graph()
    assert any("embedding" in node.name for node in graph.node)


def test_projector_files(finished):
    folder = finished[0].tensorboard / "train"
    text = (folder / "projector_config.pbtxt").read_text()
    config = text_format.Parse(text, ProjectorConfig()).embeddings[0]
    assert np.loadtxt(folder / config.tensor_path, delimiter="\t") == pytest.approx(np.eye(4, 3))
    labels = (folder / config.metadata_path).read_text(encoding="utf-8").split("\n")
    assert labels == ["a", "b\\tc", "∅", "。", ""]


def test_profile(finished):
    assert list((finished[0].tensorboard / "train").glob("plugins/profile/*/*.xplane.pb"))


def test_a_profile_of_a_run_that_ends_early(run):
    callback = TensorBoard(run, CONFIG, 3, profile=True)
    fit(compiled(), callback, epochs=3)  # Eighteen steps, and the profile would end after twenty.
    assert list((run.tensorboard / "train").glob("plugins/profile/*/*.xplane.pb"))


def test_configuration_and_final_metrics(finished):
    run, _ = finished
    assert row(run) == (
        "translate/first",
        {
            "train.epochs": 2.0,
            "train.init_from": "none",
            "train.xla": False,
            "data.columns": "1, 2",
        },
    )
    final = read(run, "final")
    assert {tag for tag in final.Tags()["tensors"] if tag.startswith("final/")} == {
        "final/validation_bleu",
        "final/train_words_per_second",
    }
    assert curve(final, "final/validation_bleu") == {30: 20.0}


def test_the_configuration_of_a_resumed_run_replaces_the_old(run):
    write_configuration(run, {"train.epochs": 2})
    write_final(run, {"validation_loss": 3.0}, step=10)
    write_configuration(run, {"train.epochs": 4})
    write_final(run, {"test_bleu": 30.0}, step=0)
    assert row(run) == ("translate/first", {"train.epochs": 4.0})
    final = read(run, "final")
    assert "final/validation_loss" not in final.Tags()["tensors"]
    assert curve(final, "final/test_bleu") == {0: 30.0}


def test_nothing_left_to_train_changes_nothing(run):
    fit(compiled(), TensorBoard(run, CONFIG, 0), epochs=0)
    assert not run.tensorboard.exists()


def test_hyper_parameters_are_flat():
    values = {"a": None, "b": [1, None], "c": {"d": 1}, "e": True, "f": 0.5, "g": "x"}
    assert hyper_parameters(values) == {
        "a": "none",
        "b": "1, none",
        "c": '{"d": 1}',
        "e": True,
        "f": 0.5,
        "g": "x",
    }


def test_markdown_table_refuses_an_uneven_row():
    with pytest.raises(ValueError, match="2 cells"):
        markdown_table(["a", "b"], [["1"]])
