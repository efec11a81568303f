"""From strings to translations: tokenize, encode, search, detokenize."""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import isfinite

import keras
import numpy as np
import tensorflow as tf

from data.tokenizer import END, PAD, START, UNKNOWN, Tokenizer
from layers.decoding import beam_search, greedy, sample

from ..harness.app import Prediction
from ..harness.run_folder import RunFolder
from ..harness.traces import note
from .config import Config, DecodeConfig
from .model import Translator

# Sources of compiled searches are padded to multiples of this, so that there are few of these.
GRAIN = 16

# Batches that are searched side by side. A search is a sequence of small operations, some of which
# leave most cores idle. Samples are drawn one batch after the other, so that a seed repeats them.
AT_ONCE = 2


def search(
    model: Translator,
    source,
    settings: DecodeConfig,
    max_length: int,
    hypotheses: int = 1,
    seed: keras.random.SeedGenerator | None = None,
):
    """The best translations of source ids, or samples of them, as one traceable function.

    Args:
        source: `(batch, time)` ids, each row ending with END.
        max_length: tokens a translation has at most, END included; a sentence is also limited to
            twice its own length plus ten, so that its translation does not depend on its batch.
        seed: as `seed_of` makes it.

    Returns:
        Ids `(batch, hypotheses, max_length)` and scores `(batch, hypotheses)`, best first, or
        samples in the order of drawing.
    """
    batch, real = tf.shape(source)[0], source != PAD
    covered = settings.coverage_penalty > 0 and settings.beam > 1 and not settings.sample
    step, state = model.begin(source, max_length, return_attention_scores=covered)
    limits = 2 * tf.reduce_sum(tf.cast(real, tf.int32), axis=1) + 10
    common = {
        "start_tokens": tf.fill((batch,), START),
        "end_token": END,
        "max_length": max_length,
        "max_lengths": tf.clip_by_value(limits, settings.min_length, max_length),
        "min_length": settings.min_length,
        "block_ngrams": settings.block_ngrams,
        "pad_token": PAD,
        "forbidden_tokens": (PAD, UNKNOWN, START),
    }
    if settings.sample:
        found = sample(
            step,
            state,
            samples=hypotheses,
            temperature=settings.temperature,
            top_k=settings.top_k,
            top_p=settings.top_p,
            seed=seed,
            **common,
        )
    elif settings.beam == 1:
        found = greedy(step, state, **common)
    else:
        found = beam_search(
            step,
            state,
            width=max(settings.beam, hypotheses),
            length_penalty=settings.length_penalty,
            coverage_penalty=settings.coverage_penalty,
            memory_mask=real if covered else None,
            hypotheses=hypotheses,
            **common,
        )
    return found.tokens, found.scores


def seed_of(settings: DecodeConfig) -> keras.random.SeedGenerator | None:
    """What samples are drawn with, others at each search; None where nothing is drawn."""
    return keras.random.SeedGenerator(settings.seed) if settings.sample else None


