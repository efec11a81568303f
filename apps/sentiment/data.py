"""From the name of a corpus to batches of token ids and their labels."""

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property

from data import labelled
from data.labelled import Examples, LabelledCorpus
from data.labelled.markup import strip_markup
from data.labelled_batches import LabelledBatches
from data.tokenizer import Tokenizer

from ..harness.run_folder import RunFolder
from ..harness.texts import keep_texts
from ..harness.tokenizer import run_tokenizer
from .config import Config


@dataclass(frozen=True)
class SentimentData:
    """The corpus as it is read, its tokenizer, and batches of both its splits for training."""

    config: Config
    corpus: LabelledCorpus
    tokenizer: Tokenizer

    @cached_property
    def train(self) -> LabelledBatches:
        """The training texts."""
        return self._batches("train", self.config.data.merge_dropout)

    @cached_property
    def validation(self) -> LabelledBatches:
        """The validation texts."""
        return self._batches("validation", 0.0)

    def split(self, name: str) -> Examples:
        """The texts of "train", "validation" or "test" with their labels."""
        return self.corpus.splits[name]

    @property
    def class_weights(self) -> list[float]:
        """What a training text of each class weighs; on average a text weighs 1."""
        labels = self.split("train").labels
        classes = len(self.corpus.classes)
        if not self.config.train.class_weights:
            return [1.0] * classes
        counts = Counter(labels)
        return [len(labels) / (classes * counts[label]) for label in range(classes)]

    @property
    def summary(self) -> list[str]:
        """What training is about to see, in a few lines."""
        corpus, train = self.corpus, self.train
        sizes = ", ".join(f"{len(examples):,} {name}" for name, examples in corpus.splits.items())
        lines = [
            f"corpus {corpus.name}: {sizes} texts",
            *corpus.notes,
            f"classes {_counted(corpus)}",
            f"{len(self.tokenizer.pieces):,} subwords, {train.tokens:,} tokens an epoch, "
            f"{train.padding_share:.0%} padding in its batches",
        ]
        if train.cut:
            lines.append(
                f"{train.cut:,} of the training texts have more than "
                f"{self.config.data.max_length} tokens, of which the {self.config.data.keep} is "
                f"read: {train.lost:.1%} of all tokens are not (--data.max-length, --data.keep)"
            )
        return lines

    def _batches(self, split: str, merge_dropout: float) -> LabelledBatches:
        examples, settings = self.split(split), self.config.data
        return LabelledBatches(
            self.tokenizer,
            examples.texts,
            examples.labels,
            batch_tokens=settings.batch_tokens,
            max_length=settings.max_length,
            keep=settings.keep,
            seed=self.config.train.seed,
            static_shapes=self.config.train.xla,
            merge_dropout=merge_dropout,
        )


def prepare(config: Config, run: RunFolder) -> SentimentData:
    """Reads the corpus; makes the tokenizer, or takes the one the run has.

    Raises:
        UserError: the corpus is not to be had, too small for the vocabulary, or not that of the
            run; the run is trained and its tokenizer is missing or damaged.
    """
    corpus = load_corpus(config)
    keep_texts(
        run,
        {
            split: [examples.texts, [corpus.classes[label] for label in examples.labels]]
            for split, examples in corpus.splits.items()
        },
    )
    tokenizer = run_tokenizer(config, run, corpus.splits["train"].texts)
    return SentimentData(config, corpus, tokenizer)


def load_corpus(config: Config) -> LabelledCorpus:
    """The corpus that the configuration names, cleaned as it says."""
    settings = config.data
    corpus = labelled.load(
        settings.corpus,
        data_dir=settings.data_dir,
        train=settings.train,
        validation=settings.validation,
        test=settings.test,
        text=settings.text,
        label=settings.label,
        encoding=settings.encoding,
        clean=settings.clean,
        held_out=settings.held_out,
        seed=settings.split_seed,
    )
    splits = {
        name: Examples([as_read(config, text) for text in examples.texts], examples.labels)
        for name, examples in corpus.splits.items()
    }
    return replace(corpus, splits=splits)


def as_read(config: Config, text: str) -> str:
    """A text as the tokenizer gets it, in training and afterwards."""
    return strip_markup(text) if config.data.clean else text


def _counted(corpus: LabelledCorpus) -> str:
    counts = Counter(corpus.splits["train"].labels)
    return ", ".join(f"{name} {counts[label]:,}" for label, name in enumerate(corpus.classes))
