"""What changes from step to step of a Transformer decoder, and how it follows a search.

The state is a dict: "position" `(rows,)`, the number of steps taken; "caches", for each block its
keys `(batch, heads, width, length * beam)` and values `(batch, heads, length * beam, width)`; and
with a beam "places" `(rows, length)`.

A cache holds for each step the entries of all hypotheses of a sentence, side by side. It stays as
it is when hypotheses are reordered: only "places" is, int32 numbers that say which entry of each
step is of a row's own past. The entry that row r writes is number r % beam.
"""

from keras import ops


def begin(blocks, rows, length):
    """The state before the first step, with room for `length` steps."""
    return {
        "position": ops.zeros((rows,), dtype="int32"),
        "caches": tuple(block.begin_cache(rows, length) for block in blocks),
    }


def repeat(state, beam):
    """The state with `beam` rows for each sentence; of a state that has one."""
    position = ops.repeat(state["position"], beam, axis=0)
    caches = [
        (ops.repeat(keys, beam, axis=3), ops.repeat(values, beam, axis=2))
        for keys, values in state["caches"]
    ]
    length = state["caches"][0][0].shape[3]
    places = _written_by(position, beam, length)
    return {"position": position, "caches": tuple(caches), "places": places}


def reorder(state, parents):
    """The state in which row r goes on with the past of row `parents[r]`, of its sentence."""
    places = ops.take(state["places"], parents, axis=0)
    return {**state, "places": _with_future(places, state["position"], _beam(state))}


def resize(state, length):
    """The state with room for `length` steps, no fewer than were taken."""
    places, beam = state.get("places"), _beam(state)
    size = length * beam
    caches = [
        (_resized(keys, size, 3), _resized(values, size, 2)) for keys, values in state["caches"]
    ]
    state = {**state, "caches": tuple(caches)}
    if places is None:
        return state
    return {**state, "places": _with_future(_resized(places, length, 1), state["position"], beam)}


def _beam(state):
    """Number of entries that the caches have for each step."""
    places = state.get("places")
    return 1 if places is None else state["caches"][0][0].shape[3] // places.shape[1]


def _with_future(places, position, beam):
    """The places of the past, and where rows will write."""
    length = places.shape[1]
    past = ops.arange(length, dtype="int32") < ops.expand_dims(position, -1)
    return ops.where(past, places, _written_by(position, beam, length))


def _written_by(position, beam, length):
    """Where each row writes, `(rows, length)`."""
    rows = ops.cumsum(ops.ones_like(position)) - 1
    return ops.repeat(ops.expand_dims(rows % beam, -1), length, axis=1)


def _resized(x, size, axis):
    if size <= x.shape[axis]:
        return x[(slice(None),) * axis + (slice(size),)]
    padding = [(0, 0)] * len(x.shape)
    padding[axis] = (0, size - x.shape[axis])
    return ops.pad(x, padding)
