"""All settings of the app and their defaults, which are those of the built-in corpus."""

from typing import ClassVar

from pydantic import Field, model_validator

from ..harness.config import BaseConfig, Section, TrainConfig


class DataConfig(Section):
    """What to translate."""

    corpus: str = "builtin"
    """The corpus: builtin, builtin-blind, multi30k, manythings, or files for your own."""
    source: str = "en"
    """The language to translate from."""
    target: str = "de"
    """The language to translate into."""
    data_dir: str | None = None
    """A folder to look in before downloading; the environment variable DATA_DIR does the same."""
    train: tuple[str, ...] = ()
    """Corpus files: one TSV or JSON-lines file, or two parallel text files."""
    validation: tuple[str, ...] = ()
    """Likewise for validation; without it, part of the training pairs is split off."""
    test: tuple[str, ...] = ()
    """Likewise for the test."""
    columns: tuple[int, int] = (1, 2)
    """Corpus files: the columns of a TSV that hold source and target, counted from 1."""
    fields: tuple[str, str] = ("source", "target")
    """Corpus files: the fields of JSON lines that hold source and target."""
    held_out: float = Field(0.05, gt=0, lt=0.5)
    """Corpus files: the share that validation and test each take where they are not given."""
    split_seed: int = Field(1, ge=0)
    """Corpus files: chooses which sentences are held out; apart from the seed of training."""
    vocabulary: int = Field(1500, ge=5)
    """Subwords of the tokenizer, which both languages share."""
    batch_tokens: int = Field(1024, ge=1)
    """Positions of a batch on each side, padding included."""
    max_length: int = Field(100, ge=2)
    """Tokens a side: longer pairs are dropped from training, longer inputs cut."""
    merge_dropout: float = Field(0.0, ge=0, lt=1)
    """Augmentation: the share of merges left out when training text is cut into subwords."""


class DecodeConfig(Section):
    """How to search for a translation."""

    beam: int = Field(5, ge=1)
    """Hypotheses kept at each step; 1 is greedy. With `sample`, samples to list as n-best."""
    length_penalty: float = Field(1.0, ge=0)
    """Exponent of the length penalty of Wu et al. 2016; 0 prefers short translations."""
    coverage_penalty: float = Field(0.0, ge=0)
    """Weight of the coverage penalty of Wu et al. 2016 in a beam, for words left out; 0 is none."""
    block_ngrams: int = Field(0, ge=0)
    """Number of tokens in a row that no translation has twice; 0 allows everything."""
    min_length: int = Field(1, ge=1)
    """Tokens a translation has at least, its end included."""
    max_length: int = Field(100, ge=1)
    """Tokens a translation has at most."""
    sample: bool = False
    """Draw translations at random instead of searching for the best."""
    temperature: float = Field(1.0, gt=0)
    """Sampling: below 1 the probable becomes more probable."""
    top_k: int = Field(0, ge=0)
    """Sampling: the number of most probable tokens to draw from; 0 is all."""
    top_p: float = Field(1.0, gt=0, le=1)
    """Sampling: the share of the probability to draw from, the most probable tokens first."""
    seed: int = Field(1, ge=0)
    """Sampling: the same seed and the same texts in the same order give the same translations."""
    batch: int = Field(64, ge=1)
    """Sentences translated together."""

    @model_validator(mode="after")
    def _agree(self):
        if self.min_length > self.max_length:
            raise ValueError(
                f"decode.min_length, {self.min_length}, must not be above decode.max_length, "
                f"{self.max_length}"
            )
        if not self.sample and (self.temperature, self.top_k, self.top_p) != (1.0, 0, 1.0):
            raise ValueError(
                "decode.temperature, decode.top_k and decode.top_p change what is drawn: set "
                "decode.sample as well"
            )
        return self


class Config(BaseConfig):
    """All settings of a run."""

    when_used: ClassVar[tuple[str, ...]] = ("decode",)

    data: DataConfig = DataConfig()
    decode: DecodeConfig = DecodeConfig()
    train: TrainConfig = TrainConfig(
        epochs=6,
        learning_rate=0.003,
        warmup_steps=100,
        schedule="cosine",
        average=2,
        score_every=3,
    )

    @model_validator(mode="after")
    def _static_shapes(self):
        if self.train.xla and self.data.merge_dropout:
            raise ValueError(
                "train.xla needs batches of fixed shapes, which data.merge_dropout does not give: "
                "give one of --train.no-xla and --data.merge-dropout 0"
            )
        return self


# A preset holds only what differs from the defaults.
PRESETS = {
    "multi30k": {
        "data": {"corpus": "multi30k", "vocabulary": 8000, "batch_tokens": 4096},
        "model": {"dropout": 0.3, "options": {"positions": "rotary"}},
        "train": {
            "epochs": 45,
            "learning_rate": 0.005,
            "warmup_steps": 400,
            "average": 5,
            "score_every": 5,
        },
    },
    "multi30k-lstm": {
        "data": {"corpus": "multi30k", "vocabulary": 4000, "batch_tokens": 2048},
        "model": {"memory": "lstm", "units": 256, "dropout": 0.3},
        "train": {
            "epochs": 22,
            "warmup_steps": 400,
            "average": 5,
            "score_every": 5,
        },
    },
}
