"""The command line: flags, presets, default names; every mistake is one sentence and status 2."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import Field

from apps.harness.app import App, later
from apps.harness.command_line import run
from apps.harness.config import BaseConfig, Section
from apps.harness.run_folder import run_folder
from data.errors import UserError

ROOT = Path(__file__).resolve().parents[3]


class Data(Section):
    corpus: str = "builtin"
    """The corpus."""
    columns: tuple[int, int] = (1, 2)
    """Columns."""


class Decode(Section):
    beam: int = Field(5, ge=1)
    """Hypotheses."""


class Config(BaseConfig):
    when_used = ("decode",)
    data: Data = Data()
    decode: Decode = Decode()


PRESETS = {
    "large": {"train": {"epochs": 9, "seed": 5}, "model": {"options": {"heads": 8, "layers": 6}}},
    "calm": {"train": {"learning_rate": 0.0001}},
    "large-gru": {"train": {"epochs": 3}, "model": {"memory": "gru", "options": {"layers": 2}}},
}


def unused(*arguments):
    raise AssertionError("not called by the command line itself")


DEMO = App(
    name="demo",
    summary="answer nothing",
    config=Config,
    prepare=unused,
    build=unused,
    evaluate=unused,
    versus=unused,
    predictor=unused,
    export=unused,
    watch=unused,
    presets=PRESETS,
)


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """What the verbs were called with; runs are kept in a folder of the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    found = []
    for verb in ("train", "evaluate", "export"):
        stub = SimpleNamespace(**{verb: lambda app, *rest, verb=verb: found.append((verb, *rest))})
        monkeypatch.setitem(sys.modules, f"apps.harness.{verb}", stub)
    compare = SimpleNamespace(compare=lambda paths: " ".join(path.name for path in paths))
    monkeypatch.setitem(sys.modules, "apps.harness.compare", compare)
    return found


@pytest.fixture
def runs(calls, tmp_path):
    """Two finished runs and one that was only begun; `large-lstm` is the last."""
    for name in ("builtin-transformer", "begun", "large-lstm"):
        folder = run_folder(tmp_path / "runs", "demo", name)
        folder.open(Config(decode=Decode(beam=3)))
        if name != "begun":
            folder.model.write_bytes(b"")
    return tmp_path / "runs" / "demo"


def trained(calls, *arguments):
    assert run(DEMO, ["train", *arguments]) == 0
    (_, config, folder) = calls.pop()
    return config, folder


def test_without_flags_the_defaults_hold(calls):
    config, folder = trained(calls)
    assert config == Config()
    assert type(config) is Config
    assert folder.path == Path("runs/demo/builtin-transformer")


def test_flags_are_nested_typed_and_in_either_spelling(calls):
    config, folder = trained(
        calls, "--train.learning_rate=0.5", "--train.xla", "--data.columns", "3", "4",
        "--train.init-from", "other", "--run", "mine", "--runs", "elsewhere",
    )  # fmt: skip
    assert (config.train.learning_rate, config.train.xla) == (0.5, True)
    assert (config.data.columns, config.train.init_from) == ((3, 4), "other")
    assert folder.path == Path("elsewhere/demo/mine")


def test_options_are_key_value_pairs_with_types(calls):
    words = [
        "--model.options",
        "layers=2",
        "rate=0.5",
        "shared=true",
        "kind=deep",
        "--train.seed=3",
    ]
    config, _ = trained(calls, *words)
    assert config.model.options == {"layers": 2, "rate": 0.5, "shared": True, "kind": "deep"}
    assert config.model.options["shared"] is True
    assert config.train.seed == 3


def test_the_preset_of_the_corpus_is_laid_under_the_flags(calls):
    config, folder = trained(calls, "--data.corpus", "large", "--train.seed", "7")
    assert (config.train.epochs, config.train.seed) == (9, 7)
    assert config.model.options == {"heads": 8, "layers": 6}
    assert folder.name == "large-transformer"


def test_a_memory_may_have_a_preset_of_its_own_for_a_corpus(calls):
    config, folder = trained(calls, "--data.corpus", "large", "--model.memory", "gru")
    assert (config.train.epochs, config.model.options) == (3, {"layers": 2})
    assert config.train.seed == Config().train.seed
    assert folder.name == "large-gru"
    config, _ = trained(
        calls, "--data.corpus", "large", "--model.memory", "gru", "--preset", "none"
    )
    assert config.train.epochs == Config().train.epochs


