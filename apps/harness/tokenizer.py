"""The tokenizer that a run has, takes over, or makes."""

from collections.abc import Sequence

from data.errors import UserError
from data.tokenizer import Tokenizer

from .config import BaseConfig
from .files import atomic_write
from .run_folder import RunFolder, sibling


def run_tokenizer(config: BaseConfig, run: RunFolder, texts: Sequence[str]) -> Tokenizer:
    """The run's tokenizer; a new run gets that of the run whose weights it starts from, or one made
    of the training texts with `data.vocabulary` subwords.

    Raises:
        UserError: the texts are too small for the vocabulary, the other run has another one, or
            the run is trained and its tokenizer is missing or damaged.
    """
    if not (run.tokenizer.is_file() or run.worth_keeping):
        atomic_write(run.tokenizer, _new(config, run, texts).model)
    return Tokenizer.load(run.tokenizer)


def _new(config: BaseConfig, run: RunFolder, texts: Sequence[str]) -> Tokenizer:
    vocabulary = config.data.vocabulary
    if not config.train.init_from:
        return Tokenizer.train(texts, vocabulary)
    # Weights of another run mean nothing without its subwords.
    donor = sibling(run, config.train.init_from)
    tokenizer = Tokenizer.load(donor.tokenizer)
    if (count := len(tokenizer.pieces)) != vocabulary:
        raise UserError(
            f"The weights of {donor} go with its {count} subwords: give --data.vocabulary "
            f"{count}, not {vocabulary}."
        )
    return tokenizer
