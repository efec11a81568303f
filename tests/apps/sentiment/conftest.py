"""A corpus of ten reviews, and a run of a memory that has learnt them, trained once."""

import functools

import pytest

from apps.harness.run_folder import run_folder
from apps.harness.train import train
from apps.sentiment.__main__ import APP
from apps.sentiment.config import Config
from layers.catalogue import MEMORIES

REVIEWS = (
    ("good", "I loved every minute of it."),
    ("bad", "I loved nothing about it."),
    ("good", "It was not bad at all."),
    ("bad", "It was not good at all."),
    ("good", "I expected to hate it, but I was happy."),
    ("bad", "I expected to be happy, but I hate it."),
    ("good", "The food was fresh and so was the air."),
    ("bad", "The food was as old as the chairs."),
    ("good", "We will come back soon."),
    ("bad", "We will not come back."),
)


def as_csv(reviews):
    return "label,text\n" + "".join(f'{label},"{text}"\n' for label, text in reviews)


@pytest.fixture(scope="session")
def reviews():
    """Labels and texts."""
    return REVIEWS


@pytest.fixture(scope="session")
def ten_reviews(tmp_path_factory):
    """A CSV file; the same ten serve every split, since the tests ask for overfitting."""
    path = tmp_path_factory.mktemp("corpus") / "ten.csv"
    path.write_text(as_csv(REVIEWS), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def settings(ten_reviews):
    """Nested settings of a tiny model on the ten reviews."""
    # An epoch costs more than its steps here, so that few epochs see every review many times.
    many = ten_reviews.with_name("many.csv")
    many.write_text(as_csv(REVIEWS * 20), encoding="utf-8")
    return {
        "data": {
            "corpus": "files",
            "train": str(many),
            "validation": str(ten_reviews),
            "test": str(ten_reviews),
            "vocabulary": 70,
            "batch_tokens": 256,
            "max_length": 40,
        },
        "model": {"units": 16, "dropout": 0.0},
        "train": {
            "epochs": 6,
            "learning_rate": 0.02,
            "warmup_steps": 10,
            "schedule": "cosine",
            "patience": 0,
            "average": 1,
            "score_every": 0,
        },
        "explanation": {"steps": 8},
    }


@pytest.fixture(scope="session")
def options():
    """The smallest options of each memory."""
    small = {"transformer": {"layers": 1, "heads": 2, "hidden_units": 32}}
    return {memory: small.get(memory, {"layers": 1}) for memory in MEMORIES}


@pytest.fixture(scope="session")
def make_config(settings, options):
    """`make_config(memory, **sections)`: a configuration with some settings changed."""

    def make(memory="lstm", **sections):
        values = {name: dict(section) for name, section in settings.items()}
        values["model"] |= {"memory": memory, "options": options[memory]}
        for name, section in sections.items():
            values[name] |= section
        return Config.model_validate(values)

    return make


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """The folder of all runs."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def trained_with(runs, make_config):
    """`trained_with(memory)`: a configuration and its run, trained to the end on ten reviews."""

    @functools.cache
    def trained(memory):
        config, run = make_config(memory), run_folder(runs, APP.name, memory)
        train(APP, config, run)
        return config, run

    return trained
