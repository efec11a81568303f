"""`python -m apps.sentiment VERB ...`; `--help` says which verbs and settings there are."""

from ..harness.app import App, later
from ..harness.command_line import run
from .config import PRESETS, Config

APP = App(
    name=__package__.rpartition(".")[2],
    summary="tell the class of a text, such as whether a review is negative or positive",
    config=Config,
    presets=PRESETS,
    prepare=later(__package__, "data:prepare"),
    build=later(__package__, "model:build"),
    evaluate=later(__package__, "evaluation:evaluate"),
    versus=later(__package__, "evaluation:versus"),
    predictor=later(__package__, "predictor:predictor"),
    explainer=later(__package__, "explain:explainer"),
    export=later(__package__, "predictor:export"),
    watch=later(__package__, "watch:watch"),
    warm_start=later(__package__, "pretraining:warm_start"),
    finish=later(__package__, "model:finish"),
)

if __name__ == "__main__":
    raise SystemExit(run(APP))
