"""What a reader can learn from texts before it sees a label (Dai and Le 2015).

A run of its own inside the run: the harness trains it, so it resumes, is logged and is looked at
like any other, and what it leaves is taken by the classifier when that begins.
"""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from data.buckets import Position
from data.tokenizer import END, PAD, START
from layers import catalogue
from layers.attention import SequencePooling

from ..harness.app import App, Evaluation
from ..harness.loss import token_losses
from ..harness.metrics_file import read
from ..harness.model import TrainableModel
from ..harness.report import render
from ..harness.run_folder import RunFolder
from ..harness.train import train
from ..harness.watch import Watch
from .config import Config
from .data import SentimentData, prepare
from .model import Classifier, Reader, reader_config, take_vectors

SUFFIX = "pretraining"
SAMPLED = 1024
"""Tokens that are drawn to stand for all others in a step; of a smaller vocabulary all are used."""


def warm_start(config: Config, run: RunFolder, model: Classifier) -> float:
    """Gives the reader of a new model what pre-training has learnt, and pre-trains if need be.

    Returns:
        The seconds that pre-training took.
    """
    if config.train.pretrain == "none":
        return 0.0
    inner = RunFolder(run.path / f"{run.name}-{SUFFIX}")
    print(f"Before the labels: {config.train.pretrain.replace('_', ' ')} of the training texts")
    train(_app(run), _settings(config), inner)
    model.reader.set_weights(inner.load_model().reader.get_weights())
    print("Now the labels")
    return read(inner.metrics)["training"]["train_seconds"]


def _settings(config: Config) -> Config:
    changes = {
        "epochs": config.train.pretrain_epochs,
        "label_smoothing": 0.0,
        "patience": 0,
        "average": 1,
        "init_from": None,
        "xla": False,  # it predicts as many tokens as a batch has, which is no fixed number
    }
    return config.model_copy(update={"train": config.train.model_copy(update=changes)})


def _app(outer: RunFolder) -> App:
    """What the harness trains: the same texts without labels, a score that is a perplexity."""
    return App(
        name=SUFFIX,
        summary="learn what texts are like before it is said what they mean",
        config=Config,
        prepare=lambda config, run: _Texts(config, prepare(config, outer)),
        build=_build,
        evaluate=_evaluate,
        predictor=_none,
        export=_none,
        watch=lambda config, run, model, texts: Watch(),
        versus=_none,
        next_steps=False,
    )


def _none(*arguments):
    raise NotImplementedError("A pre-training is used by the run that it is in alone.")


@dataclass(frozen=True)
class _Texts:
    """The texts of the corpus, whose labels are what is read next."""

    config: Config
    data: SentimentData

    @property
    def train(self):
        return _Unlabelled(self.data.train)

    @property
    def validation(self):
        return _Unlabelled(self.data.validation)

    @property
    def summary(self) -> list[str]:
        return [f"{self.data.train.tokens:,} tokens an epoch"]


@dataclass(frozen=True)
class _Unlabelled:
    batches: object

    def __len__(self) -> int:
        return len(self.batches)

    def training(self, position: Position) -> tf.data.Dataset:
        return self.batches.training(position).map(_next_tokens)

    def validation(self) -> tf.data.Dataset:
        return self.batches.validation().map(_next_tokens)


def _next_tokens(ids, labels):
    """`({"read": ids, "written": START and all but the last}, ids)`."""
    start = tf.where(ids[:, :1] == PAD, PAD, START)
    return {"read": ids, "written": tf.concat([start, ids[:, :-1]], axis=1)}, ids


