"""All settings of the app and their defaults, which are those of the built-in corpus."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from data.text import Kept

from ..harness import config as harness
from ..harness.config import BaseConfig, Section


class DataConfig(Section):
    """What to classify."""

    corpus: str = "builtin"
    """The corpus: builtin, imdb, sst2, sst5, sst2_phrases, sst5_phrases, or files for your own."""
    data_dir: str | None = None
    """A folder to look in before downloading; the environment variable DATA_DIR does the same."""
    train: str = ""
    """Corpus files: one CSV, TSV or JSON-lines file, which may end in .gz."""
    validation: str = ""
    """Likewise for validation; without it, part of the training texts is split off."""
    test: str = ""
    """Likewise for the test."""
    text: str = "text"
    """Corpus files: the column or field that holds the text, by its name or its number from 1."""
    label: str = "label"
    """Corpus files: the column or field that holds the class."""
    encoding: str = "utf-8"
    """Corpus files: how they write letters, such as cp1252 or utf-16."""
    held_out: float = Field(0.1, gt=0, lt=0.5)
    """Corpus files: the share that validation and test each take where they are not given."""
    split_seed: int = Field(1, ge=0)
    """Corpus files: chooses which texts are held out; apart from the seed of training."""
    clean: bool = True
    """Take HTML out of the texts: tags, and entities such as &amp;."""
    vocabulary: int = Field(800, ge=5)
    """Subwords of the tokenizer."""
    vectors: str | None = None
    """A text file of word vectors to start from, a word and its numbers a line."""
    batch_tokens: int = Field(2048, ge=1)
    """Positions of a batch, padding included."""
    max_length: int = Field(200, ge=2)
    """Tokens that are read of a text."""
    keep: Kept = "head"
    """Which tokens are read of a longer text: the first, the last, or half of each."""
    merge_dropout: float = Field(0.0, ge=0, lt=1)
    """Augmentation: the share of merges left out when training text is cut into subwords."""


class ModelConfig(harness.ModelConfig):
    """What to train."""

    memory: str = "lstm"
    """The working memory, by its name in the catalogue (layers/catalogue.py)."""
    direction: Literal["both", "forward"] = "both"
    """Whether each step is read in the light of all others, or of those before it alone."""
    pooling: Literal["last", "max", "mean", "attention"] = "attention"
    """How what was read becomes one vector: its end, largest, mean, or a weighted mean."""
    ngrams: int = Field(0, ge=0, le=5)
    """NB-SVM of phrases of up to so many tokens, which is added to the memory; 0 is none."""
    word_dropout: float = Field(0.0, ge=0, lt=1)
    """Augmentation: the share of tokens hidden from the model in training."""


class TrainConfig(harness.TrainConfig):
    """How to train."""

    class_weights: bool = False
    """Let every class weigh as much as any other, however few its texts."""
    pretrain: Literal["none", "language_model", "autoencoder"] = "none"
    """What to learn from the training texts before their labels (Dai and Le 2015)."""
    pretrain_epochs: int = Field(5, ge=1)
    """Passes over the training texts for it."""


class ExplanationConfig(Section):
    """How `predict --explain` finds which words carried the decision."""

    method: Literal["gradients", "attention"] = "gradients"
    """Integrated gradients, which say for and against, or the weights of attention pooling."""
    steps: int = Field(32, ge=1)
    """Gradients that the integral is summed from."""


class Config(BaseConfig):
    """All settings of a run."""

    when_used: ClassVar[tuple[str, ...]] = ("explanation",)

    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig(units=128, dropout=0.0)
    train: TrainConfig = TrainConfig(
        epochs=8,
        learning_rate=0.004,
        warmup_steps=50,
        schedule="cosine",
        label_smoothing=0.0,
        average=2,
    )
    explanation: ExplanationConfig = ExplanationConfig()

    @model_validator(mode="after")
    def _agree(self):
        if self.train.xla and self.data.merge_dropout:
            raise ValueError(
                "train.xla needs batches of fixed shapes, which data.merge_dropout does not give: "
                "give one of --train.no-xla and --data.merge-dropout 0"
            )
        if self.train.pretrain == "language_model" and self.model.direction != "forward":
            raise ValueError(
                "train.pretrain language_model learns what comes next, which a model that reads "
                "in both directions has seen: set model.direction to forward, or train.pretrain "
                "to autoencoder"
            )
        if self.train.pretrain != "none" and self.train.init_from:
            raise ValueError(
                "train.init_from and train.pretrain both say what the model starts from: give one"
            )
        if self.explanation.method == "attention" and self.model.pooling != "attention":
            raise ValueError(
                "explanation.method attention shows the weights of model.pooling attention, and "
                f"this model pools by {self.model.pooling}: set explanation.method to gradients"
            )
        return self


_IMDB = {
    "corpus": "imdb",
    "vocabulary": 16000,
    "batch_tokens": 24576,
    "max_length": 400,
    "keep": "head+tail",
}
_SENTENCES = {
    "model": {"dropout": 0.35, "word_dropout": 0.1, "ngrams": 3},
    "train": {
        "epochs": 10,
        "learning_rate": 0.0015,
        "warmup_steps": 100,
        "label_smoothing": 0.1,
        "average": 3,
    },
}
# Ten times as many texts, so fewer epochs.
_PHRASES = {**_SENTENCES, "train": {**_SENTENCES["train"], "epochs": 4, "average": 1}}

# A preset holds only what differs from the defaults.
PRESETS = {
    # At the learning rate of the LSTM it stays at chance for some epochs.
    "builtin-transformer": {"model": {"memory": "transformer"}, "train": {"learning_rate": 0.001}},
    # A grammar can write more reviews than a model can learn by heart; what people collect is less.
    "files": {"model": {"units": 64, "dropout": 0.2}, "train": {"epochs": 12}},
    # Nearly all reviews are read whole, which phrases gain most by.
    "imdb-best": {
        "data": {**_IMDB, "max_length": 1000},
        "model": {"units": 256, "dropout": 0.5, "word_dropout": 0.1, "ngrams": 3},
        "train": {
            "epochs": 3,
            "learning_rate": 0.003,
            "warmup_steps": 100,
            "label_smoothing": 0.05,
            "average": 1,
        },
    },
    "imdb": {
        "data": _IMDB,
        "model": {"dropout": 0.4, "word_dropout": 0.1},
        "train": {
            "epochs": 6,
            "learning_rate": 0.003,
            "warmup_steps": 100,
            "label_smoothing": 0.05,
            "average": 3,
        },
    },
    # Half of the layers, and shorter texts: what a token costs grows with their length.
    "imdb-transformer": {
        "data": {**_IMDB, "max_length": 300},
        "model": {
            "memory": "transformer",
            "dropout": 0.3,
            "word_dropout": 0.1,
            "options": {"layers": 2},
        },
        "train": {
            "epochs": 5,
            "learning_rate": 0.001,
            "warmup_steps": 200,
            "label_smoothing": 0.05,
        },
    },
    "sst2": {"data": {"corpus": "sst2", "vocabulary": 8000, "batch_tokens": 1024}, **_SENTENCES},
    "sst5": {"data": {"corpus": "sst5", "vocabulary": 8000, "batch_tokens": 1024}, **_SENTENCES},
    "sst2_phrases": {"data": {"corpus": "sst2_phrases", "vocabulary": 8000}, **_PHRASES},
    "sst5_phrases": {"data": {"corpus": "sst5_phrases", "vocabulary": 8000}, **_PHRASES},
}
