"""Linear recurrences without a loop over the steps of time."""

from keras import ops

from layers.recurrent.loop import run


def linear_scan(decay, value, initial, exclusive=False, block=16):
    """Compute h_t = decay_t * h_{t-1} + value_t for all steps, with h_0 = `initial`.

    Time is cut into blocks. Within a block the steps are written out and run for all blocks at
    once, from zero; a loop over the few blocks then finds what each of them starts from, and that
    is added, times the product of the decays since. Nothing is divided, and the products only
    shrink where decays are in [0, 1].

    A step with decay 1 and value 0 leaves h as it was: a padded step.

    Args:
        decay: tensor `(batch, time, ...)` of the shape of `value`, or of one that broadcasts to
            it. The number of steps may be unknown when it is traced.
        value: tensor `(batch, time, ...)`.
        initial: tensor `(batch, ...)`.
        exclusive: return what each step starts from, h_0 to the last h but one.
        block: how many steps to write out at most; 1 leaves all of them to the loop.

    Returns:
        Tensor `(batch, time, ...)`: h_1 to the last h.
    """
    shape = ops.shape(value)
    time, block = shape[1], piece_size(shape[1], block)
    decays = ops.unstack(pieces(decay, block, 1), block, axis=2)
    values = ops.unstack(pieces(value, block, 0), block, axis=2)
    if isinstance(time, int) and time == block:
        hidden, outputs = ops.expand_dims(initial, 1), []
        for decay_t, value_t in zip(decays, values, strict=True):
            before, hidden = hidden, decay_t * hidden + value_t
            outputs.append(before if exclusive else hidden)
        return ops.concatenate(outputs, axis=1)
    product, hidden = decays[0], values[0]
    steps = [(product, hidden)]
    for decay_t, value_t in zip(decays[1:], values[1:], strict=True):
        product, hidden = decay_t * product, decay_t * hidden + value_t
        steps.append((product, hidden))

    def next_block(block, states):
        product, hidden = block
        return states[0], [product * states[0] + hidden]

    _, start, _ = run(next_block, (product, hidden), [initial])
    if exclusive:
        outputs = [start, *[product * start + hidden for product, hidden in steps[:-1]]]
    else:
        outputs = [product * start + hidden for product, hidden in steps]
    return together(ops.stack(outputs, axis=2), time)


def piece_size(time, largest):
    """Return the size of the fewest even pieces of at most a size that a time divides into.

    Args:
        time: number of steps as `ops.shape` gives it, which is an integer where it is known.
        largest: size that no piece is to exceed, and the answer where time is unknown.

    Returns:
        An integer. The last piece may be shorter than that.
    """
    return _ceil(time, _ceil(time, largest)) if isinstance(time, int) else largest


def pieces(x, size, padding):
    """Cut time into pieces of a size, the last one padded where it is shorter.

    Args:
        x: tensor `(batch, time, ...)`.
        size: number of steps in a piece.
        padding: number to pad with.

    Returns:
        Tensor `(batch, pieces, size, ...)`.
    """
    batch_size, time, *rest = ops.shape(x)
    count = _ceil(time, size)
    if not _divides(size, time):
        end = ops.full((batch_size, count * size - time, *rest), padding, dtype=x.dtype)
        x = ops.concatenate([x, end], axis=1)
    return ops.reshape(x, (batch_size, count, size, *rest))


def together(x, time):
    """Put pieces together again: the first `time` steps of `(batch, pieces, size, ...)`."""
    batch_size, count, size, *rest = ops.shape(x)
    x = ops.reshape(x, (batch_size, count * size, *rest))
    return x if _divides(size, time) else x[:, :time]


def _divides(size, time):
    return isinstance(time, int) and time % size == 0


def _ceil(one, other):
    return -(-one // other)
