"""A Transformer that remembers the segments before."""

import keras
from keras import ops

from layers.transformer.encoder_block import TransformerEncoderBlock
from layers.transformer.stack import TransformerStack


@keras.saving.register_keras_serializable("working_memory")
class SegmentMemoryBlock(TransformerEncoderBlock):
    """An encoder block that is causal and attends to a memory, too.

    The queries are the inputs, keys and values come from memory and inputs (Dai et al., 2019,
    section 3.2); no gradient reaches the memory.

    Call arguments:
        inputs: `(batch, time, features)`.
        memory: `(batch, memory_time, features)`, what the block was given at the positions
            before.
        mask: `(batch, time)`, True where a position is real. Others are not seen.
        memory_mask: `(batch, memory_time)`, the same for the memory.
        training: whether to drop.

    The output has the shape of the inputs. Constructor arguments: see `TransformerBlock`.
    """

    def build(self, inputs_shape, memory_shape=None):
        super().build(inputs_shape)

    def call(self, inputs, memory, mask=None, memory_mask=None, training=None):
        memory_time = ops.shape(memory)[1]
        whole = ops.concatenate([ops.stop_gradient(memory), inputs], axis=1)
        normal = self.enter(self.attention_norm, whole)
        branch = self.attention(
            normal[:, memory_time:],
            normal,
            value_mask=joined(memory, memory_mask, inputs, mask),
            use_causal_mask=True,
            offset=memory_time,
            training=training,
        )
        return self.finish(inputs, branch, training)

    def compute_output_shape(self, inputs_shape, memory_shape=None):
        return tuple(inputs_shape)


@keras.saving.register_keras_serializable("working_memory")
class SegmentMemoryTransformer(TransformerStack):
    """A causal stack whose memory reaches beyond the segment: Transformer-XL (Dai et al., 2019).

    A long sequence is cut into segments. Every block sees what it was given at the last
    `memory_length` positions before the segment, beside the segment itself (section 3.2), and
    knows positions by their distance (section 3.3); so n blocks reach back n * memory_length
    positions. Gradients end where the segment begins. u, v and W_kR are each block's own.

        memory = layer.begin_memory(batch)
        for segment in segments:
            outputs, memory = layer(segment, memory)

    While everything before fits in the memory, this equals the sequence run as one segment.

    Call arguments:
        inputs: `(batch, time, units)`, one segment, of any length.
        memory: as `begin_memory` or the call for the segment before returned it; None at the
            start of a sequence.
        mask: `(batch, time)`, True where a position is real. Others are not seen, then or later,
            but count as distance.
        training: whether to drop.

    The output is the pair of `(batch, time, units)` and the memory for the next segment, a dict:
    "states", for each block what it was given, `(batch, memory_length, units)`, zeros where
    nothing real stood, and "mask", `(batch, memory_length)`, which says where.

    Args:
        units: width of inputs and outputs.
        memory_length: number of positions that are remembered.
        positions: "relative", "rotary", "alibi" or None. Sinusoidal ones would begin anew in
            every segment.
        kwargs: the other constructor arguments, see `TransformerStack`.

    Raises:
        ValueError: if `memory_length` is not positive, or `positions` is not one of these.
    """

    block_class = SegmentMemoryBlock

    def __init__(self, units, memory_length, positions="relative", **kwargs):
        super().__init__(units, positions=positions, **kwargs)
        if memory_length <= 0:
            raise ValueError(f"`memory_length` must be positive, got {memory_length}.")
        if positions == "sinusoidal":
            raise ValueError(
                "A memory of segments needs `positions` that are distances, 'relative', 'rotary' "
                "or 'alibi', or None, got 'sinusoidal'."
            )
        self.memory_length = memory_length

    def build(self, inputs_shape, memory_shape=None):
        self.build_stack(inputs_shape)

    def begin_memory(self, batch):
        """Returns the empty memory of `batch` sequences."""
        shape = (batch, self.memory_length)
        empty = ops.zeros((*shape, self.units), dtype=self.compute_dtype)
        return {"states": (empty,) * self.layers, "mask": ops.zeros(shape, dtype="bool")}

    def call(self, inputs, memory=None, mask=None, training=None):
        if memory is None:
            memory = self.begin_memory(ops.shape(inputs)[0])
        outputs, states, old_mask = inputs, [], memory["mask"]
        for block, old in zip(self.blocks, memory["states"], strict=True):
            given = outputs
            if mask is not None:
                given = ops.where(ops.cast(mask, "bool")[:, :, None], given, 0)
            states.append(self._last(ops.concatenate([old, given], axis=1)))
            outputs = block(outputs, old, mask=mask, memory_mask=old_mask, training=training)
        seen = self._last(joined(memory["states"][0], old_mask, inputs, mask))
        return self.leave(outputs), {"states": tuple(states), "mask": seen}

    def _last(self, x):
        """What is at the last positions; they are to stay as they are, so no gradient passes."""
        return ops.stop_gradient(x[:, -self.memory_length :])

    def compute_output_shape(self, inputs_shape, memory_shape=None):
        shape = (inputs_shape[0], self.memory_length)
        states = tuple((*shape, self.units) for _ in range(self.layers))
        return tuple(inputs_shape), {"states": states, "mask": shape}

    def compute_output_spec(self, inputs, memory=None, mask=None, training=None):
        outputs, memory = self.compute_output_shape(inputs.shape)
        states = tuple(keras.KerasTensor(x, dtype=self.compute_dtype) for x in memory["states"])
        memory = {"states": states, "mask": keras.KerasTensor(memory["mask"], dtype="bool")}
        return keras.KerasTensor(outputs, dtype=self.compute_dtype), memory

    def get_config(self):
        return {**super().get_config(), "memory_length": self.memory_length}


def joined(memory, memory_mask, inputs, mask):
    """The mask of memory and inputs one after the other, None if neither has one."""
    if memory_mask is None and mask is None:
        return None
    masks = [
        ops.ones(ops.shape(x)[:2], dtype="bool") if each is None else ops.cast(each, "bool")
        for x, each in ((memory, memory_mask), (inputs, mask))
    ]
    return ops.concatenate(masks, axis=1)
