"""The folder that holds all that is needed to repeat, resume, inspect or serve a run."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

from data.errors import UserError, did_you_mean

from .config import BaseConfig, C, differences, load_config, save_config

FREE_ON_RESUME = ("train.epochs", "train.checkpoint_seconds", "train.profile", "data.data_dir")
"""Settings that may change when a run goes on, beside the sections that are for its use."""


class RunFolder:
    """Where the parts of one run lie: `runs/<app>/<name>/`.

    Making one touches no file; `open` does.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.config_file = self.path / "config.json"
        self.texts = self.path / "texts.json"
        self.tokenizer = self.path / "tokenizer.model"
        self.checkpoint = self.path / "checkpoint.npz"
        self.averages = self.path / "averages"
        self.model = self.path / "model.keras"
        self.metrics = self.path / "metrics.json"
        self.report = self.path / "report.txt"
        self.tensorboard = self.path / "tb"
        self.saved_model = self.path / "saved_model"

    @property
    def name(self) -> str:
        """The name of the run, which is that of its folder."""
        return self.path.name

    @property
    def exists(self) -> bool:
        """Whether the run was ever begun."""
        return self.config_file.is_file()

    @property
    def worth_keeping(self) -> bool:
        """Whether there is a checkpoint or a model to lose, its own or of a run inside it."""
        inside = any(self.path.glob(f"*/{self.checkpoint.name}"))
        return self.checkpoint.is_file() or self.finished or inside

    @property
    def finished(self) -> bool:
        """Whether there is a trained model to use."""
        return self.model.is_file()

    def __repr__(self) -> str:
        return f"RunFolder({str(self.path)!r})"

    def __str__(self) -> str:
        return str(self.path)

    def config(self, kind: type[C]) -> C:
        """The configuration the run was made with."""
        return load_config(self.config_file, kind)

    def open(self, config: C) -> C | None:
        """Makes the folder for a new run, or checks that `config` may continue the one in it.

        A run that holds neither a checkpoint nor a model has nothing to lose, so another
        configuration simply takes its place.

        Returns:
            The configuration the run had so far; `None` for a new run.

        Raises:
            UserError: the folder holds a run of another configuration, or cannot be written.
        """
        self.abandon()
        before = None
        if self.exists:
            before = self.config(type(config))
            self._check(before, config)
        save_config(config, self.config_file)
        return before

    def abandon(self) -> None:
        """Deletes the folder if its run never got to a checkpoint."""
        if self.exists and not self.worth_keeping:
            shutil.rmtree(self.path)

    def _check(self, before: BaseConfig, config: BaseConfig) -> None:
        changed = {
            name: values
            for name, values in differences(before, config).items()
            if name not in FREE_ON_RESUME and name.split(".")[0] not in config.when_used
        }
        if changed:
            listed = ", ".join(
                f"{name} {_show(old)} -> {_show(new)}" for name, (old, new) in changed.items()
            )
            raise UserError(
                f"{self.path} holds a run of another configuration ({listed}): give the new one "
                f"a name with --run NAME (make: RUN=NAME), or delete {self.path}."
            )

    def require_model(self) -> None:
        """Checks that there is a trained model.

        Raises:
            UserError: the run has not got that far.
        """
        if not self.finished:
            raise UserError(
                f"The run {self.name} has no trained model yet: give its train command again "
                "and let it finish."
            )

    def load_model(self) -> Any:
        """The trained model.

        Raises:
            UserError: there is none, or its file is damaged.
        """
        self.require_model()
        import keras  # takes seconds, which a mistyped name need not wait for

        try:
            return keras.models.load_model(self.model, compile=False)
        except Exception as error:
            if _is_whole(self.model):
                raise  # the file is what was saved: something is wrong with the code
            raise UserError(
                f"{self.model} is damaged: restore it, or delete it and give the train command "
                "of its run again."
            ) from error


def _is_whole(archive: Path) -> bool:
    try:
        with zipfile.ZipFile(archive) as file:
            return file.testzip() is None
    except (OSError, zipfile.BadZipFile):
        return False


def _show(value: Any) -> str:
    return "unset" if value is None else str(value)


def run_name(config: Any, corpus: str | None = None, memory: str | None = None) -> str:
    """The name of a run that was given none: its corpus and its memory."""
    words = f"{corpus or config.data.corpus}-{memory or config.model.memory}".lower()
    return re.sub(r"[^a-z0-9._+-]+", "-", words).strip("-.")


def run_folder(root: str | Path, app: str, name: str) -> RunFolder:
    """The folder of the run `name` of `app`, begun or not.

    Raises:
        UserError: `name` cannot name a folder.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*", name):
        raise UserError(
            f"{name!r} cannot name a run: use letters, digits, '.', '_', '+' and '-', "
            "beginning with a letter or a digit."
        )
    return RunFolder(Path(root) / app / name)


def existing_runs(root: str | Path, app: str) -> list[RunFolder]:
    """The runs of `app` that were begun, the latest used last."""
    folders = (RunFolder(file.parent) for file in (Path(root) / app).glob("*/config.json"))
    return sorted(folders, key=lambda run: (_used(run), run.name))


def _used(run: RunFolder) -> float:
    files = (run.config_file, run.checkpoint, run.model)
    return max(file.stat().st_mtime for file in files if file.exists())


def find_run(root: str | Path, app: str, name: str) -> RunFolder:
    """The run `name` of `app`, which has to be there.

    Raises:
        UserError: there is no such run; the message lists those that there are.
    """
    run = run_folder(root, app, name)
    if not run.exists:
        raise UserError(f"There is no run {name}{_instead(root, app, name)}")
    return run


def sibling(run: RunFolder, name: str) -> RunFolder:
    """The trained run `name` beside `run`.

    Raises:
        UserError: there is no such run, or it has no trained model.
    """
    other = find_run(run.path.parent.parent, run.path.parent.name, name)
    other.require_model()
    return other


def latest_run(root: str | Path, app: str) -> RunFolder:
    """The run of `app` that was used last, one with a trained model if there is any.

    Raises:
        UserError: there is none.
    """
    runs = existing_runs(root, app)
    if not runs:
        raise UserError(f"There is no run of {app} in {root} yet: `make train-{app}` makes one.")
    return ([run for run in runs if run.finished] or runs)[-1]


def _instead(root: str | Path, app: str, name: str) -> str:
    names = sorted(run.name for run in existing_runs(root, app))
    if not names:
        return f" of {app} in {root}, nor any other: `make train-{app}` makes one."
    return did_you_mean(name, names, f"; those there are: {', '.join(names)}.")
