"""One layer of a Transformer decoder."""

import keras
from keras import ops

from layers.dropout import ByteDropout, derive_seeds
from layers.transformer.block import TransformerBlock


@keras.saving.register_keras_serializable("working_memory")
class TransformerDecoderBlock(TransformerBlock):
    """Causal self-attention, attention to a memory, and a feed-forward network.

    Vaswani et al. (2017, section 3.1), by default with the normalization first:

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

    Constructor arguments: see `TransformerBlock`; positions and window are those of the
    self-attention, the attention to the memory has neither.
    """

    def build(self, inputs_shape, memory_shape):
        units, dtype = inputs_shape[-1], self.dtype_policy
        seeds = derive_seeds(self.seed, 6)
        self.self_norm = self.make_norm("self_norm")
        self.self_attention = self.make_attention(
            units, seeds[0], positions=self.positions, window=self.window, name="self_attention"
        )
        self.self_drop = ByteDropout(self.dropout, seeds[1], dtype=dtype)
        self.memory_norm = self.make_norm("memory_norm")
        self.memory_attention = self.make_attention(units, seeds[2], name="memory_attention")
        self.memory_drop = ByteDropout(self.dropout, seeds[3], dtype=dtype)
        self.forward_norm = self.make_norm("forward_norm")
        self.feed_forward = self.make_feed_forward(seeds[4])
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
        normal = self.enter(self.self_norm, inputs)
        branch = self.self_attention(
            normal, normal, value_mask=mask, use_causal_mask=True, training=training
        )
        branch = self.self_drop(branch, training=training)
        outputs = self.leave(self.self_norm, inputs, branch)
        branch = self.memory_attention(
            self.enter(self.memory_norm, outputs),
            memory,
            value_mask=memory_mask,
            return_attention_scores=return_attention_scores,
            training=training,
        )
        if return_attention_scores:
            branch, scores = branch
        branch = self.memory_drop(branch, training=training)
        outputs = self.leave(self.memory_norm, outputs, branch)
        branch = self.feed_forward(self.enter(self.forward_norm, outputs), training=training)
        branch = self.forward_drop(branch, training=training)
        outputs = self.leave(self.forward_norm, outputs, branch)
        return (outputs, scores) if return_attention_scores else outputs

    def project_memory(self, memory):
        """Returns the keys and values of the memory, see `MultiHeadAttention.project_memory`."""
        return self.memory_attention.project_memory(memory)

    def begin_cache(self, rows, max_length):
        """Returns an empty cache, see `MultiHeadAttention.begin_cache`."""
        return self.self_attention.begin_cache(rows, max_length)

    def step(
        self,
        inputs,
        cache,
        position,
        projected,
        memory_mask=None,
        return_attention_scores=False,
        places=None,
    ):
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
            return_attention_scores: whether to return the scores of the attention to the memory
                too, `(rows, num_heads, memory_time)`.
            places: see `MultiHeadAttention.step`.

        Returns:
            The outputs `(rows, features)` and the new cache; with scores a triple.
        """
        normal = self.enter(self.self_norm, inputs)
        branch, cache = self.self_attention.step(normal, cache, position, places)
        outputs = self.leave(self.self_norm, inputs, branch)
        keys, values = projected
        rows, units = ops.shape(outputs)
        normal = self.enter(self.memory_norm, outputs)
        queries = ops.reshape(normal, (ops.shape(keys)[0], -1, units))
        if memory_mask is not None:
            memory_mask = memory_mask[:, None]
        branch = self.memory_attention.attend(
            queries, keys, values, memory_mask, return_attention_scores
        )
        if return_attention_scores:
            branch, scores = branch
        branch = ops.reshape(branch, (rows, units))
        outputs = self.leave(self.memory_norm, outputs, branch)
        branch = self.feed_forward(self.enter(self.forward_norm, outputs))
        outputs = self.leave(self.forward_norm, outputs, branch)
        if not return_attention_scores:
            return outputs, cache
        scores = ops.transpose(scores, (0, 2, 1, 3))
        return outputs, cache, ops.reshape(scores, (rows, self.num_heads, ops.shape(values)[2]))

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
