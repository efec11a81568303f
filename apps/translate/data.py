"""From the name of a corpus to batches of token ids."""

from dataclasses import dataclass
from functools import cached_property

from data import corpora
from data.batches import Batches
from data.corpora import Corpus, Pairs
from data.tokenizer import Tokenizer

from ..harness.run_folder import RunFolder
from ..harness.texts import keep_texts
from ..harness.tokenizer import run_tokenizer
from .config import Config


@dataclass(frozen=True)
class TranslationData:
    """The corpus, its tokenizer, and batches of both its splits that training uses."""

    config: Config
    corpus: Corpus
    tokenizer: Tokenizer

    @cached_property
    def train(self) -> Batches:
        """The training pairs, without the over-long ones."""
        return self._batches("train", self.config.data.merge_dropout)

    @cached_property
    def validation(self) -> Batches:
        """The validation pairs, without the over-long ones."""
        return self._batches("validation", 0.0)

    def split(self, name: str) -> Pairs:
        """The sentence pairs of "train", "validation" or "test"."""
        return self.corpus.splits[name]

    @property
    def summary(self) -> list[str]:
        """What training is about to see, in a few lines."""
        corpus, train = self.corpus, self.train
        sizes = ", ".join(f"{len(pairs):,} {name}" for name, pairs in corpus.splits.items())
        lines = [
            f"corpus {corpus.name} ({corpus.source} -> {corpus.target}): {sizes} pairs",
            *corpus.notes,
            f"{len(self.tokenizer.pieces):,} subwords, {train.tokens:,} target tokens an epoch, "
            f"{train.padding_share:.0%} padding in its batches",
        ]
        for split, batches in (("training", train), ("validation", self.validation)):
            if batches.dropped:
                lines.append(
                    f"dropped {batches.dropped:,} {split} pairs of more than "
                    f"{self.config.data.max_length} tokens a side (--data.max-length)"
                )
        return lines

    def _batches(self, split: str, merge_dropout: float) -> Batches:
        pairs = self.split(split)
        return Batches(
            self.tokenizer,
            pairs.source,
            pairs.target,
            batch_tokens=self.config.data.batch_tokens,
            max_length=self.config.data.max_length,
            seed=self.config.train.seed,
            static_shapes=self.config.train.xla,
            merge_dropout=merge_dropout,
        )


def prepare(config: Config, run: RunFolder) -> TranslationData:
    """Reads the corpus; makes the tokenizer, or takes the one the run has.

    Raises:
        UserError: the corpus is not to be had, too small for the vocabulary, or not that of the
            run; the run is trained and its tokenizer is missing or damaged.
    """
    corpus = load_corpus(config)
    splits = corpus.splits.items()
    keep_texts(run, {split: [pairs.source, pairs.target] for split, pairs in splits})
    pairs = corpus.splits["train"]
    tokenizer = run_tokenizer(config, run, [*pairs.source, *pairs.target])
    return TranslationData(config, corpus, tokenizer)


def load_corpus(config: Config) -> Corpus:
    """The corpus that the configuration names."""
    settings = config.data
    return corpora.load(
        settings.corpus,
        source=settings.source,
        target=settings.target,
        data_dir=settings.data_dir,
        train=settings.train,
        validation=settings.validation,
        test=settings.test,
        columns=settings.columns,
        fields=settings.fields,
        held_out=settings.held_out,
        seed=settings.split_seed,
    )
