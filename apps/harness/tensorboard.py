"""What TensorBoard shows of a run.

Training and validation are two runs with the same tags, so that they share a chart. The step axis
is the optimizer's count of updates, so that a resumed run continues its curves.
"""

import json
import shutil
import time
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams_api

from .figures import figure_to_png
from .logs import ITEMS, Pace, scalars
from .projector import write_projector
from .run_folder import RunFolder
from .watch import Watch

TRAIN, VALIDATION, FINAL = "train", "validation", "final"
"""The folders of events in the run's `tb/`, which TensorBoard shows as runs."""

PROFILED = (10, 20)
"""The batches of a process between which a profile is taken: tracing is over by then."""

FLUSH_MILLISECONDS = 10_000


class TensorBoard(keras.callbacks.Callback):
    """Writes a run's curves, samples, graph, embedding, configuration and profile as events.

    * `batch/…`: the logs of `fit` every `batch_every` steps, which are means over the epoch so far;
    * `epoch/…`: the logs of an epoch; `val_` logs have the same tag in the run `validation`;
    * both with `perplexity` where there is an `nll`, with `learning_rate`, and with the speed where
      the logs count `items`; `epoch/seconds` is the time of that pass over the data alone;
    * `score/…`, texts and `figures/…` in `validation`, the graph and the embedding in `train`: what
      the app's `Watch` offers; with `profile`, a profile of ten early steps;
    * in `final`, the configuration and what the model that is saved scores, for the HParams table.

    The last epoch is not looked at: `finish` looks at the model that is saved instead, such as the
    mean of the best epochs, at the same step. So every step has one look, and the last point of a
    `score/…` curve, the last text and the last figure are those of the model in the run folder.

    Args:
        run: the run folder.
        config: the configuration, flat: `{"train.epochs": 30, ...}`.
        epochs: the epochs asked for, of which one `fit` may do a part.
        watch: what the app shows beside its logs.
        score_every: epochs between two looks through `watch`, which is looked through after the
            first epoch as well; 0 means at the end only, and without its scores.
        batch_every: steps between two points of a `batch/…` curve.
        profile: whether to take a profile.
    """

    def __init__(
        self,
        run: RunFolder,
        config: Mapping[str, Any],
        epochs: int,
        watch: Watch | None = None,
        score_every: int = 5,
        batch_every: int = 20,
        profile: bool = False,
    ):
        super().__init__()
        self._run = run
        self._config = config
        self._epochs = epochs
        self._watch = watch or Watch()
        self._score_every = score_every
        self._batch_every = batch_every
        self._profile = profile
        self._profiling = False
        self._batches = 0
        self._writers: dict[str, tf.summary.SummaryWriter] = {}
        self._paces = {TRAIN: Pace(), VALIDATION: Pace()}
        self._window: tuple[float, float] | None = None
        self._looked = False
        self._rate: float | None = None

    def on_epoch_begin(self, epoch, logs=None):
        if not self._writers:
            write_configuration(self._run, self._config)
            self._write_graph()
        self._done = 0
        self._window = None
        self._paces[TRAIN].begin()

    def on_train_batch_end(self, batch, logs=None):
        before, self._done = self._done, batch + 1
        self._batches += self._done - before
        self._take_profile()
        self._paces[TRAIN].batch(lambda: scalars(logs).get(ITEMS, 0.0))
        if self._window is None:
            self._window = (scalars(logs).get(ITEMS, 0.0), time.perf_counter())
            self._step_at_start = self._step() - self._done
        # Due by the number of the batch: reading the optimizer's would wait for the device.
        steps = (self._step_at_start + before, self._step_at_start + self._done)
        if steps[0] // self._batch_every < steps[1] // self._batch_every:
            self._write_batch(scalars(logs))

    def on_test_begin(self, logs=None):
        self._paces[TRAIN].end()
        self._paces[VALIDATION].begin()

    def on_test_end(self, logs=None):
        self._paces[VALIDATION].end()

    def on_epoch_end(self, epoch, logs=None):
        done = epoch + 1
        self._paces[TRAIN].end()
        logs = scalars(logs)
        logs.setdefault("learning_rate", self._learning_rate())
        validation = {name[4:]: logs.pop(name) for name in list(logs) if name.startswith("val_")}
        self._rate = self._write_epoch(TRAIN, logs)
        if validation:
            self._write_epoch(VALIDATION, validation)
        last = done >= self._epochs or self.model.stop_training
        # A look at the first epoch shows early whether all is well, and traces what looking needs.
        due = self._score_every and (not self._looked or done % self._score_every == 0)
        if due and not last:
            self._look(self._watch, self._step())
        for writer in self._writers.values():
            writer.flush()

    def on_train_end(self, logs=None):
        self._stop_profile()

    def finish(self, watch: Watch, step: int) -> None:
        """Looks at the model that is saved, and completes the run's row of the HParams table.

        Args:
            watch: looks at that model, which need not be the one that was trained.
            step: the updates that it took.
        """
        final = {f"{VALIDATION}_{name}": score for name, score in self._look(watch, step).items()}
        if self._rate is not None:
            final[f"{TRAIN}_{self._speed}"] = self._rate
        write_final(self._run, final, step)
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _step(self) -> int:
        return int(keras.ops.convert_to_numpy(self.model.optimizer.iterations))

    def _learning_rate(self) -> float:
        return float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))

    def _writer(self, name: str) -> tf.summary.SummaryWriter:
        if name not in self._writers:
            self._writers[name] = _open(self._run, name)
        return self._writers[name]

    def _write(self, name: str, group: str, values: Mapping[str, float], step: int) -> None:
        with self._writer(name).as_default():
            for key, value in values.items():
                tf.summary.scalar(f"{group}/{key}", value, step=step)

    def _write_batch(self, logs: dict[str, float]) -> None:
        logs.setdefault("learning_rate", self._learning_rate())
        seen, since = self._window
        items, now = logs.pop(ITEMS, 0.0), time.perf_counter()
        if items > seen and now > since:
            logs[self._speed] = (items - seen) / (now - since)
        self._window = (items, now)
        self._write(TRAIN, "batch", logs, self._step())

    def _write_epoch(self, name: str, logs: dict[str, float]) -> float | None:
        """Writes the logs of a pass over the data, and returns its speed."""
        pace = self._paces[name]
        speed = pace.rate(logs.pop(ITEMS, 0.0))
        if speed is not None:
            logs[self._speed] = speed
        self._write(name, "epoch", {**logs, "seconds": pace.seconds}, self._step())
        return speed

    @property
    def _speed(self) -> str:
        return f"{self._watch.unit}_per_second"

    def _look(self, watch: Watch, step: int) -> dict[str, float]:
        """Writes what a `Watch` shows of its model as it is, and returns the scores."""
        self._looked = True
        scores = scalars(watch.scores()) if watch.scores and self._score_every else {}
        self._write(VALIDATION, "score", scores, step)
        with self._writer(VALIDATION).as_default():
            for tag, text in watch.texts().items():
                tf.summary.text(tag, text, step=step)
            for tag, figure in watch.figures().items():
                image = tf.io.decode_png(figure_to_png(figure), channels=3)
                tf.summary.image(f"figures/{tag}", image[None], step=step)
        if watch.embedding:
            write_projector(self._run.tensorboard / TRAIN, *watch.embedding())
        return scores

    def _write_graph(self) -> None:
        with self._writer(TRAIN).as_default():
            if self._watch.inputs:
                # The forward pass: the training step has several thousand nodes more and hides it.
                call = tf.function(lambda x: self.model(x, training=False), autograph=False)
                tf.summary.graph(call.get_concrete_function(self._watch.inputs()).graph)

    def _take_profile(self) -> None:
        first, last = PROFILED
        if self._profile and not self._profiling and first <= self._batches < last:
            tf.profiler.experimental.start(str(self._run.tensorboard / TRAIN))
            self._profiling = True
        elif self._batches >= last:
            self._stop_profile()

    def _stop_profile(self) -> None:
        if self._profiling:
            tf.profiler.experimental.stop()
            self._profile = self._profiling = False


