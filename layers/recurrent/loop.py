"""The loop over time: a step function, run over a sequence, with masks."""

from collections import namedtuple

import keras
from keras import ops


def run(
    step,
    inputs,
    states,
    mask=None,
    go_backwards=False,
    unroll=False,
    zero_output_for_mask=False,
    return_all_outputs=True,
):
    """Run a step function over a sequence.

    The loop is that of `keras.layers.RNN` for each backend. The masks are applied here, so that
    they mean the same on every backend and for states of every rank (the loop of Keras on JAX
    takes the first state for the output and every state for a vector).

    Args:
        step: function `(inputs, states) -> (output, new_states)` for one step.
        inputs: tensor `(batch, time, ...)`, or a tuple of such tensors.
        states: list of tensors `(batch, ...)`, the states before the first step.
        mask: boolean tensor `(batch, time)`, True = keep. Where it is False, all states stay as
            they were, and the output is that of the step before (zeros before the first).
        go_backwards: run from the last step to the first; the outputs are in the order of the run.
        unroll: write the steps out, one after the other. Needs a static number of steps.
        zero_output_for_mask: whether the output is zero where the mask is False.
        return_all_outputs: whether all outputs are asked for.

    Returns:
        `(last_output, outputs, states)`: tensors `(batch, ...)` and `(batch, time, ...)`, and the
        list of the last states. `outputs` means nothing unless `return_all_outputs`.
    """
    states, parts = list(states), inputs if isinstance(inputs, tuple) else (inputs,)
    looped = step if isinstance(inputs, tuple) else _take_one(step)
    if mask is not None:
        keep = ops.expand_dims(ops.cast(mask, "bool"), -1)
        if zero_output_for_mask:
            looped = _keep_states(looped)
        else:
            states = [_no_output(looped, parts, states), *states]
            looped = _keep_output(looped)
        parts = (*parts, keep)
    loop = keras.layers.RNN(
        _StepCell(looped),
        return_sequences=return_all_outputs,
        go_backwards=go_backwards,
        unroll=unroll,
        name="loop",
    )
    last_output, outputs, states = loop.inner_loop(_bundle(parts), states, mask=None)
    if mask is not None and zero_output_for_mask:
        keep = ops.flip(keep, axis=1) if go_backwards else keep
        last_output = choose(keep[:, -1], last_output, ops.zeros_like(last_output))
        if return_all_outputs:
            outputs = choose(keep, outputs, ops.zeros_like(outputs))
    elif mask is not None:
        states = states[1:]
    return last_output, outputs, list(states)


def hold(outputs, mask):
    """Repeat the output of the last step kept where a mask is False (zeros before the first).

    Args:
        outputs: tensor `(batch, time, features)`.
        mask: boolean tensor `(batch, time)`, True = keep.

    Returns:
        Tensor like `outputs`.
    """
    mask = ops.cast(mask, "bool")
    time = ops.shape(mask)[1]
    steps = ops.broadcast_to(ops.arange(time, dtype="int32"), ops.shape(mask))
    kept_first = ops.sort(ops.where(mask, steps, time), axis=1)
    count = ops.cumsum(ops.cast(mask, "int32"), axis=1)
    last = ops.take_along_axis(kept_first, ops.maximum(count - 1, 0), axis=1)
    last = ops.expand_dims(ops.minimum(last, time - 1), -1)
    held = ops.take_along_axis(outputs, last, axis=1)
    return ops.where(ops.expand_dims(count > 0, -1), held, ops.zeros_like(held))


def choose(keep, one, other):
    """Select by a boolean tensor `(..., 1)` whose further axes of size 1 may be left out."""
    for _ in range(len(one.shape) - len(keep.shape)):
        keep = ops.expand_dims(keep, -1)
    return ops.where(keep, one, other)


class _Shaped:
    """Gives a tuple of sequences the shape of its first, which the loop of Keras asks for."""

    @property
    def shape(self):
        return self[0].shape


def _bundle(parts):
    """Return sequences as one, a nest that every backend cuts into steps."""
    names = [f"part_{index}" for index in range(len(parts))]
    return type("Sequences", (_Shaped, namedtuple("Sequences", names)), {})(*parts)


class _StepCell:
    """A step function as the least that `keras.layers.RNN` takes for a cell."""

    state_size = 1

    def __init__(self, step):
        self.call = self.step = step

    def __call__(self, parts, states):
        return self.step(tuple(parts), list(states))


def _take_one(step):
    return lambda parts, states: step(parts[0], states)


def _keep_states(step):
    """Let a step leave the states alone where the mask, the last part, is False."""

    def masked_step(parts, states):
        *parts, keep = parts
        output, new_states = step(tuple(parts), states)
        pairs = zip(new_states, states, strict=True)
        return output, [choose(keep, new, old) for new, old in pairs]

    return masked_step


def _keep_output(step):
    """Let a step leave the output alone, too; the output before comes as the first state."""
    keep_states = _keep_states(step)

    def masked_step(parts, states):
        before, *states = states
        output, new_states = keep_states(parts, states)
        output = choose(parts[-1], output, before)
        return output, [output, *new_states]

    return masked_step


def _no_output(step, parts, states):
    """Return zeros like the output of a step; of the step itself only the shape is used."""
    output, _ = step(tuple(part[:, 0] for part in parts), states)
    return ops.zeros_like(output)
