"""The lines of training, on a terminal and in a file."""

import io
import re

import pytest

from apps.harness.progress import Progress

LOGS = {"loss": 4.2134, "nll": 3.0, "accuracy": 0.412, "gradient_norm": 1.0, "learning_rate": 1e-3}


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def train(progress, clock, epochs, steps, first=0, begin=0, tracing=0.0, validate=True):
    """Drives the callback as `fit` does: a second a batch and two for validation."""
    progress.set_params({"epochs": epochs, "steps": None})
    progress.on_train_begin()
    for epoch in range(first, epochs):
        progress.on_epoch_begin(epoch)
        here = steps - (begin if epoch == first else 0)
        for batch in range(here):
            clock.now += 1.0 + (tracing if epoch == first and batch == 0 else 0.0)
            progress.on_train_batch_end(batch, {**LOGS, "items": 100.0 * (batch + 1)})
        logs = {**LOGS, "items": 100.0 * here}
        if validate:
            progress.on_test_begin()
            clock.now += 2.0
            logs |= {"val_loss": 12.0, "val_nll": 2.0, "val_accuracy": 0.5, "val_items": 10.0}
        progress.on_epoch_end(epoch, logs)
    progress.on_train_end()


def test_a_file_gets_a_heading_and_a_line_an_epoch():
    stream, clock = io.StringIO(), Clock()
    train(Progress(3, stream=stream, clock=clock), clock, epochs=3, steps=4)
    lines = stream.getvalue().splitlines()
    heading = "epoch loss ppl acc val loss val ppl val acc tokens/s time left"
    assert " ".join(lines[0].split()) == heading
    assert [" ".join(line.split()) for line in lines[1:]] == [
        "1/3 4.213 20.09 41.2% 12.00 7.389 50.0% 100 0:06 0:12",
        "2/3 4.213 20.09 41.2% 12.00 7.389 50.0% 100 0:06 0:06",
        "3/3 4.213 20.09 41.2% 12.00 7.389 50.0% 100 0:06 0:00",
    ]
    assert len({len(line) for line in lines}) == 1
    assert all(len(line) < 80 for line in lines)


def test_a_terminal_has_a_bar_that_is_replaced():
    stream, clock = Terminal(), Clock()
    train(Progress(2, stream=stream, clock=clock), clock, epochs=2, steps=4)
    shown = re.split(r"\r\x1b\[K", stream.getvalue())
    assert all(len(line.rstrip("\n")) < 80 for line in shown)
    assert sum("\n" in line for line in shown) == 3  # The heading and two epochs stay.
    assert stream.getvalue().endswith("\r\x1b[K")
    assert any("validating" in line for line in shown)
    half = next(line for line in shown if "2/2" in line and "50%" in line)
    assert "━━━━━━━───────" in half
    assert "100 tokens/s" in half


def test_a_stream_without_such_characters_gets_plain_ones():
    stream, clock = Terminal(), Clock()
    stream.encoding = "ascii"
    train(Progress(2, stream=stream, clock=clock), clock, epochs=2, steps=4)
    assert stream.getvalue().isascii()
    assert "#######-------" in stream.getvalue()


def test_the_estimate_leaves_out_the_tracing():
    stream, clock = io.StringIO(), Clock()
    train(Progress(11, stream=stream, clock=clock), clock, epochs=11, steps=4, tracing=60.0)
    first = stream.getvalue().splitlines()[1].split()
    assert first[-2] == "1:06"
    assert first[-1] == "1:00"  # Ten epochs of four batches and a validation of two seconds.


def test_a_resumed_epoch_starts_where_it_was():
    stream, clock = Terminal(), Clock()
    progress = Progress(6, steps=8, done=4, stream=stream, clock=clock)
    train(progress, clock, epochs=6, steps=8, first=4, begin=4, validate=False)
    shown = re.split(r"\r\x1b\[K", stream.getvalue())
    running = [line for line in shown if "%  loss" in line]
    assert running[0].startswith("  5/6  ")
    assert " 62%" in running[0]  # Five of eight batches.
    second = next(line for line in running if line.startswith("  6/6"))
    assert " 12%" in second
    lines = [line.split() for line in shown if line.endswith("\n")]
    assert lines[1][:1] == ["5/6"]
    assert lines[1][-1] == "0:08"  # One whole epoch of eight seconds is left.


def test_an_app_with_other_metrics():
    stream, clock = io.StringIO(), Clock()
    progress = Progress(1, unit="reviews", stream=stream, clock=clock)
    progress.set_params({"epochs": 1, "steps": 1})
    progress.on_epoch_begin(0)
    clock.now = 2.0
    progress.on_train_batch_end(0, {"loss": 0.5, "f1": 0.25, "items": 64.0})
    progress.on_epoch_end(0, {"loss": 0.5, "f1": 0.25, "items": 64.0})
    heading, line = stream.getvalue().splitlines()
    assert heading.split() == ["epoch", "loss", "f1", "reviews/s", "time", "left"]
    assert line.split() == ["1/1", "0.500", "0.250", "32", "0:02", "0:00"]


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 1e30, 123456.0, -4.5])
def test_any_number_fits(value):
    stream, clock = io.StringIO(), Clock()
    progress = Progress(1, stream=stream, clock=clock)
    progress.set_params({"epochs": 1, "steps": 1})
    progress.on_epoch_begin(0)
    progress.on_train_batch_end(0, {"loss": value})
    progress.on_epoch_end(0, {"loss": value})
    heading, line = stream.getvalue().splitlines()
    assert len(line) == len(heading)
