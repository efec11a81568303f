"""The command line of an app: `python -m apps.<app> VERB ...`.

Whatever a person gets wrong is answered by one sentence on standard error and exit status 2,
before TensorFlow is imported wherever that is possible.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, Literal

import pydantic
import tyro

from data.errors import UserError, did_you_mean

from .app import App
from .config import BaseConfig, Section, differences, merged, validated
from .files import atomic_write
from .flags import given, parse
from .quiet import quiet
from .run_folder import RunFolder, existing_runs, find_run, latest_run, run_folder, run_name

MISUSE = 2
INTERRUPTED = 130


class RunFlags(Section):
    run: str | None = None
    """Name of the run; otherwise <corpus>-<memory>, or the run used last."""
    runs: str = "runs"
    """Folder that holds the runs of all apps."""


class TrainFlags(RunFlags):
    preset: str | None = None
    """Settings to start from, by name, or none; otherwise those named like the corpus and the
    memory, or like the corpus, if there are any."""


class CorpusChoice(Section):
    corpus: str | None = None
    """Take the run with the default name for this corpus."""
    data_dir: str | None = None
    """A folder to read the corpus from, if it is not where it was when the run was trained."""


class MemoryChoice(Section):
    memory: str | None = None
    """Take the run with the default name for this memory."""


class UseFlags(RunFlags):
    data: CorpusChoice = CorpusChoice()
    model: MemoryChoice = MemoryChoice()


class EvaluateFlags(UseFlags):
    split: Literal["test", "validation"] = "test"
    """The examples to score."""
    against: str | None = None
    """Another run, evaluated before on the same split, to test the difference from."""


class PredictFlags(UseFlags):
    texts: tyro.conf.Positional[tuple[str, ...]] = ()
    """Texts to answer; without them, the lines of --input or of standard input."""
    input: str | None = None
    """File with one text a line."""
    output: str | None = None
    """File for the answers, written whole or not at all; otherwise standard output."""
    as_json: bool = pydantic.Field(False, alias="json")
    """One JSON object a line, with source, text and score."""
    n_best: int = pydantic.Field(1, ge=1)
    """With --json: how many answers to list, at most as many as the decoding keeps."""
    explain: bool = False
    """Add the text with the words marked that speak for its answer or against it."""
    html: str | None = None
    """File for a page that explains all answers in colour, written whole or not at all."""


class CompareFlags(Section):
    names: tyro.conf.Positional[tuple[str, ...]] = ()
    """Names of the runs; without them, all."""
    runs: str = "runs"
    """Folder that holds the runs of all apps."""


def run(app: App, arguments: list[str] | None = None) -> int:
    """Does what the command line says; returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _dispatch(app, words)
    except UserError as error:
        print(error, file=sys.stderr)
        return MISUSE
    except SystemExit as exit:  # after --help
        return exit.code or 0
    except KeyboardInterrupt:
        goes_on = words[:1] == ["train"]
        print("\nStopped; the same command continues." if goes_on else "", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has enough; what is still buffered must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _dispatch(app: App, words: list[str]) -> None:
    if not words or words[0] in ("-h", "--help"):
        print(_overview(app), file=sys.stdout if words else sys.stderr)
        raise SystemExit(0 if words else MISUSE)
    verb, *arguments = words
    if verb not in VERBS:
        choices = f": the verbs are {', '.join(VERBS)}."
        raise UserError(f"There is no verb {verb}{did_you_mean(verb, VERBS, choices)}")
    VERBS[verb][0](app, arguments)


def _overview(app: App) -> str:
    lines = [
        f"{app.summary[:1].upper()}{app.summary[1:].rstrip('.')}.",
        "",
        f"usage: python -m apps.{app.name} VERB [flags]",
        "",
    ]
    lines += [f"  {verb:<10} {help}" for verb, (_, help) in VERBS.items()]
    return "\n".join([*lines, "", "VERB --help lists the flags of a verb."])


def _train(app: App, arguments: list[str]) -> None:
    start = _starting_point(app, arguments)
    kind = pydantic.create_model("Train", __base__=(app.config, TrainFlags))
    default = kind.model_validate(start.model_dump())
    flags = parse(kind, arguments, default, **_about(app, "train"))
    config = validated(app.config, {name: getattr(flags, name) for name in app.config.model_fields})
    if config.model.options != start.model.options:
        # A flag adds to the preset's options, as every other flag leaves the rest of them alone.
        config = merged(config, {"model": {"options": start.model.options | config.model.options}})
    folder = run_folder(flags.runs, app.name, flags.run or _run_name(arguments, config))
    _import(app)
    from .train import train

    try:
        train(app, config, folder)
    except UserError:
        folder.abandon()  # a corpus or a memory that does not exist leaves nothing behind
        raise


def _run_name(arguments: list[str], config: BaseConfig) -> str:
    """The name of a run that was given none: a preset that was asked for is part of it."""
    named, memory = given(arguments, "--preset"), given(arguments, "--model.memory")
    if named in (None, "none", config.data.corpus):
        return run_name(config)
    return f"{named}-{memory}" if memory else named


def _starting_point(app: App, arguments: list[str]) -> BaseConfig:
    """The defaults, with the preset laid over them that the command line asks for."""
    plain = app.config()
    named = given(arguments, "--preset")
    corpus = given(arguments, "--data.corpus") or plain.data.corpus
    if named not in (None, "none") and named not in app.presets:
        choices = f": there are {', '.join([*app.presets, 'none'])}."
        raise UserError(f"There is no preset {named}{did_you_mean(named, app.presets, choices)}")
    memory = given(arguments, "--model.memory")
    usual = app.presets.get(f"{corpus}-{memory}", app.presets.get(corpus, {}))
    start = merged(plain, app.presets.get(named, {}) if named else usual)
    if memory not in (None, start.model.memory):
        # The options of one memory mean nothing to another.
        start = start.model_copy(update={"model": start.model.model_copy(update={"options": {}})})
    return start


def _evaluate(app: App, arguments: list[str]) -> None:
    folder, flags, overrides = _use(app, arguments, EvaluateFlags, "evaluate")
    against = find_run(flags.runs, app.name, flags.against) if flags.against else None
    _import(app, folder, flags)
    from .evaluate import evaluate

    evaluate(app, folder, flags.split, against, overrides)


def _predict(app: App, arguments: list[str]) -> None:
    folder, flags, overrides = _use(app, arguments, PredictFlags, "predict")
    if flags.n_best > 1 and not flags.as_json:
        raise UserError("--n-best needs --json: plain output has one line for each line of input.")
    if flags.texts and flags.input:
        raise UserError("Give either texts or --input, not both.")
    if (flags.explain or flags.html) and app.explainer is None:
        raise UserError(
            f"{app.name} cannot explain its answers: give the same command without "
            f"{'--explain' if flags.explain else '--html'}."
        )
    from .predict import predict, read_lines

    with contextlib.ExitStack() as open_files:
        if flags.texts:
            lines: Iterator[str] = (" ".join(text.splitlines()) for text in flags.texts)
        else:
            source = open_files.enter_context(_source(flags.input))
            lines = read_lines(source, flags.input or "standard input")
        sink: Any = io.StringIO() if flags.output else sys.stdout
        if not flags.output:
            sink.reconfigure(encoding="utf-8")
        _import(app, folder, flags)
        predict(
            app,
            folder,
            lines,
            sink,
            as_json=flags.as_json,
            n_best=flags.n_best,
            explain=flags.explain,
            html=flags.html,
            overrides=overrides,
        )
    if flags.output:
        atomic_write(flags.output, sink.getvalue())


def _source(path: str | None):
    if path is None:
        if sys.stdin.isatty():
            print("Type one text a line; Ctrl-D ends.", file=sys.stderr)
        # A buffer of its own: a thread may still wait in it when the interpreter ends, and that
        # must not hold the lock of `sys.stdin`.
        return open(sys.stdin.fileno(), "rb", closefd=False)
    try:
        return open(path, "rb")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None


def _export(app: App, arguments: list[str]) -> None:
    folder, flags, overrides = _use(app, arguments, UseFlags, "export")
    _import(app, folder, flags)
    from .export import export

    export(app, folder, overrides)


def _compare(app: App, arguments: list[str]) -> None:
    flags = parse(CompareFlags, arguments, CompareFlags(), **_about(app, "compare"))
    if flags.names:
        folders = [find_run(flags.runs, app.name, name) for name in flags.names]
    else:
        latest_run(flags.runs, app.name)  # says so if there is none
        folders = existing_runs(flags.runs, app.name)
    from .compare import compare

    print(compare([folder.path for folder in folders]))


def _use(
    app: App, arguments: list[str], kind: type[UseFlags], verb: str
) -> tuple[RunFolder, Any, dict[str, Any]]:
    """The run that a command line names, its flags, and the settings that differ from the run's."""
    plain = app.config()
    folder, problem = None, None
    try:
        folder = _named_run(app, arguments)
        plain = folder.config(app.config)
    except UserError as error:
        problem = error  # a wrong flag is told first, and --help needs no run
    sections = {name: getattr(plain, name) for name in app.config.when_used}
    if taken := set(sections) & set(kind.model_fields):
        raise TypeError(f"`when_used` names flags that {verb} has already: {', '.join(taken)}.")
    fields = {name: (type(section), section) for name, section in sections.items()}
    kind = pydantic.create_model(kind.__name__, __base__=kind, **fields)
    flags = parse(kind, arguments, kind(), **_about(app, verb))
    if problem:
        raise problem
    overrides = {
        f"{name}.{setting}": new
        for name, section in sections.items()
        for setting, (_, new) in differences(section, getattr(flags, name)).items()
    }
    if flags.data.data_dir:
        overrides["data.data_dir"] = flags.data.data_dir
    return folder, flags, overrides


def _named_run(app: App, arguments: list[str]) -> RunFolder:
    root = given(arguments, "--runs") or RunFlags().runs
    name = given(arguments, "--run")
    corpus, memory = given(arguments, "--data.corpus"), given(arguments, "--model.memory")
    if name is None and corpus is None and memory is None:
        return latest_run(root, app.name)
    return find_run(
        root, app.name, name or run_name(_starting_point(app, arguments), corpus, memory)
    )


def _about(app: App, verb: str) -> dict[str, str]:
    return {"prog": f"python -m apps.{app.name} {verb}", "description": VERBS[verb][1]}


def _import(app: App, trained: RunFolder | None = None, flags: UseFlags | None = None) -> None:
    """TensorFlow, and everything the app is made of: the last step before a verb's own work."""
    backend = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if backend != "tensorflow":
        raise UserError(
            f"The apps run on TensorFlow only: unset KERAS_BACKEND, which is {backend}."
        )
    if trained is not None:
        trained.require_model()
        if not (flags.run or flags.data.corpus or flags.model.memory):
            print(f"Run: {trained}", file=sys.stderr)
    with quiet():
        app.load()


VERBS = {
    "train": (_train, "Train a model, or go on with a run that was interrupted."),
    "evaluate": (_evaluate, "Score a trained model."),
    "predict": (_predict, "Answer texts: one line in, one line out."),
    "export": (_export, "Write a SavedModel from strings to strings."),
    "compare": (_compare, "Show runs side by side."),
}
