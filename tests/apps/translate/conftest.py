"""A corpus of ten sentences, and a run of each memory that has learnt it, trained once."""

import functools

import pytest

from apps.harness.config import flat
from apps.harness.run_folder import run_folder
from apps.harness.train import train
from apps.translate.__main__ import APP
from apps.translate.config import Config
from layers.catalogue import MEMORIES

PAIRS = """\
The cat sat on the mat.	Die Katze saß auf der Matte.
The dog slept near the door.	Der Hund schlief neben der Tür.
A bird sang in the garden.	Ein Vogel sang im Garten.
We drink tea.	Wir trinken Tee.
She reads a long book.	Sie liest ein langes Buch.
He sees the old house.	Er sieht das alte Haus.
The child laughs.	Das Kind lacht.
I do not know why.	Ich weiß nicht, warum.
They came home late at night.	Sie kamen spät in der Nacht nach Hause.
Where is my key?	Wo ist mein Schlüssel?
"""


@pytest.fixture(scope="session")
def ten_pairs(tmp_path_factory):
    """A TSV file; the same ten pairs serve every split, since the tests ask for overfitting."""
    path = tmp_path_factory.mktemp("corpus") / "ten.tsv"
    path.write_text(PAIRS, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def settings(ten_pairs):
    """Nested settings of a tiny model on the ten pairs."""
    files = (str(ten_pairs),)
    # An epoch costs more than its steps here, so that few epochs see every pair many times.
    many = ten_pairs.with_name("many.tsv")
    many.write_text(PAIRS * 20, encoding="utf-8")
    return {
        "data": {
            "corpus": "files",
            "train": (str(many),),
            "validation": files,
            "test": files,
            "vocabulary": 90,
            "batch_tokens": 128,
        },
        "model": {"units": 32, "dropout": 0.0},
        "train": {
            "epochs": 6,
            "learning_rate": 0.01,
            "warmup_steps": 10,
            "schedule": "cosine",
            "patience": 0,
            "average": 1,
            "label_smoothing": 0.0,
            "score_every": 0,
        },
        "decode": {"beam": 2, "max_length": 40},
    }


@pytest.fixture(scope="session")
def options():
    """The smallest options of each memory."""
    small = {"transformer": {"layers": 1, "heads": 2, "hidden_units": 64}}
    return {memory: small.get(memory, {"layers": 1}) for memory in MEMORIES}


@pytest.fixture(scope="session")
def make_config(settings, options):
    """`make_config(memory, **sections)`: a configuration with some settings changed."""

    def make(memory="transformer", **sections):
        values = {name: dict(section) for name, section in settings.items()}
        values["model"] |= {"memory": memory, "options": options[memory]}
        for name, section in sections.items():
            values[name] |= section
        return Config.model_validate(values)

    return make


@pytest.fixture(scope="session")
def flags_of():
    """`flags_of(config)`: the words of a command line that asks for it."""

    def flags(config):
        words = ["--model.options", *(f"{k}={v}" for k, v in config.model.options.items())]
        for name, value in flat(config).items():
            if not name.startswith("model.options.") and value is not None and value is not False:
                words += [f"--{name}", *map(str, value if isinstance(value, tuple) else [value])]
        return words

    return flags


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """The folder of all runs."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def trained_with(runs, make_config):
    """`trained_with(memory)`: a configuration and its run, trained to the end on ten pairs."""

    @functools.cache
    def trained(memory):
        config, run = make_config(memory), run_folder(runs, APP.name, memory)
        train(APP, config, run)
        return config, run

    return trained
