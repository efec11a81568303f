"""A corpus of ten sentences, and the settings of a model that learns it in seconds."""

import pytest

from apps.translate.config import Config

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
    return {
        "data": {
            "corpus": "files",
            "train": files,
            "validation": files,
            "test": files,
            "vocabulary": 90,
            "batch_tokens": 128,
        },
        "model": {"units": 32, "dropout": 0.0},
        "train": {
            "epochs": 60,
            "learning_rate": 0.01,
            "warmup_steps": 10,
            "schedule": "constant",
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
    return {"transformer": {"layers": 1, "heads": 2, "hidden_units": 64}, "lstm": {"layers": 1}}


@pytest.fixture
def make_config(settings, options):
    """`make_config(memory, **sections)`: a configuration with some settings changed."""

    def make(memory="transformer", **sections):
        values = {name: dict(section) for name, section in settings.items()}
        values["model"] |= {"memory": memory, "options": options[memory]}
        for name, section in sections.items():
            values[name] |= section
        return Config.model_validate(values)

    return make