def test_a_preset_can_be_named_or_refused(calls):
    config, _ = trained(calls, "--data.corpus", "large", "--preset", "none")
    assert config.train == Config().train
    config, folder = trained(calls, "--data.corpus=large", "--preset=calm")
    assert folder.name == "calm"  # or it would meet the run of the corpus's own preset
    assert trained(calls, "--preset", "calm", "--model.memory", "lstm")[1].name == "calm-lstm"
    assert (config.train.epochs, config.train.learning_rate) == (Config().train.epochs, 0.0001)


def test_options_given_as_flags_add_to_those_of_the_preset(calls):
    config, _ = trained(calls, "--preset", "large", "--model.options", "layers=2")
    assert config.model.options == {"heads": 8, "layers": 2}


def test_options_of_one_memory_are_not_given_to_another(calls):
    config, folder = trained(calls, "--data.corpus", "large", "--model.memory", "lstm")
    assert config.model.options == {}
    assert config.train.epochs == 9
    assert folder.name == "large-lstm"


def test_the_run_used_last_is_taken_and_named(calls, runs, capsys):
    assert run(DEMO, ["evaluate"]) == 0
    verb, folder, split, against, overrides = calls.pop()
    assert (folder.name, split, against, overrides) == ("large-lstm", "test", None, {})
    captured = capsys.readouterr()
    assert captured.out == "" and "large-lstm" in captured.err


def test_a_run_is_named_by_its_corpus_and_memory(calls, runs):
    assert run(DEMO, ["export", "--data.corpus", "large", "--model.memory", "lstm"]) == 0
    assert run(DEMO, ["export", "--data.corpus", "builtin"]) == 0
    assert [folder.name for _, folder, _ in calls] == ["large-lstm", "builtin-transformer"]


def test_evaluate_takes_a_split_another_run_and_decoding_settings(calls, runs):
    words = ["--run", "large-lstm", "--split", "validation", "--against", "builtin-transformer"]
    assert run(DEMO, ["evaluate", *words, "--decode.beam", "1"]) == 0
    _, folder, split, against, overrides = calls.pop()
    assert (folder.name, split, against.name) == ("large-lstm", "validation", "builtin-transformer")
    assert overrides == {"decode.beam": 1}
    words = ["export", *words[:2], "--decode.beam", "1", "--data.data-dir", "copies"]
    assert run(DEMO, words) == 0
    _, folder, overrides = calls.pop()
    assert overrides == {"decode.beam": 1, "data.data_dir": "copies"}
    # What the run has already is no override, though it is not the default.
    assert run(DEMO, ["evaluate", "--run", "large-lstm", "--decode.beam", "3"]) == 0
    assert calls.pop()[-1] == {}


def test_compare_takes_names_or_all(calls, runs, capsys):
    assert run(DEMO, ["compare", "large-lstm", "begun"]) == 0
    assert run(DEMO, ["compare"]) == 0
    named, every = capsys.readouterr().out.splitlines()
    assert named == "large-lstm begun"
    assert sorted(every.split()) == ["begun", "builtin-transformer", "large-lstm"]