@keras.saving.register_keras_serializable(package=__package__)
class Pretrainer(TrainableModel):
    """A `Reader` that predicts tokens, which are scored with its own embeddings.

    As a language model it predicts each token from those before it. As an autoencoder it reads the
    whole text, of which the mean over its steps alone is handed on, and a decoder of the same
    memory writes the text again from that.

    In training the softmax is over the right token and `SAMPLED` others, drawn for the whole batch
    and corrected by how often each is to be expected (Jean et al. 2015, equation 8).

    Args:
        reader: the configuration of a `Reader`.
        task: "language_model" or "autoencoder".
    """

    measurements = ("loss", "nll")

    def __init__(self, reader, task, **kwargs):
        super().__init__(**kwargs)
        self.reader_config = dict(reader)
        self.task = task
        self.seed_generator = keras.random.SeedGenerator()
        dtype = self.dtype_policy
        self.reader = Reader(**self.reader_config, dtype=dtype)
        self.decoder = self.pooling = None
        if task == "autoencoder":
            self.pooling = SequencePooling("mean", dtype=dtype)
            of_memory = {"units": self.reader.units, "dropout": self.reader.dropout}
            self.decoder = catalogue.build(
                self.reader.memory_name, "decode", {**of_memory, **self.reader.options}, dtype
            )
        self.projection = keras.layers.Dense(self.reader.embedding_units, dtype=dtype)

    def build(self, input_shape=None):
        self.reader.build()
        features = keras.Input((None, self.reader.units))
        if self.decoder:
            self.decoder(features, keras.Input((1, self.reader.units)))
        self.projection.build((None, None, self.reader.units))
        self.built = True

    def call(self, inputs, training=None):
        """Vectors `(batch, time, embedding_units)` whose products with embeddings are logits."""
        if not self.decoder:
            return self.projection(self.reader(inputs["written"], training=training))
        ids = inputs["read"]
        steps = self.reader(ids, training=training)
        summary = self.pooling(steps, mask=ids != PAD)[:, None]
        written = self.reader.embed(inputs["written"])
        return self.projection(self.decoder(written, summary, training=training))

    def measure(self, inputs, labels, training):
        real = labels != PAD
        hidden = tf.boolean_mask(self(inputs, training=training), real)
        labels = tf.boolean_mask(labels, real)
        total = self._negative_log_likelihood(tf.cast(hidden, tf.float32), labels, training)
        return {"loss": total, "nll": total}, tf.cast(tf.size(labels), tf.float32)

    def _negative_log_likelihood(self, hidden, labels, training):
        embeddings = tf.convert_to_tensor(self.reader.embedding.embeddings)
        if training and self.reader.vocabulary > 2 * SAMPLED:
            drawn = self._draw(labels)
            return tf.reduce_sum(sampled_losses(hidden, embeddings, labels, drawn))
        return token_losses(hidden, embeddings, labels, tf.ones_like(labels, tf.float32), 0.0)[0]

    def _draw(self, labels):
        """Half of the tokens from the labels, half from all tokens."""
        draws = keras.random.uniform((2, SAMPLED // 2), seed=self.seed_generator)
        size, vocabulary = tf.maximum(tf.size(labels), 1), self.reader.vocabulary
        places, others = (
            tf.minimum(tf.cast(row * tf.cast(count, tf.float32), tf.int32), count - 1)
            for row, count in ((draws[0], size), (draws[1], vocabulary))
        )
        # One more at the end, so that a batch without a token has something to draw.
        some = tf.gather(tf.concat([labels, [END]], axis=0), places)
        return tf.concat([some, others], axis=0)

    def get_config(self):
        return {**super().get_config(), "reader": self.reader_config, "task": self.task}


def sampled_losses(hidden, embeddings, labels, drawn):
    """Cross-entropy over the label and the drawn tokens, each corrected by how often it is drawn.

    Args:
        hidden: `(tokens, units)`.
        embeddings: `(vocabulary, units)`.
        labels: `(tokens,)`.
        drawn: `(samples,)` tokens, half of them drawn from the labels and half from all tokens.

    Returns:
        `(tokens,)`.
    """
    labels, drawn = tf.cast(labels, tf.int32), tf.cast(drawn, tf.int32)
    vocabulary = tf.shape(embeddings)[0]
    counts = tf.math.bincount(labels, minlength=vocabulary, maxlength=vocabulary, dtype=tf.float32)
    share = counts / tf.maximum(tf.reduce_sum(counts), 1.0)
    probabilities = 0.5 * share + 0.5 / tf.cast(vocabulary, tf.float32)
    often = tf.math.log(probabilities * tf.cast(tf.size(drawn), tf.float32))

    def expected(tokens):
        """The log of how often a token is expected among the drawn ones."""
        return tf.gather(often, tokens)

    right = tf.reduce_sum(hidden * tf.gather(embeddings, labels), axis=-1) - expected(labels)
    others = tf.matmul(hidden, tf.gather(embeddings, drawn), transpose_b=True) - expected(drawn)
    # The label itself may be drawn: it is not to compete with itself.
    others = tf.where(labels[:, None] == drawn[None], -1e9, others)
    logits = tf.concat([right[:, None], others], axis=1)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.zeros_like(labels), logits)


def _build(config: Config, texts: _Texts) -> Pretrainer:
    model = Pretrainer(reader_config(config, texts.data), config.train.pretrain)
    model.build()
    take_vectors(config, texts.data, model.reader)
    return model


def _evaluate(config: Config, run: RunFolder, model: Pretrainer, texts: _Texts, split: str):
    model.compile(jit_compile=False)
    batches = getattr(texts, split).validation()
    nll = model.evaluate(batches, verbose=0, return_dict=True)["nll"]
    metrics = {"perplexity": float(np.exp(min(nll, 50.0)))}
    return Evaluation(
        metrics, render(f"{run.name}: {split}", metrics, {}), headline=("perplexity",)
    )
