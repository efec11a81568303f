"""The loop over time: a step function, run over a sequence, with masks."""

from typing import Any, NamedTuple

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
        inputs: tensor `(batch, time, ...)`.
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
    states = list(states)
    if mask is None:
        masked_step, sequences = step, inputs
    elif zero_output_for_mask:
        masked_step, sequences = _keep_states(step), _Masked(inputs, _columns(mask))
    else:
        states = [_no_output(step, inputs, states), *states]
        masked_step, sequences = _keep_output(step), _Masked(inputs, _columns(mask))
    loop = keras.layers.RNN(
        _StepCell(masked_step),
        return_sequences=return_all_outputs,
        go_backwards=go_backwards,
        unroll=unroll,
        name="loop",
    )
    last_output, outputs, states = loop.inner_loop(sequences, states, mask=None)
    if mask is not None and zero_output_for_mask:
        keep = ops.flip(_columns(mask), axis=1) if go_backwards else _columns(mask)
        last_output = _choose(keep[:, -1], last_output, ops.zeros_like(last_output))
        if return_all_outputs:
            outputs = _choose(keep, outputs, ops.zeros_like(outputs))
    elif mask is not None:
        states = states[1:]
    return last_output, outputs, list(states)


class _Masked(NamedTuple):
    """The inputs and the mask of a sequence, cut into steps together by the loop."""

    inputs: Any
    keep: Any

    @property
    def shape(self):
        """The shape of the inputs, which is what the loop asks a sequence for."""
        return self.inputs.shape


class _StepCell:
    """A step function as the least that `keras.layers.RNN` takes for a cell."""

    state_size = 1

    def __init__(self, step):
        self.call = self.step = step

    def __call__(self, inputs, states):
        return self.step(inputs, list(states))


def _keep_states(step):
    """Let a step leave the states alone where the mask is False."""

    def masked_step(sequences, states):
        output, new_states = step(sequences.inputs, states)
        pairs = zip(new_states, states, strict=True)
        return output, [_choose(sequences.keep, new, old) for new, old in pairs]

    return masked_step


def _keep_output(step):
    """Let a step leave the output alone, too; the output before comes as the first state."""
    keep_states = _keep_states(step)

    def masked_step(sequences, states):
        before, *states = states
        output, new_states = keep_states(sequences, states)
        output = _choose(sequences.keep, output, before)
        return output, [output, *new_states]

    return masked_step


def _no_output(step, inputs, states):
    """Return zeros like the output of a step; of the step itself only the shape is used."""
    output, _ = step(inputs[:, 0], states)
    return ops.zeros((ops.shape(inputs)[0], *ops.shape(output)[1:]), output.dtype)


def _columns(mask):
    return ops.expand_dims(ops.cast(mask, "bool"), -1)


def _choose(keep, one, other):
    for _ in range(len(one.shape) - len(keep.shape)):
        keep = ops.expand_dims(keep, -1)
    return ops.where(keep, one, other)