class Searcher:
    """Translates lists of strings with a trained model, in batches of similar length."""

    def __init__(
        self,
        model: Translator,
        tokenizer: Tokenizer,
        settings: DecodeConfig,
        max_source: int,
        hypotheses: int = 1,
    ):
        """
        Args:
            max_source: longer sources are cut to so many tokens, with a warning.
            hypotheses: how many translations of each sentence to return.
        """
        self._tokenizer = tokenizer
        self._settings = settings
        self._max_source = max_source
        self._compiled_widths: set[int] = set()
        seed = seed_of(settings)

        def search_batch(source):
            note("search")
            return search(model, source, settings, settings.max_length, hypotheses, seed)

        # AutoGraph would have nothing to convert, and takes half of the tracing.
        self._search_compiled = tf.function(search_batch, autograph=False, jit_compile=True)
        any_size = [tf.TensorSpec((None, None), tf.int32)]
        self._search = tf.function(search_batch, autograph=False, input_signature=any_size)

    def __call__(self, texts: Sequence[str]) -> list[Prediction]:
        """Translations of `texts`, in their order."""
        if not texts:
            return []
        ids = self._tokenizer.tokenize(tf.constant(list(texts)))
        lengths = ids.row_lengths().numpy()
        if (longer := int((lengths > self._max_source).sum())) > 0:
            print(
                f"Cut {longer} of {len(texts)} sources to their first {self._max_source} tokens "
                "(--data.max-length of the run).",
                file=sys.stderr,
            )
        ids = ids[:, : self._max_source]
        # The longest first, so that no batch is left running alone for long.
        order = np.argsort(-lengths, kind="stable")
        size = self._settings.batch
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        # XLA searches faster, which pays for its compiling once there is a full batch.
        if self._compiled_widths or len(texts) >= size:
            self._prepare_for(int(min(lengths.max(), self._max_source)) + 1)

        def translations(rows):
            source = with_end(tf.gather(ids, rows))
            return self._predictions(*self._found(source), len(rows))

        found: list[Prediction] = [Prediction("", 0.0)] * len(texts)
        with ThreadPoolExecutor(1 if self._settings.sample else AT_ONCE) as pool:
            for rows, predictions in zip(batches, pool.map(translations, batches), strict=True):
                for row, prediction in zip(rows, predictions, strict=True):
                    found[row] = prediction
        return found

    def _prepare_for(self, time: int) -> None:
        """Chooses the search to compile for sources of up to `time` tokens, if none fits.

        It is one for all that is waiting: to compile another for the shorter of some thousand
        sentences takes longer than it saves.
        """
        if not any(width >= time for width in self._compiled_widths):
            self._compiled_widths.add(-(-time // GRAIN) * GRAIN)

    def _found(self, source):
        """What the search finds for a batch."""
        if not self._compiled_widths:
            return self._search(source)
        rows, time = source.shape
        width = min(width for width in self._compiled_widths if width >= time)
        missing = [[0, self._settings.batch - rows], [0, width - time]]
        return self._search_compiled(tf.pad(source, missing, constant_values=PAD))

    def _predictions(self, tokens, scores, rows: int) -> list[Prediction]:
        """Those of the first so many rows."""
        tokens, scores = tokens[:rows], scores[:rows]
        _, hypotheses, length = tokens.shape
        texts = self._tokenizer.detokenize(tf.reshape(tokens, (-1, length))).numpy()
        texts = np.reshape([text.decode() for text in texts], (rows, hypotheses))
        return [
            Prediction(
                row[0],
                float(score[0]),
                tuple(
                    (text, float(one))
                    for text, one in zip(row, score, strict=True)
                    if isfinite(one)  # fewer translations than asked for, of a tiny vocabulary
                ),
            )
            for row, score in zip(texts.tolist(), scores.numpy(), strict=True)
        ]


def with_end(ids: tf.RaggedTensor) -> tf.Tensor:
    """Token ids as the encoder reads them: END after each row, then PAD."""
    ends = tf.fill((ids.nrows(out_type=tf.int32), 1), END)
    return tf.concat([ids, ends], axis=1).to_tensor(PAD)


def predictor(
    config: Config, run: RunFolder, model: Translator, n_best: int = 1
) -> Callable[[Sequence[str]], list[Prediction]]:
    """A function from source sentences to predictions."""
    tokenizer = Tokenizer.load(run.tokenizer)
    hypotheses = min(n_best, config.decode.beam)
    return Searcher(model, tokenizer, config.decode, config.data.max_length, hypotheses)


class Exported(tf.Module):
    """What a SavedModel holds: the model, its tokenizer, and the way from strings to strings."""

    def __init__(self, config: Config, model: Translator, tokenizer: Tokenizer):
        super().__init__()
        self._model = model
        self._tokenizer = tokenizer
        self._seed = seed_of(config.decode)
        # A module saves what it can reach through attributes: variables and the native tokenizer.
        self.variables_of_model = [variable.value for variable in model.variables]
        if self._seed:
            self.state_of_seed = self._seed.state.value
        self.native_tokenizer = tokenizer.native
        self._config = config

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, "texts")], autograph=False)
    def serve(self, texts):
        """Translations `(batch,)` of strings `(batch,)`."""
        settings = self._config.decode
        ids = self._tokenizer.tokenize(texts)[:, : self._config.data.max_length]
        tokens, _ = search(
            self._model, with_end(ids), settings, settings.max_length, seed=self._seed
        )
        translations = self._tokenizer.detokenize(tokens[:, 0])
        blank = tf.strings.length(tf.strings.strip(texts)) == 0
        return {"translations": tf.where(blank, "", translations)}


def export(config: Config, run: RunFolder, model: Translator) -> Exported:
    """The module that `export` writes as a SavedModel."""
    return Exported(config, model, Tokenizer.load(run.tokenizer))
