"""The model: embeddings, a memory that reads, one vector of it, a score for each class."""

import keras
import numpy as np
import tensorflow as tf

from data.tokenizer import PAD, UNKNOWN
from layers import catalogue
from layers.attention import SequencePooling
from layers.dropout import ByteDropout

from ..harness.model import TrainableModel
from .config import Config
from .data import SentimentData
from .phrases import KnownPhrases, PhraseBag, fit_phrases, fit_share
from .vectors import read_vectors


@keras.saving.register_keras_serializable(package=__package__)  # a copied app has its own
class Reader(keras.layers.Layer):
    """Token ids to what a memory makes of each, `(batch, time, units)`.

    What a classifier shares with its pre-training.

    Args:
        vocabulary: number of token ids.
        memory: a name of `layers/catalogue.py`.
        units: width of the memory.
        embedding_units: width of the embeddings; `units` if None.
        dropout: rate, on the embeddings and inside the memory.
        word_dropout: share of the tokens that training hides.
        direction: "both" or "forward".
        options: options of the memory.
        seed: of the dropout.
    """

    def __init__(
        self,
        vocabulary,
        memory,
        units,
        embedding_units=None,
        dropout=0.0,
        word_dropout=0.0,
        direction="both",
        options=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary = vocabulary
        self.memory_name = memory
        self.units = units
        self.embedding_units = embedding_units or units
        self.dropout = dropout
        self.word_dropout = word_dropout
        self.direction = direction
        self.options = dict(options or {})
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        dtype = self.dtype_policy
        self.embedding = keras.layers.Embedding(
            vocabulary,
            self.embedding_units,
            embeddings_initializer=keras.initializers.RandomNormal(
                stddev=self.embedding_units**-0.5
            ),
            dtype=dtype,
        )
        self.embedding_dropout = ByteDropout(dropout, dtype=dtype)
        self.projection = None
        if self.embedding_units != units:
            self.projection = keras.layers.Dense(units, use_bias=False, dtype=dtype)
        self.memory = catalogue.build(
            memory,
            "encode" if direction == "both" else "read",
            {"units": units, "dropout": dropout, **self.options},
            dtype,
        )

    def build(self, ids_shape=None):
        self.embedding.build((None, None))
        if self.projection:
            self.projection.build((None, None, self.embedding_units))
        self.memory(keras.Input((None, self.units)))  # a symbolic call builds it
        self.built = True

    @property
    def two_way(self):
        """Whether features are those of a forward and of a backward pass, half and half."""
        return getattr(self.memory, "bidirectional", False)

    def call(self, ids, training=None):
        if training and self.word_dropout:
            draws = keras.random.uniform(tf.shape(ids), seed=self.seed_generator)
            hidden = (draws < self.word_dropout) & (ids != PAD)
            ids = tf.where(hidden, UNKNOWN, ids)
        return self.read(self.embed(ids), ids != PAD, training)

    def look_up(self, ids):
        """What a call gives without training, with less arithmetic: tokens recur.

        XLA cannot compile it, as it knows no shape that depends on how many tokens are different.
        """
        if not hasattr(self.memory, "look_up"):
            return self(ids)
        different, places = tf.unique(tf.reshape(ids, (-1,)))
        places = tf.reshape(places, tf.shape(ids))
        return self.memory.look_up(self.embed(different), places, ids != PAD)

    def embed(self, ids):
        """What the memory reads of token ids, `(batch, time, units)`."""
        # Rows of length about 1, as scoring tokens with them needs, become entries of size about 1.
        embedded = self.embedding(ids) * self.embedding_units**0.5
        return self.projection(embedded) if self.projection else embedded

    def read(self, embedded, mask, training=None):
        """The same from what `embed` gives, and the mask of real tokens."""
        embedded = self.embedding_dropout(embedded, training=training)
        return self.memory(embedded, mask=mask, training=training)

    def compute_output_shape(self, ids_shape):
        return (*ids_shape, self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary": self.vocabulary,
            "memory": self.memory_name,
            "units": self.units,
            "embedding_units": self.embedding_units,
            "dropout": self.dropout,
            "word_dropout": self.word_dropout,
            "direction": self.direction,
            "options": self.options,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable(package=__package__)
class Classifier(TrainableModel):
    """Classes of texts from their token ids.

    Args:
        reader: the configuration of a `Reader`.
        classes: the names of the classes.
        pooling: see `SequencePooling`.
        phrases: tokens of the longest phrase that a `PhraseBag` reads; 0 is none. Its scores are
            added to those of the memory, which is trained without them: they know the training
            texts so well that they would leave it nothing to learn.
        known_phrases: how many phrases it knows.
        dropout: rate, on the vector of a text.
        label_smoothing: share of the target probability spread over the classes.
        class_weights: what a text of each class weighs in training; 1 each if None.
    """

    # Of the memory alone. The loss of training has its smoothing and weights in it; the log loss is
    # the same quantity in training and validation.
    measurements = ("loss", "log_loss", "accuracy")

    def __init__(
        self,
        reader,
        classes,
        pooling,
        phrases=0,
        known_phrases=0,
        dropout=0.0,
        label_smoothing=0.0,
        class_weights=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.reader_config = dict(reader)
        self.classes = tuple(classes)
        self.pooling_mode = pooling
        self.longest_phrase = phrases
        self.known_phrases = known_phrases
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.class_weights = list(class_weights or [1.0] * len(self.classes))
        dtype = self.dtype_policy
        self.reader = Reader(**self.reader_config, dtype=dtype)
        self.pooling = SequencePooling(pooling, two_way=self.reader.two_way, dtype=dtype)
        self.vector_dropout = keras.layers.Dropout(dropout, dtype=dtype)
        # Logits in float32, whatever the rest computes in.
        self.output_layer = keras.layers.Dense(len(self.classes), dtype="float32")
        self.bag = None
        if phrases:
            self.bag = PhraseBag(len(self.classes), phrases, known_phrases, dtype="float32")

    def build(self, input_shape=None):
        self.reader.build()
        self.pooling.build((None, None, self.reader.units))
        self.output_layer.build((None, self.reader.units))
        if self.bag:
            self.bag.build()
        self.built = True

    def call(self, ids, training=None):
        """Logits `(batch, classes)` of token ids `(batch, time)`."""
        return self._logits(self.vectors(ids, training), ids, training)

    def classify(self, ids):
        """The same without training, by `Reader.look_up`."""
        return self._logits(self.pooling(self.reader.look_up(ids), mask=ids != PAD), ids)

    def vectors(self, ids, training=None):
        """What each text is to the memory, `(batch, units)`."""
        return self.pooling(self.reader(ids, training=training), mask=ids != PAD)

    def logits_of(self, embedded, ids):
        """Logits from `(batch, time, units)` in the place of what `embed` gives of the ids."""
        mask = ids != PAD
        vectors = self.pooling(self.reader.read(embedded, mask), mask=mask)
        return self._logits(vectors, ids)

    def attention(self, ids):
        """How much each token counts in the vector of its text, `(batch, time)`."""
        return self.pooling.weights_of(self.reader(ids), ids != PAD)

    def logits_of_vectors(self, vectors, training=None):
        """The logits that the memory gives."""
        return self.output_layer(self.vector_dropout(vectors, training=training))

    def _logits(self, vectors, ids, training=None):
        logits = self.logits_of_vectors(vectors, training)
        return logits + self.bag(ids, ids != PAD) if self.bag else logits

    def measure(self, inputs, labels, training):
        logits = self.logits_of_vectors(self.vectors(inputs, training), training)
        real = labels >= 0
        labels = tf.maximum(labels, 0)
        losses = log_losses = self._cross_entropy(logits, labels, training=False)
        if training:
            losses = self._cross_entropy(logits, labels, training)
        right = tf.argmax(logits, axis=-1, output_type=labels.dtype) == labels
        sums = {
            "loss": tf.reduce_sum(tf.where(real, losses, 0.0)),
            "log_loss": tf.reduce_sum(tf.where(real, log_losses, 0.0)),
            "accuracy": tf.reduce_sum(tf.cast(right & real, tf.float32)),
        }
        return sums, tf.reduce_sum(tf.cast(real, tf.float32))

    def _cross_entropy(self, logits, labels, training):
        """Smoothed and weighted for training, plain for validation."""
        log_probs = tf.nn.log_softmax(logits)
        losses = -tf.gather(log_probs, labels, batch_dims=1)
        if not training:
            return losses
        smoothing = self.label_smoothing
        if smoothing:
            spread = -tf.reduce_mean(log_probs, axis=-1)
            losses = (1.0 - smoothing) * losses + smoothing * spread
        return losses * tf.gather(tf.constant(self.class_weights), labels)

    def get_config(self):
        return {
            **super().get_config(),
            "reader": self.reader_config,
            "classes": list(self.classes),
            "pooling": self.pooling_mode,
            "phrases": self.longest_phrase,
            "known_phrases": self.known_phrases,
            "dropout": self.dropout,
            "label_smoothing": self.label_smoothing,
            "class_weights": self.class_weights,
        }


def reader_config(config: Config, data: SentimentData) -> dict:
    """The arguments of the `Reader` that the configuration asks for."""
    model = config.model
    width = None
    if config.data.vectors:
        width = read_vectors(config.data.vectors, data.tokenizer.pieces).shape[1]
    return {
        "vocabulary": len(data.tokenizer.pieces),
        "memory": model.memory,
        "units": model.units,
        "embedding_units": width,
        "dropout": model.dropout,
        "word_dropout": model.word_dropout,
        "direction": model.direction,
        "options": model.options,
    }


def build(config: Config, data: SentimentData) -> Classifier:
    """The model of the configuration, with its weights made."""
    known = _phrases(config, data)
    model = Classifier(
        reader_config(config, data),
        data.corpus.classes,
        config.model.pooling,
        phrases=config.model.ngrams,
        known_phrases=len(known.keys) if known else 0,
        dropout=config.model.dropout,
        label_smoothing=config.train.label_smoothing,
        class_weights=data.class_weights,
    )
    model.build()
    take_vectors(config, data, model.reader)
    if known:
        model.bag.take(known)
    return model


def _phrases(config: Config, data: SentimentData) -> KnownPhrases | None:
    if not config.model.ngrams:
        return None
    return fit_phrases(
        data.train.plain(),
        data.validation.plain(),
        config.model.ngrams,
        len(data.corpus.classes),
        balanced=config.train.class_weights,
    )


def finish(config: Config, model: Classifier, data: SentimentData) -> None:
    """Lets the validation texts say how much phrases count beside the memory that is trained."""
    if not model.bag:
        return

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)], autograph=False)
    def both(ids):
        return model.logits_of_vectors(model.vectors(ids)), model.bag.scores(ids, ids != PAD)

    found = [(*both(ids), labels) for ids, labels in data.validation.plain()]
    of_memory, of_phrases, labels = (np.concatenate(part) for part in zip(*found, strict=True))
    real = labels >= 0
    share = fit_share(of_memory[real], of_phrases[real], labels[real])
    model.bag.share.assign(share)
    print(f"Phrases: {model.bag.size:,}, counted {share:.2g} times beside the memory")


def take_vectors(config: Config, data: SentimentData, reader: Reader) -> None:
    """Gives the embeddings of whole words the vectors of a file, if one is named."""
    if not config.data.vectors:
        return
    vectors = read_vectors(config.data.vectors, data.tokenizer.pieces)
    table = keras.ops.convert_to_numpy(reader.embedding.embeddings).copy()
    known = ~np.isnan(vectors[:, 0])
    # As large as the others are, so that no word shouts.
    table[known] = vectors[known] * (table.std() / vectors[known].std())
    reader.embedding.embeddings.assign(table)
