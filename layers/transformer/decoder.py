"""A Transformer that decodes beside a memory."""

import keras
from keras import ops

from layers.transformer import decoding_state
from layers.transformer.decoder_block import TransformerDecoderBlock
from layers.transformer.stack import TransformerStack


@keras.saving.register_keras_serializable("working_memory")
class TransformerDecoder(TransformerStack):
    """Positions, a stack of decoder blocks, a last normalization.

    Vaswani et al. (2017, section 3.1), by default with the normalization first in each block.

    Call arguments (all steps at once; no position sees a later one):
        inputs: `(batch, time, units)`.
        memory: `(batch, memory_time, memory_features)`.
        mask: `(batch, time)`, True where a position is real. Padding that comes last needs none.
        memory_mask: `(batch, memory_time)`, True where a position of the memory may be seen.
        training: whether to drop.
        return_attention_scores: whether to return the scores of the last block's attention to
            the memory too, `(batch, heads, time, memory_time)`.

    The output is `(batch, time, units)`. Constructor arguments: see `TransformerStack`. `begin`
    gives the same numbers step by step.
    """

    block_class = TransformerDecoderBlock

    def build(self, inputs_shape, memory_shape):
        self.build_stack(inputs_shape, memory_shape)

    def call(
        self,
        inputs,
        memory,
        mask=None,
        memory_mask=None,
        training=None,
        return_attention_scores=False,
    ):
        outputs = self.enter(inputs)
        for block in self.blocks:
            # Scores keep the backend from its fused attention, and only the last are wanted.
            with_scores = return_attention_scores and block is self.blocks[-1]
            outputs = block(
                outputs,
                memory,
                mask=mask,
                memory_mask=memory_mask,
                training=training,
                return_attention_scores=with_scores,
            )
        if return_attention_scores:
            outputs, scores = outputs
        outputs = self.leave(outputs)
        return (outputs, scores) if return_attention_scores else outputs

    def begin(self, memory, memory_mask=None, max_length=None, return_attention_scores=False):
        """Starts decoding step by step, for inference.

        The keys and values of the memory are computed here, once, and `step` holds them. `state`
        is what changes: for every row its step number, and the keys and values of its own past,
        with room for `max_length` steps. All rows are always at the same step. The rows of
        `state` may be repeated, each sentence's beside each other, and gathered within a
        sentence: with `beam` rows for each, row r belongs to sentence r // beam. `step` has the
        attributes that `layers.decoding.states` describes, which spare a search most of that.

        Args:
            memory: `(batch, memory_time, memory_features)`.
            memory_mask: `(batch, memory_time)`.
            max_length: largest number of steps, at least the `max_length` of a search: a step more
                would overwrite the last. A search makes the room that it needs by itself where
                it finds `step.resize`, as it does in a function around `step` that is wrapped
                by `functools.wraps(step)`.
            return_attention_scores: whether steps return the weights on the memory too, the mean
                over the heads of the scores of the last block.

        Returns:
            `(step, state)`: `step(inputs, state)` takes inputs `(rows, units)` and returns the
            outputs `(rows, units)` and the new state; with scores it returns a triple, whose last
            part is the weights `(rows, memory_time)`. At first rows == batch.

        Raises:
            ValueError: if `max_length` is not given, or the layer was never called.
        """
        if max_length is None or max_length <= 0:
            raise ValueError(f"`max_length` must be a positive integer, got {max_length}.")
        if not self.built:
            raise ValueError(f"Call or build {self.name} before decoding step by step.")
        projected = tuple(block.project_memory(memory) for block in self.blocks)
        rows = ops.shape(memory)[0]
        state = decoding_state.begin(self.blocks, rows, max_length)

        def step(inputs, state):
            position = state["position"]
            # Cast here, as this runs outside of `call`, where Keras casts the inputs.
            inputs = ops.cast(inputs, self.compute_dtype)
            outputs = self.enter(inputs[:, None], offset=position)[:, 0]
            caches = []
            parts = zip(self.blocks, state["caches"], projected, strict=True)
            for block, cache, keys_values in parts:
                with_scores = return_attention_scores and block is self.blocks[-1]
                outputs, cache, *scores = block.step(
                    outputs,
                    cache,
                    position[0],
                    keys_values,
                    memory_mask,
                    with_scores,
                    state.get("places"),
                )
                caches.append(cache)
            outputs = self.leave(outputs)
            state = {**state, "position": position + 1, "caches": tuple(caches)}
            if not return_attention_scores:
                return outputs, state
            return outputs, state, ops.mean(scores[0], axis=1)

        step.repeat = decoding_state.repeat
        step.reorder = decoding_state.reorder
        step.resize = decoding_state.resize
        return step, state

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
        shape = (inputs.shape[0], self.heads, inputs.shape[1], memory.shape[1])
        return outputs, keras.KerasTensor(shape, dtype=self.compute_dtype)

    def compute_output_shape(self, inputs_shape, memory_shape=None):
        return tuple(inputs_shape)
