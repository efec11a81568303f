"""Words from a vocabulary or from the source."""

import math

import keras
from keras import ops

NEVER = math.log(1e-30)  # the logarithm of no probability: finite, so that no gradient is NaN


@keras.saving.register_keras_serializable("working_memory")
class PointerGenerator(keras.layers.Layer):
    """Mixes a distribution over the vocabulary with copies of the source (See et al. 2017).

        p_gen = sigmoid(w . [h*; s; x] + b)                            (eq. 8)
        P(w)  = p_gen P_vocab(w) + (1 - p_gen) sum_{i: w_i = w} a_i    (eq. 9)

    See, Liu & Manning, "Get To The Point: Summarization with Pointer-Generator Networks". P is
    over the extended vocabulary: the words of the vocabulary, then `extra_tokens` ids for
    words of the source that the vocabulary lacks, numbered anew for each source. A word that is in
    the vocabulary and in the source gets both parts. The result is log P, in float32 inside; under
    mixed precision give this layer `dtype="float32"`. Where P is 0, an extra id that the source has
    no word for, log P is -69.

    Only the probabilities of the words of the source are touched after the softmax, so the cost is
    that of a log-softmax, and no array of time x source x vocabulary is made.

    A decoder whose inputs are ids reads an extra id as the unknown word:
    `ops.where(ids < vocabulary, ids, unknown)`. For a loss, gather log P at the extended ids of
    the target; as logits it goes to greedy decoding and to beam search, which take it as it is.

    Args:
        extra_tokens: the largest number of words of one source that the vocabulary lacks.

    Call arguments:
        logits: tensor `(batch, time, vocabulary)`, the scores before the softmax.
        attention: tensor `(batch, time, source_time)`, weights that sum to 1; what is missing
            from 1 is missing from P, too.
        source_ids: integer tensor `(batch, source_time)`, extended ids, 0 to vocabulary +
            extra_tokens - 1.
        features: tensor `(batch, time, features)`, what decides between the two: in the paper
            the context h*, the state s and the input x of the decoder, side by side.
        source_mask: boolean tensor `(batch, source_time)`, True = may be copied.

    Returns:
        Log-probabilities `(batch, time, vocabulary + extra_tokens)`.

    Raises:
        ValueError: if `extra_tokens` is not an integer of at least 0.
    """

    def __init__(self, extra_tokens, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(extra_tokens, int) or extra_tokens < 0:
            raise ValueError(
                f"`extra_tokens` must be an integer of at least 0, received {extra_tokens!r}."
            )
        self.extra_tokens = extra_tokens
        self.supports_masking = True

    def build(self, logits_shape, attention_shape, source_ids_shape, features_shape):
        """Create w `(features,)` and b."""
        self.kernel = self.add_weight(shape=(features_shape[-1],), name="kernel")
        self.bias = self.add_weight(shape=(), initializer="zeros", name="bias")

    def call(self, logits, attention, source_ids, features, source_mask=None):
        """Return the log-probabilities; see the class for arguments and results."""
        return self.bind(source_ids, source_mask)(logits, attention, features)

    def bind(self, source_ids, source_mask=None):
        """Prepare a source once, for decoding step by step.

        Args:
            source_ids: integer tensor `(batch, source_time)`, extended ids.
            source_mask: boolean tensor `(batch, source_time)`, True = may be copied.

        Returns:
            Function `mix(logits, attention, features)` that takes tensors `(batch, time, ...)`
            as the layer does, or `(rows, ...)` for one step, and returns log-probabilities with
            the same leading axes. Rows may be a multiple of the batch (a beam): row r then copies
            from source r // (rows / batch).
        """
        ids = ops.cast(source_ids, "int32")
        same = ops.equal(ops.expand_dims(ids, 2), ops.expand_dims(ids, 1))
        if source_mask is not None:
            same = ops.logical_and(same, ops.expand_dims(ops.cast(source_mask, "bool"), 2))
        # same[i, j]: i may be copied, and is the word at j. A word is written where it is first.
        steps = ops.arange(ops.shape(ids)[1], dtype="int32")
        before = ops.expand_dims(steps, 1) < ops.expand_dims(steps, 0)
        repeated = ops.any(ops.logical_and(same, before), axis=1)
        first = ops.logical_not(repeated)
        if source_mask is not None:
            first = ops.logical_and(first, ops.cast(source_mask, "bool"))
        first = ops.cast(ops.expand_dims(first, 1), "float32")
        same = ops.cast(same, "float32")
        kernel = ops.expand_dims(ops.cast(self.kernel, "float32"), -1)
        bias = ops.cast(self.bias, "float32")

        def mix(logits, attention, features):
            parts = [ops.cast(part, "float32") for part in (logits, attention, features)]
            one_step = len(logits.shape) == 2
            if one_step:  # the rows of one source are its steps
                sources = ops.shape(ids)[0]
                parts = [ops.reshape(x, (sources, -1, ops.shape(x)[-1])) for x in parts]
            logits, attention, features = parts
            switch = ops.matmul(features, kernel) + bias
            log_probs = ops.log_softmax(logits) + ops.log_sigmoid(switch)
            copied = ops.matmul(attention, same)
            copied = ops.log(copied + math.exp(NEVER)) + ops.log_sigmoid(-switch)
            log_probs = self._with_copies(log_probs, copied, first, ids)
            log_probs = ops.cast(log_probs, self.compute_dtype)
            if one_step:
                log_probs = ops.reshape(log_probs, (-1, log_probs.shape[-1]))
            return log_probs

        return mix

    def _with_copies(self, log_probs, copied, first, ids):
        """Add probabilities at the words of the source.

        Args:
            log_probs: tensor `(batch, time, vocabulary)`.
            copied: tensor `(batch, time, source_time)`, what is to be added, as logarithms.
            first: tensor `(batch, 1, source_time)`, 1 where a word is to be written, else 0.
            ids: integer tensor `(batch, source_time)`, the words.

        Returns:
            Tensor `(batch, time, vocabulary + extra_tokens)`.
        """
        extra = [(0, 0), (0, 0), (0, self.extra_tokens)]
        log_probs = ops.pad(log_probs, extra, constant_values=NEVER)
        batch_size, time, size = ops.shape(log_probs)
        source_time = ops.shape(ids)[1]
        ids = ops.broadcast_to(ops.expand_dims(ids, 1), (batch_size, time, source_time))
        generated = ops.take_along_axis(log_probs, ids, axis=2)
        # Added as a difference to what stands there, once for each word, so all else stays exact.
        difference = (ops.logaddexp(generated, copied) - generated) * first
        rows = ops.expand_dims(ops.arange(batch_size * time, dtype="int32"), 1)
        rows = ops.broadcast_to(rows, (batch_size * time, source_time))
        places = ops.stack([ops.reshape(rows, (-1,)), ops.reshape(ids, (-1,))], axis=-1)
        added = ops.scatter_update(
            ops.reshape(log_probs, (-1, size)),
            places,
            ops.reshape(difference, (-1,)),
            reduction="add",
        )
        return ops.reshape(added, (batch_size, time, size))

    def compute_output_shape(
        self, logits_shape, attention_shape=None, source_ids_shape=None, features_shape=None
    ):
        """Return the shape of the log-probabilities."""
        return (*logits_shape[:-1], logits_shape[-1] + self.extra_tokens)

    def get_config(self):
        """Return the constructor's arguments."""
        return {**super().get_config(), "extra_tokens": self.extra_tokens}
