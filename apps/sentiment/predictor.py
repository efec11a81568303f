"""From strings to classes: clean, tokenize, read, calibrate; and the same as a SavedModel."""

import sys
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from data.errors import UserError
from data.labelled.markup import SET_APART
from data.labelled_batches import LabelledBatches, shortened
from data.tokenizer import END, PAD, Tokenizer

from ..harness.app import Prediction
from ..harness.metrics_file import read
from ..harness.run_folder import RunFolder
from ..harness.traces import note
from .config import Config
from .data import as_read
from .metrics import softmax
from .model import Classifier

ENTITIES = {
    **{"lt": "<", "gt": ">", "quot": '"', "apos": "'", "#39": "'", "nbsp": " "},
    "amp": "&",  # last, or it would make others
}
"""The entities that a SavedModel decodes."""

LARGER = 2
"""How many times as large as in training batches are: nothing is kept for gradients."""


class Scorer:
    """Logits of texts by a trained model, in batches of similar length."""

    def __init__(
        self,
        config: Config,
        model: Classifier,
        tokenizer: Tokenizer,
        of: Callable[[tf.Tensor], tf.Tensor] | None = None,
    ):
        """
        Args:
            of: what to compute of token ids, if not the logits: one row for each text.
        """
        self._config = config
        self._tokenizer = tokenizer
        self.cut = 0
        """How many of the texts scored last were longer than what is read of one."""
        self.lost = 0.0
        """The share of their tokens that was not read."""

        def score(ids):
            note("classification")
            return (of or model.classify)(ids)

        # AutoGraph would have nothing to convert, and takes half of the tracing.
        any_size = [tf.TensorSpec((None, None), tf.int32)]
        self._score = tf.function(score, input_signature=any_size, autograph=False)

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Logits `(texts, classes)`, in their order, of texts as `as_read` gives them."""
        settings = self._config.data
        batches = LabelledBatches(
            self._tokenizer,
            texts,
            [0] * len(texts),
            batch_tokens=LARGER * settings.batch_tokens,
            max_length=settings.max_length,
            keep=settings.keep,
        )
        self.cut, self.lost = batches.cut, batches.lost
        scored = np.concatenate([self._score(ids).numpy() for ids, _ in batches.plain()])
        logits = np.empty_like(scored)
        logits[batches.order] = scored
        return logits


def temperature(run: RunFolder) -> float:
    """What logits are divided by to make honest probabilities, as fitted on validation.

    Raises:
        UserError: the run was stopped between its last epoch and that.
    """
    found = read(run.metrics).get("validation", {}).get("temperature")
    if found is None:
        raise UserError(
            f"{run} has no scores on validation, which say how sure it may be: "
            "finish it with the command that trained it."
        )
    return found


def predictor(
    config: Config, run: RunFolder, model: Classifier, n_best: int = 1
) -> Callable[[Sequence[str]], list[Prediction]]:
    """A function from texts to their classes."""
    scorer, calibration = Scorer(config, model, Tokenizer.load(run.tokenizer)), temperature(run)

    def respond(texts: Sequence[str]) -> list[Prediction]:
        if not texts:
            return []
        logits = scorer([as_read(config, text) for text in texts])
        if scorer.cut:
            print(
                f"Of {scorer.cut} of {len(texts)} texts only the {config.data.keep} was read, "
                f"{config.data.max_length} tokens (--data.max-length of the run).",
                file=sys.stderr,
            )
        return [prediction(row, model.classes, n_best) for row in softmax(logits, calibration)]

    return respond


def prediction(probabilities, classes: Sequence[str], n_best: int = 1) -> Prediction:
    """The most probable class, and the next ones."""
    order = np.argsort(-probabilities, kind="stable")[:n_best]
    ranked = tuple((classes[index], float(probabilities[index])) for index in order)
    label, probability = ranked[0]
    return Prediction(label, probability, ranked, line=f"{label}\t{probability:.3f}")


class Exported(tf.Module):
    """What a SavedModel holds: the model, its tokenizer, and the way from strings to classes."""

    def __init__(self, config: Config, model: Classifier, tokenizer: Tokenizer, calibration):
        super().__init__()
        self._config = config
        self._model = model
        self._tokenizer = tokenizer
        self._calibration = calibration
        # A module saves what it can reach through attributes: variables and the native tokenizer.
        self.variables_of_model = [variable.value for variable in model.variables]
        self.native_tokenizer = tokenizer.native

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, "texts")], autograph=False)
    def serve(self, texts):
        """Labels `(batch,)` and probabilities `(batch, classes)` of strings `(batch,)`."""
        settings = self._config.data
        ids = self._tokenizer.tokenize(_without_tags(texts) if settings.clean else texts)
        ids = shortened(ids, settings.max_length, settings.keep)
        ends = tf.fill((ids.nrows(out_type=tf.int32), 1), END)
        logits = self._model.classify(tf.concat([ids, ends], axis=1).to_tensor(PAD))
        probabilities = tf.nn.softmax(logits / self._calibration)
        classes = tf.constant(self._model.classes)
        labels = tf.gather(classes, tf.argmax(probabilities, axis=-1))
        return {"labels": labels, "probabilities": probabilities}


def export(config: Config, run: RunFolder, model: Classifier) -> Exported:
    """The module that `export` writes as a SavedModel."""
    return Exported(config, model, Tokenizer.load(run.tokenizer), temperature(run))


def _without_tags(texts):
    """As near to `strip_markup` as operations of a graph come: it knows few entities."""
    apart = "|".join(SET_APART.split())
    texts = tf.strings.regex_replace(texts, rf"(?i)</?(?:{apart})(?:[^A-Za-z0-9<>][^<>]*)?>", " ")
    texts = tf.strings.regex_replace(texts, r"<(/?[A-Za-z][A-Za-z0-9]*|!)[^<>]*>", "")
    for name, letter in ENTITIES.items():
        texts = tf.strings.regex_replace(texts, f"&{name};", letter)
    texts = tf.strings.regex_replace(texts, r"[\s\x0b\x1c-\x1f\x{85}\p{Z}]+", " ")
    return tf.strings.strip(texts)