@pytest.mark.parametrize(
    "words, sentence",
    [
        ("trian", "There is no verb trian: did you mean train?"),
        ("dance", "There is no verb dance: the verbs are train, evaluate, predict, export"),
        ("train --train.epoch 3", "There is no flag --train.epoch: did you mean --train.epochs?"),
        ("train --train.rate 3", "did you mean --train.learning-rate?"),
        ("train --epochs 3", "There is no flag --epochs: did you mean --train.epochs?"),
        ("train --learning_rate=3", "did you mean --train.learning-rate?"),
        ("train --zzz 3", "There is no flag --zzz: --help lists those there are."),
        ("train extra", "'extra' belongs to no flag"),
        ("train --train.epochs", "--train.epochs"),
        ("train --train.epochs three", "train.epochs should be a valid integer, not 'three'."),
        ("train --train.epochs 0", "train.epochs should be greater than or equal to 1, not '0'."),
        ("train --train.schedule x", "should be 'inverse_square_root', 'cosine' or 'constant'"),
        ("train --model.options layers", "should be KEY=VALUE pairs"),
        ("train --data.columns 1", "--data.columns"),
        ("train --preset lage", "There is no preset lage: did you mean large?"),
        ("train --preset zzz", "There is no preset zzz: there are large, calm, large-gru, none."),
        ("train --run a/b", "'a/b' cannot name a run"),
        ("evaluate --run large-lst", "There is no run large-lst: did you mean large-lstm?"),
        ("evaluate --run begun", "The run begun has no trained model yet"),
        ("evaluate --split dev", "split should be 'test' or 'validation', not 'dev'."),
        ("evaluate --against zzz", "There is no run zzz"),
        ("evaluate --decode.beam 0", "decode.beam should be greater than or equal to 1"),
        ("evaluate --runs nowhere", "There is no run of demo in nowhere yet"),
        ("predict --n-best 3", "--n-best needs --json"),
        ("predict --jsn", "There is no flag --jsn: did you mean --json?"),
        ("predict hello --input file", "Give either texts or --input, not both."),
        (
            "predict x --explain",
            "demo cannot explain its answers: give the same command without --exp",
        ),
        (
            "predict x --html page",
            "demo cannot explain its answers: give the same command without --html",
        ),
        ("predict --input missing.txt", "missing.txt cannot be read (No such file"),
        ("compare zzz", "There is no run zzz"),
    ],
)
def test_a_mistake_is_one_sentence(calls, runs, capsys, words, sentence):
    assert run(DEMO, words.split()) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1 and "│" not in captured.err
    assert captured.out == ""
    assert calls == []


def test_what_a_verb_complains_of_is_one_sentence(calls, monkeypatch, capsys):
    def train(app, config, folder):
        folder.open(config)
        folder.tokenizer.write_bytes(b"")
        raise UserError("There is no such corpus.")

    monkeypatch.setitem(sys.modules, "apps.harness.train", SimpleNamespace(train=train))
    assert run(DEMO, ["train"]) == 2
    assert capsys.readouterr().err == "There is no such corpus.\n"
    assert list(Path("runs/demo").iterdir()) == []


def test_an_interruption_says_how_to_go_on(calls, monkeypatch, capsys):
    def train(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "apps.harness.train", SimpleNamespace(train=train))
    assert run(DEMO, ["train"]) == 130
    assert "the same command continues" in capsys.readouterr().err


def test_another_backend_is_refused(calls, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert run(DEMO, ["train"]) == 2
    assert capsys.readouterr().err.startswith("The apps run on TensorFlow only")


def test_help_shows_the_settings_with_their_defaults(calls, capsys):
    assert run(DEMO, ["train", "--data.corpus", "large", "--help"]) == 0
    text = capsys.readouterr().out
    assert "--train.epochs INT" in text and "(default: 9)" in text
    assert "Passes over the training examples." in text
    assert run(DEMO, ["--help"]) == 0
    assert "evaluate" in capsys.readouterr().out
    assert run(DEMO, []) == 2


def test_flags_are_judged_before_anything_heavy_is_imported(tmp_path):
    script = (
        "import sys\n"
        "from apps.harness import App, run, later\n"
        "from apps.harness.run_folder import run_folder\n"
        "from apps.translate.config import Config\n"
        "n = later('apps.translate', 'nothing:here')\n"
        "app = App('demo', '', Config, n, n, n, n, n, n, n)\n"
        "assert run(app, ['train', '--train.epochs', '0']) == 2\n"
        "assert run(app, ['predict', '--help']) == 0\n"
        "folder = run_folder(sys.argv[1], 'demo', 'one')\n"
        "folder.open(Config())\n"
        "folder.model.write_bytes(b'')\n"
        "assert run(app, ['predict', '--explain', '--runs', sys.argv[1]]) == 2\n"
        "heavy = {'tensorflow', 'keras', 'jax', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "demo cannot explain its answers" in result.stderr


def test_later_imports_at_the_first_call_or_when_the_app_is_loaded():
    one = later("apps.harness", "files:no_such_function")
    with pytest.raises(AttributeError):
        one()
    two = later("apps.harness", "run_folder:run_name")
    assert two(Config()) == "builtin-transformer"
    with pytest.raises(ModuleNotFoundError):
        App("demo", "", Config, *[later("apps.harness", "missing:x")] * 7).load()
