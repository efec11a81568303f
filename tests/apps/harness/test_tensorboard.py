"""The events of a run, read back with TensorBoard's own readers."""

import math

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

from apps.harness.logs import Pace, perplexity, scalars
from apps.harness.model import TrainableModel
from apps.harness.projector import escape, write_projector
from apps.harness.run_folder import RunFolder
from apps.harness.tensorboard import (
    TensorBoard,
    hyper_parameters,
    write_configuration,
    write_final,
)
from apps.harness.watch import Watch, markdown_table

CONFIG = {"train.epochs": 2, "train.init_from": None, "train.xla": False, "data.columns": (1, 2)}
STEPS = 6


class Guess(TrainableModel):
    """Learns to answer an integer below 8 with the same integer."""

    measurements = ("loss", "nll", "accuracy")

    def __init__(self):
        super().__init__()
        self.table = keras.layers.Embedding(8, 8, embeddings_initializer="zeros")

    def call(self, inputs, training=False):
        return self.table(inputs)

    def measure(self, inputs, labels, training):
        logits = self(inputs, training=training)
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
    model(np.zeros(4, "int32"))
    return model


def fit(model, callback, epochs=2, first=0):
    model.fit(
        batches(),
        validation_data=batches(2),
        initial_epoch=first,
        epochs=epochs,
        verbose=0,
        callbacks=[callback],
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
    return RunFolder(tmp_path / "first")


def make_watch():
    return Watch(
        texts=lambda: {"translations": markdown_table(["source", "hypothesis"], [["a|b", "c"]])},
        figures=lambda: {"attention/1": Figure(figsize=(2, 1))},
        embedding=lambda: (np.eye(4, 3), ["▁a", "b\tc", "", "。"]),
        scores=lambda: {"bleu": 12.5},
        inputs=lambda: np.arange(4, dtype="int32"),
        unit="words",
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of five epochs with all there is to see, and what `fit` itself recorded of it."""
    run, model = RunFolder(tmp_path_factory.mktemp("runs") / "first"), compiled()
    options = {"score_every": 2, "batch_every": 4, "profile": True}
    fit(model, TensorBoard(run, CONFIG, make_watch(), **options), epochs=5)
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
    fit(model, TensorBoard(run, CONFIG, batch_every=4), epochs=1)
    fit(model, TensorBoard(run, CONFIG, batch_every=4), epochs=3, first=1)
    train = read(run, "train")
    assert list(curve(train, "epoch/loss")) == [6, 12, 18]
    assert list(curve(train, "batch/loss")) == [4, 8, 12, 16]
    assert list(curve(read(run, "validation"), "epoch/loss")) == [6, 12, 18]


def test_a_repeated_epoch_writes_the_same_values_at_the_same_steps(run, tmp_path):
    other = RunFolder(tmp_path / "other")
    for folder in (run, other):
        model = compiled()
        fit(model, TensorBoard(folder, CONFIG, batch_every=1), epochs=1)
    for tag in ("batch/loss", "epoch/perplexity", "epoch/gradient_norm"):
        assert curve(read(run, "train"), tag) == curve(read(other, "train"), tag)


def test_what_the_app_watches(finished):
    run, _ = finished
    validation = read(run, "validation")
    # The first epoch, every second, and the last.
    assert curve(validation, "score/bleu") == {6: 12.5, 12: 12.5, 24: 12.5, 30: 12.5}
    text = validation.Tensors("translations")[-1].tensor_proto.string_val[0].decode()
    assert "a&#124;b" in text
    width, height, png = validation.Tensors("figures/attention/1")[-1].tensor_proto.string_val
    assert (width, height) == (b"200", b"100")
    assert png.startswith(b"\x89PNG")


def test_without_score_every_the_end_shows_samples_but_no_scores(run):
    fit(compiled(), TensorBoard(run, CONFIG, make_watch(), score_every=0), epochs=1)
    tags = read(run, "validation").Tags()["tensors"]
    assert "translations" in tags
    assert not any(tag.startswith("score/") for tag in tags)


def test_graph_of_the_model(finished):
    graph = read(finished[0], "train").Graph()
    assert any("embedding" in node.name for node in graph.node)


def test_projector_files(finished):
    folder = finished[0].tensorboard / "train"
    text = (folder / "projector_config.pbtxt").read_text()
    config = text_format.Parse(text, ProjectorConfig()).embeddings[0]
    assert np.loadtxt(folder / config.tensor_path, delimiter="\t") == pytest.approx(np.eye(4, 3))
    labels = (folder / config.metadata_path).read_text(encoding="utf-8").split("\n")
    assert labels == ["a", "·b\\tc", "∅", "。", ""]


def test_profile(finished):
    assert list((finished[0].tensorboard / "train").glob("plugins/profile/*/*.xplane.pb"))


def test_a_profile_of_a_run_that_ends_early(run):
    callback = TensorBoard(run, CONFIG, profile=True)
    fit(compiled(), callback, epochs=3)  # Eighteen steps, and the profile would end after twenty.
    assert list((run.tensorboard / "train").glob("plugins/profile/*/*.xplane.pb"))


@pytest.mark.parametrize(
    ("label", "written"),
    [("▁Haus", "▁Haus"), ("\n", "\\n"), ("  ", "␣␣"), ("\u3000", "\\u3000"), ("\x85", "\\x85")],
)
def test_projector_labels_stay_on_their_line(label, written):
    assert escape(label) == written


def test_projector_refuses_missing_labels(tmp_path):
    with pytest.raises(ValueError, match="n labels"):
        write_projector(tmp_path, np.eye(3), ["a", "b"])
    assert not list(tmp_path.iterdir())


def test_configuration_and_final_metrics(finished):
    run, history = finished
    assert row(run) == (
        "first",
        {
            "train.epochs": 2.0,
            "train.init_from": "none",
            "train.xla": False,
            "data.columns": "1, 2",
        },
    )
    final = read(run, "final")
    assert {tag for tag in final.Tags()["tensors"] if tag.startswith("final/")} == {
        "final/validation_loss",
        "final/validation_perplexity",
        "final/validation_accuracy",
        "final/validation_bleu",
        "final/train_words_per_second",
    }
    expected = pytest.approx(history["val_loss"][-1], rel=1e-6)
    assert curve(final, "final/validation_loss") == {30: expected}


def test_the_configuration_of_a_resumed_run_replaces_the_old(run):
    write_configuration(run, {"train.epochs": 2})
    write_final(run, {"validation_loss": 3.0}, step=10)
    write_configuration(run, {"train.epochs": 4})
    write_final(run, {"test_bleu": 30.0}, step=0)
    assert row(run) == ("first", {"train.epochs": 4.0})
    final = read(run, "final")
    assert "final/validation_loss" not in final.Tags()["tensors"]
    assert curve(final, "final/test_bleu") == {0: 30.0}


def test_nothing_left_to_train_changes_nothing(run):
    fit(compiled(), TensorBoard(run, CONFIG), epochs=0)
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


def test_markdown_table_refuses_an_uneven_row():
    with pytest.raises(ValueError, match="2 cells"):
        markdown_table(["a", "b"], [["1"]])
