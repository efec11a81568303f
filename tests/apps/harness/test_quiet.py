"""Standard error is held back while TensorFlow is imported, and shown if that fails."""

import os

import pytest

from apps.harness.quiet import LEVEL, quiet


@pytest.fixture(autouse=True)
def no_level(monkeypatch):
    monkeypatch.setenv(LEVEL, "2")  # so that it is put back after the test
    monkeypatch.delenv(LEVEL)


def test_what_libraries_say_is_held_back(capfd):
    with quiet():
        os.write(2, b"no GPU\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_a_failure_shows_what_was_held_back(capfd):
    with pytest.raises(ImportError), quiet():
        os.write(2, b"a library is missing\n")
        raise ImportError
    assert capfd.readouterr().err == "a library is missing\n"


def test_a_log_level_of_ones_own_shows_everything(capfd, monkeypatch):
    monkeypatch.setenv(LEVEL, "0")
    with quiet():
        os.write(2, b"no GPU\n")
    assert capfd.readouterr().err == "no GPU\n"
