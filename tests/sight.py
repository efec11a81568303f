"""What an output sees of its inputs, found by changing them and by gradients.

The case is copied along the batch, one copy for each position of inputs and outputs, so that two
calls answer for all positions. Rows that look into each other are found out by this, too.
"""

import keras
import numpy as np
from contract_parts import tensors_of
from keras import ops

LOUD = 1e4  # what stands where nobody looks
TINY = 1e-7  # what is seen counts for more, in float32


def assert_sees(call, inputs, name, seen, noticed=None, gradients=None):
    """Assert that outputs depend on what they may see, on all of it, and on nothing else.

    Each step alone is changed a little: what sees it changes, all else stays the same. Then all
    that an output must not see is changed a lot: it stays the same. Exactly so, since in a call of
    the same shape the same sums are taken in the same order, and a large number times a weight
    of zero is zero. And the gradient of an output is zero but where it sees.

    Args:
        call: function of a dict of tensors `(batch, ...)` that returns `(batch, time, units)`.
        inputs: dict of arrays `(batch, ...)`.
        name: the input that is looked at, `(batch, steps, features)`.
        seen: `(batch, time, steps)`, True where an output may see a step.
        noticed: the part of `seen` whose change must show; all of it if None.
        gradients: the part of `seen` that has gradients; all of it if None, False to take none.
    """
    batch, time, steps = seen.shape
    copies = steps + time
    many = {key: np.concatenate([x] * copies) for key, x in inputs.items()}
    x = many[name].reshape(copies, batch, steps, -1)
    rng = np.random.default_rng(17)
    louder = x[:steps] + rng.uniform(0.5, 1.5, x[:steps].shape)
    loud = LOUD * rng.normal(size=x[steps:].shape)
    one = np.eye(steps, dtype=bool)[:, None, :, None]  # of copy i, step i is another
    kept = seen.transpose(1, 0, 2)[..., None]  # of copy i, what output i must not see is loud
    x = np.concatenate([np.where(one, louder, x[:steps]), np.where(kept, x[steps:], loud)])
    x = x.reshape(many[name].shape).astype("float32")

    own = np.eye(copies, time, -steps)[:, None, :, None]  # of copy i, output i alone
    look = viewer(call, many, name, own, gradients is not False)
    (plain, slopes), (found, _) = look(many[name]), look(x)
    assert np.isfinite(found).all()
    change = np.abs(found.astype("float64") - plain)
    change = change.reshape(copies, batch, time, -1).max(axis=-1)
    alone = change[:steps].transpose(1, 2, 0)
    check("changes with", alone > 0, ~seen)
    check("does not change with", alone <= TINY, seen if noticed is None else noticed)
    assert not change[steps + np.arange(time), :, np.arange(time)].any(), "loud steps are heard"
    if gradients is not False:
        gradients = seen if gradients is None else gradients
        slopes = np.abs(slopes).reshape(copies, batch, steps, -1).max(axis=-1)
        slopes = slopes[steps:].transpose(1, 0, 2)
        check("has gradients by", ~(slopes == 0), ~gradients)
        check("has no gradient by", ~(slopes > TINY), gradients)


def check(complaint, found, where):
    """Assert that nothing is found at these places (batch, output, step)."""
    wrong = np.argwhere(found & where).tolist()
    assert not wrong, f"the output {complaint} the inputs at (batch, output, step) {wrong}"


def viewer(call, inputs, name, chosen, with_gradient):
    """A function of one input that gives the outputs and a gradient by it, on every backend.

    Args:
        chosen: `(copies, 1, time, 1)`, the share that outputs have in the gradient.
        with_gradient: False for a gradient of None.
    """
    inputs = tensors_of(inputs)

    def outputs_of(x):
        return call({**inputs, name: x})

    def weights_like(outputs):
        copies, _, time, _ = chosen.shape
        weights = np.random.default_rng(19).normal(size=(copies, outputs.shape[0] // copies, time))
        weights = chosen * weights[..., None] + np.zeros(outputs.shape[-1])
        weights = weights * np.random.default_rng(20).normal(size=outputs.shape[-1])
        return ops.convert_to_tensor(weights.reshape(outputs.shape).astype("float32"))

    def on_tensorflow(x):
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = outputs_of(x)
        options = {"unconnected_gradients": "zero", "output_gradients": weights_like(outputs)}
        return outputs, tape.gradient(outputs, x, **options)

    def on_jax(x):
        import jax

        outputs, pull_back = jax.vjp(outputs_of, x)
        return outputs, pull_back(weights_like(outputs))[0]

    def on_torch(x):
        import torch

        outputs = outputs_of(x.requires_grad_(True))
        loss = ops.sum(outputs * weights_like(outputs))
        return outputs, torch.autograd.grad(loss, x, materialize_grads=True)[0]

    backend = keras.config.backend()
    run = {"tensorflow": on_tensorflow, "jax": on_jax, "torch": on_torch}[backend]
    if not with_gradient:
        run = lambda x: (outputs_of(x), None)  # noqa: E731
    if backend == "jax":
        import jax

        run = jax.jit(run)  # one program of a case takes less long than each of its operations

    def look(x):
        found = run(ops.convert_to_tensor(x))
        return tuple(None if y is None else ops.convert_to_numpy(y) for y in found)

    return look
