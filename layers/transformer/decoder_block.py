"""One layer of a Transformer decoder."""

import keras
from keras import ops

from layers.attention.multi_head import MultiHeadAttention
from layers.dropout import ByteDropout, derive_seeds
from layers.transformer.encoder_block import head_width
from layers.transformer.feed_forward import FeedForward


@keras.saving.register_keras_serializable("working_memory")
class TransformerDecoderBlock(keras.layers.Layer):
    """Causal self-attention, attention to a memory, and a feed-forward network.

    Each is a residual branch with the layer normalization first (pre-norm, Xiong et al., 2020;
    Vaswani et al., 2017, section 3.1, have it after the sum):

        x = x + dropout(self_attention(norm(x)))
        x = x + dropout(memory_attention(norm(x), memory))
        x = x + dropout(feed_forward(norm(x)))

    Call arguments:
        inputs: `(batch, time, features)`.
        memory: `(batch, memory_time, memory_features)`.
        mask: `(batch, time)`, True where a position is real. Padding that comes last needs no
            mask, as no position sees those after it.
        memory_mask: `(batch, memory_time)`, True where a position of the memory may be seen.
        training: whether to drop.
        return_attention_scores: whether to return the scores of the attention to the memory too,
            `(batch, num_heads, time, memory_time)`.

    The output has the shape of the inputs. Step by step, with the same numbers:

        projected = block.project_memory(memory)                  # once per sentence
        cache = block.begin_cache(rows, max_length)
        outputs, cache = block.step(inputs, cache, position, projected, memory_mask)

    Args:
        num_heads: number of attention heads; divides the features.
        hidden_units: width of the hidden layer of the feed-forward network.
        dropout: rate on the residual branches, the one place where Vaswani et al. (2017, section
            5.4) drop inside of a block.
        attention_dropout: rate of dropout of the attention probabilities.
        hidden_dropout: rate of dropout of the hidden layer of the feed-forward network.
        seed: integer seed of the dropout.

    Raises:
        ValueError: if the features are not a multiple of `num_heads`.
    """

    def __init__(
        self,
        num_heads,
        hidden_units,
        dropout=0.0,
        attention_dropout=0.0,
        hidden_dropout=0.0,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.hidden_units = hidden_units
        self.dropout = dropout
        self.attention_dropout = attention_dropout
        self.hidden_dropout = hidden_dropout
        self.seed = seed
        self.supports_masking = True

    def build(self, inputs_shape, memory_shape):
        width = head_width(inputs_shape[-1], self.num_heads)
        dtype = self.dtype_policy
        seeds = derive_seeds(self.seed, 6)

        def attention(seed, name):
            return MultiHeadAttention(
                self.num_heads,
                width,
                dropout=self.attention_dropout,
                seed=seed,
                dtype=dtype,
                name=name,
            )

        self.self_norm = keras.layers.LayerNormalization(dtype=dtype, name="self_norm")
        self.self_attention = attention(seeds[0], "self_attention")
        self.self_drop = ByteDropout(self.dropout, seeds[1], dtype=dtype)
        self.memory_norm = keras.layers.LayerNormalization(dtype=dtype, name="memory_norm")
        self.memory_attention = attention(seeds[2], "memory_attention")
        self.memory_drop = ByteDropout(self.dropout, seeds[3], dtype=dtype)
        self.forward_norm = keras.layers.LayerNormalization(dtype=dtype, name="forward_norm")
        self.feed_forward = FeedForward(
            self.hidden_units, self.hidden_dropout, seeds[4], dtype=dtype
        )
        self.forward_drop = ByteDropout(self.dropout, seeds[5], dtype=dtype)
        self.self_norm.build(inputs_shape)
        self.self_attention.build(inputs_shape, inputs_shape)
        self.memory_norm.build(inputs_shape)
        self.memory_attention.build(inputs_shape, memory_shape)
        self.forward_norm.build(inputs_shape)
        self.feed_forward.build(inputs_shape)

    def call(
        self,
        inputs,
        memory,
        mask=None,
        memory_mask=None,
        training=None,
        return_attention_scores=False,
    ):
        normal = self.self_norm(inputs)
        branch = self.self_attention(
            normal, normal, value_mask=mask, use_causal_mask=True, training=training
        )
        outputs = inputs + self.self_drop(branch, training=training)
        branch, scores = self.memory_attention(
            self.memory_norm(outputs),
            memory,
            value_mask=memory_mask,
            return_attention_scores=True,
            training=training,
        )
        outputs = outputs + self.memory_drop(branch, training=training)
        branch = self.feed_forward(self.forward_norm(outputs), training=training)
        outputs = outputs + self.forward_drop(branch, training=training)
        return (outputs, scores) if return_attention_scores else outputs

    def project_memory(self, memory):
        """Returns the keys and values of the memory, see `MultiHeadAttention.project_memory`."""
        return self.memory_attention.project_memory(memory)

    def begin_cache(self, rows, max_length):
        """Returns an empty cache, see `MultiHeadAttention.begin_cache`."""
        return self.self_attention.begin_cache(rows, max_length)

    def step(self, inputs, cache, position, projected, memory_mask=None):
        """One position of the call, for inference.

        Rows may be a multiple of the sentences, as in beam search: with `beam` rows for each
        sentence, row r belongs to sentence r // beam, and the rows of a sentence query its memory
        together, so that the memory is never repeated.

        Args:
            inputs: `(rows, features)`.
            cache: as `begin_cache` or the step before returned it.
            position: integer scalar, the number of steps before this one.
            projected: as `project_memory` returned it, for `batch` sentences.
            memory_mask: `(batch, memory_time)`.

        Returns:
            The outputs `(rows, features)` and the new cache.
        """
        branch, cache = self.self_attention.step(self.self_norm(inputs), cache, position)
        outputs = inputs + branch
        keys, values = projected
        rows, units = ops.shape(outputs)
        queries = ops.reshape(self.memory_norm(outputs), (ops.shape(keys)[0], -1, units))
        if memory_mask is not None:
            memory_mask = ops.cast(memory_mask, "bool")[:, None]
        branch = self.memory_attention.attend(queries, keys, values, memory_mask)
        outputs = outputs + ops.reshape(branch, (rows, units))
        return outputs + self.feed_forward(self.forward_norm(outputs)), cache

    def compute_output_spec(
        self,
        inputs,
        memory,
        mask=None,
        memory_mask=None,
        training=None,
        return_attention_scores=False,
    ):
        outputs = keras.KerasTensor(inputs.shape, dtype=self.compute_dtype)
        if not return_attention_scores:
            return outputs
        shape = (inputs.shape[0], self.num_heads, inputs.shape[1], memory.shape[1])
        return outputs, keras.KerasTensor(shape, dtype=self.compute_dtype)

    def compute_output_shape(self, inputs_shape, memory_shape=None):
        return tuple(inputs_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "hidden_units": self.hidden_units,
            "dropout": self.dropout,
            "attention_dropout": self.attention_dropout,
            "hidden_dropout": self.hidden_dropout,
            "seed": self.seed,
        }
