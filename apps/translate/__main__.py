"""`python -m apps.translate VERB ...`; `--help` says which verbs and settings there are."""

from ..harness.app import App, later
from ..harness.command_line import run
from .config import PRESETS, Config

APP = App(
    name=__package__.rpartition(".")[2],
    summary="translate sentences from one language into another",
    config=Config,
    presets=PRESETS,
    prepare=later(__package__, "data:prepare"),
    build=later(__package__, "model:build"),
    evaluate=later(__package__, "evaluation:evaluate"),
    versus=later(__package__, "evaluation:versus"),
    predictor=later(__package__, "search:predictor"),
    export=later(__package__, "search:export"),
    watch=later(__package__, "watch:watch"),
)

if __name__ == "__main__":
    raise SystemExit(run(APP))
