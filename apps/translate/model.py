"""The model: shared embeddings, a memory that encodes, a memory that decodes."""

from functools import wraps

import keras
import tensorflow as tf
from keras import ops

from data.tokenizer import PAD
from layers import catalogue
from layers.dropout import ByteDropout

from ..harness.loss import token_losses
from ..harness.model import TrainableModel


@keras.saving.register_keras_serializable(package=__package__)  # a copied app has its own
class Translator(TrainableModel):
    """An encoder-decoder over token ids; which memory it uses is a name.

    Source, target and output share one embedding matrix (Press and Wolf 2017).

    Args:
        vocabulary: number of token ids.
        memory: a name of `layers/catalogue.py`.
        units: width of embeddings and memories.
        dropout: rate, on the embeddings and inside the memories.
        options: options of the memory.
        label_smoothing: share of the target probability spread over the vocabulary.
    """

    measurements = ("loss", "nll", "accuracy")

    def __init__(
        self,
        vocabulary,
        memory,
        units,
        dropout=0.0,
        options=None,
        label_smoothing=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary = vocabulary
        self.memory = memory
        self.units = units
        self.dropout = dropout
        self.options = dict(options or {})
        self.label_smoothing = label_smoothing
        self.embedding = keras.layers.Embedding(
            vocabulary,
            units,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=units**-0.5),
            dtype=self.dtype_policy,
        )
        self.embedding_dropout = ByteDropout(dropout, dtype=self.dtype_policy)
        of_memory = {"units": units, "dropout": dropout, **self.options}
        self.encoder = catalogue.build(memory, "encode", of_memory, self.dtype_policy)
        self.decoder = catalogue.build(memory, "decode", of_memory, self.dtype_policy)

    def build(self, input_shape=None):
        self.embedding.build((None, None))
        # Calling a layer on a symbolic tensor builds it, whatever the arguments of its `build`.
        features = keras.Input((None, self.units))
        self.decoder(features, self.encoder(features))
        self.built = True

    def call(self, inputs, training=None):
        """Logits `(batch, time, vocabulary)` of `{"source": ids, "target": ids}`."""
        return self.logits(self._hidden(inputs, training))

    def measure(self, inputs, labels, training):
        hidden = self._hidden(inputs, training)
        real = labels != PAD
        weights = tf.cast(real, tf.float32)
        items = tf.reduce_sum(weights)
        # No logits for padding, but XLA wants fixed shapes: there it counts 0.
        hidden, labels, weights = (
            tf.reshape(x, (-1, *x.shape[2:])) if self.jit_compile else tf.boolean_mask(x, real)
            for x in (hidden, labels, weights)
        )
        losses = token_losses(
            hidden, self.embedding.embeddings, labels, weights, self.label_smoothing
        )
        return dict(zip(self.measurements, losses, strict=True)), items

    def encode(self, source, training=None):
        """`(memory (batch, time, units), memory_mask (batch, time))` of source ids."""
        mask = source != PAD
        return self.encoder(self._embed(source, training), mask=mask, training=training), mask

    def begin(self, source, max_length, return_attention_scores=False):
        """Starts decoding: `(step, state)` for `layers.decoding`, encoding the source once.

        On request the step returns the attention to the source, `(rows, source time)`, as well.
        """
        step, state = self.decoder.begin(
            *self.encode(source),
            max_length=max_length,
            return_attention_scores=return_attention_scores,
        )

        @wraps(step)  # with what it says about its state
        def next_logits(tokens, state):
            outputs, *rest = step(self._embed(tokens), state)
            return (self.logits(outputs), *rest)

        return next_logits, state

    def attention(self, source, target):
        """Attention of the decoder to the source, `(batch, heads, target time, source time)`."""
        memory, mask = self.encode(source)
        _, scores = self.decoder(
            self._embed(target), memory, memory_mask=mask, return_attention_scores=True
        )
        return scores

    def logits(self, hidden):
        """Unnormalised log-probabilities of the tokens, `(..., vocabulary)`."""
        matrix = ops.cast(self.embedding.embeddings, hidden.dtype)
        return ops.matmul(hidden, ops.transpose(matrix))

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary": self.vocabulary,
            "memory": self.memory,
            "units": self.units,
            "dropout": self.dropout,
            "options": self.options,
            "label_smoothing": self.label_smoothing,
        }

    def _hidden(self, inputs, training):
        # No mask for the target: its padding comes last, where no causal decoder looks back from
        # a real token, and the loss leaves it out.
        memory, mask = self.encode(inputs["source"], training)
        target = self._embed(inputs["target"], training)
        return self.decoder(target, memory, memory_mask=mask, training=training)

    def _embed(self, ids, training=None):
        # Rows of length about 1, as the output layer needs them, become entries of size about 1.
        vectors = self.embedding(ids) * self.units**0.5
        return self.embedding_dropout(vectors, training=training)


def build(config, data) -> Translator:
    """The model of the configuration, with its weights made."""
    model = Translator(
        vocabulary=len(data.tokenizer.pieces),
        memory=config.model.memory,
        units=config.model.units,
        dropout=config.model.dropout,
        options=config.model.options,
        label_smoothing=config.train.label_smoothing,
    )
    model.build()
    return model
