"""The callback by which a run goes on after any interruption, stops early, and is averaged."""

import math
import time
from pathlib import Path

import keras

from data.buckets import Position

from .checkpoint import Standing, load_mean_weights, save_checkpoint, save_weights
from .run_folder import RunFolder


class Keeper(keras.callbacks.Callback):
    """Writes checkpoints, moves the data's position, watches the validation loss.

    It stands first among the callbacks: what the others see of an epoch is already safe.
    """

    def __init__(
        self,
        run: RunFolder,
        standing: Standing,
        position: Position,
        *,
        epochs: int,
        steps: int,
        checkpoint_seconds: float,
        patience: int,
        average: int,
    ):
        """
        Args:
            standing: where training stands; kept up to date in place.
            position: what the training data look at when an epoch starts; moved in place.
            epochs: the epochs asked for.
            steps: steps of a whole epoch.
            checkpoint_seconds: see `TrainConfig`; an epoch's end always writes a checkpoint.
            patience: see `TrainConfig`.
            average: see `TrainConfig`.
        """
        super().__init__()
        self._run = run
        self._standing = standing
        self._position = position
        self._epochs = epochs
        self._steps = steps
        self._checkpoint_seconds = checkpoint_seconds
        self._patience = patience
        self._average = average
        # `fit` resets the metrics when an epoch begins; a resumed epoch goes on with these.
        self._restored_metrics = None

    def on_train_begin(self, logs=None):
        if self._standing.step:
            self._restored_metrics = [
                (variable, keras.ops.convert_to_numpy(variable.value))
                for metric in self.model.metrics
                for variable in metric.variables
            ]
        self._since = self._written = time.monotonic()

    def on_epoch_begin(self, epoch, logs=None):
        self._position.epoch, self._position.step = epoch, self._standing.step
        for variable, value in self._restored_metrics or ():
            variable.assign(value)
        self._restored_metrics = None

    def on_train_batch_end(self, batch, logs=None):
        self._standing.step += 1
        # The last step's checkpoint is that of the epoch's end, after validation.
        due = time.monotonic() - self._written >= self._checkpoint_seconds
        if due and self._standing.step < self._steps:
            self._write()

    def on_epoch_end(self, epoch, logs=None):
        standing = self._standing
        standing.epoch, standing.step = epoch + 1, 0
        dropped = self._watch(epoch, logs["val_loss"])
        self._write()
        # Only now does no checkpoint name these any more.
        for old in dropped:
            self._weights_of(old).unlink(missing_ok=True)

    def finish(self) -> None:
        """Gives the model the mean of the weights of its best epochs."""
        load_mean_weights([self._weights_of(epoch) for epoch in self._standing.kept], self.model)

    def _watch(self, epoch: int, loss: float) -> list[int]:
        """Keeps this epoch's weights if it is among the best; returns the epochs it displaces."""
        standing = self._standing
        if not math.isfinite(loss):
            # Nothing is learnt from here on, and the weights of such an epoch are worth nothing.
            print(f"The validation loss of epoch {epoch + 1} is not finite: training ends here.")
            self._stop()
            return []
        if loss < standing.best_loss:
            standing.best_loss, standing.waited = loss, 0
        else:
            standing.waited += 1
        if self._patience and standing.waited >= self._patience:
            self._stop()
        ranked = sorted({**standing.kept, epoch: loss}.items(), key=lambda item: item[1])
        best = dict(ranked[: self._average])
        dropped = [old for old in standing.kept if old not in best]
        if epoch in best:
            save_weights(self._weights_of(epoch), self.model)
        standing.kept = best
        return dropped

    def _stop(self) -> None:
        self._standing.stopped = self._epochs
        self.model.stop_training = True

    def _write(self) -> None:
        now = time.monotonic()
        self._standing.seconds += now - self._since
        save_checkpoint(self._run.checkpoint, self.model, self._standing)
        # The interval counts from the end of the writing: a slow disk must not take all the time.
        self._since, self._written = now, time.monotonic()

    def _weights_of(self, epoch: int) -> Path:
        return self._run.averages / f"epoch-{epoch + 1:04d}.npz"