def write_configuration(run: RunFolder, config: Mapping[str, Any]) -> None:
    """Makes the run's row of the HParams table anew, without metrics.

    A resumed run may have other settings than before (more epochs), and TensorBoard would keep
    those that it reads first; so what was said before is removed.

    Args:
        run: the run folder; its name after the app's is that of the row, as apps share names.
        config: the configuration, flat.
    """
    shutil.rmtree(run.tensorboard / FINAL, ignore_errors=True)
    writer = _open(run, FINAL)
    with writer.as_default(step=0):
        hparams_api.hparams(hyper_parameters(config), trial_id=f"{run.path.parent.name}/{run.name}")
    writer.close()


def write_final(run: RunFolder, metrics: Mapping[str, float], step: int) -> None:
    """Writes metrics into the run's row of the HParams table, one column each.

    No experiment is declared, because TensorBoard then compares the settings of the first run it
    finds instead of finding out in which settings the runs differ.

    Args:
        run: the run folder.
        metrics: name to value, such as `{"test_bleu": 37.2}`.
        step: the step that the values belong to; a later value of a metric replaces an earlier.
    """
    writer = _open(run, FINAL)
    with writer.as_default():
        for name, value in scalars(metrics).items():
            tf.summary.scalar(f"{FINAL}/{name}", value, step=step)
    writer.close()


def hyper_parameters(config: Mapping[str, Any]) -> dict[str, bool | int | float | str]:
    """Settings as the HParams plugin takes them: None is "none", lists and the like are text."""
    return {name: _hyper_parameter(value) for name, value in config.items()}


def _hyper_parameter(value: Any) -> bool | int | float | str:
    if value is None:
        return "none"
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return ", ".join(str(_hyper_parameter(item)) for item in value)
    return json.dumps(value) if isinstance(value, dict) else str(value)


def _open(run: RunFolder, name: str) -> tf.summary.SummaryWriter:
    folder = str(run.tensorboard / name)
    return tf.summary.create_file_writer(folder, flush_millis=FLUSH_MILLISECONDS)
