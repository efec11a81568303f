"""What a search does with the state of a step function, and how a step may do it better.

A search repeats the rows of a state for its hypotheses, and reorders them whenever one hypothesis
takes the place of another. By default every tensor of the state is repeated and gathered along its
first axis. For a cache of keys and values that is more work than the step itself. So a step
function may have attributes that do it another way:

    step.repeat(state, copies)     rows for `copies` hypotheses of each sentence, side by side
    step.reorder(state, parents)   row r goes on with what was row `parents[r]`, of its sentence
    step.resize(state, length)     room for `length` steps in all, no fewer than were taken

A function around such a step hands them on with `functools.wraps(step)`.
"""

import keras
from keras import ops

FIRST_STAGE = 64
"""Steps of the first stage: few enough for short texts, and each stage more is traced again."""


def repeat(step, state, copies):
    """The state with `copies` rows for every row."""
    if copies == 1:
        return state
    if hasattr(step, "repeat"):
        return step.repeat(state, copies)
    return keras.tree.map_structure(lambda x: ops.repeat(x, copies, axis=0), state)


def reorder(step, state, parents):
    """The state whose rows are those at `parents`, int32 `(rows,)`."""
    if hasattr(step, "reorder"):
        return step.reorder(state, parents)
    return keras.tree.map_structure(lambda x: ops.take(x, parents, axis=0), state)


def loop_in_stages(step, going, advance, variables, state, max_length):
    """`ops.while_loop` over the steps of a search, as long as `going`, at most `max_length` times.

    A step that can resize its state gets room for few steps first, and more when these are
    taken, in stages of a doubling length: shapes stay static, and the steps of short sequences
    cost no more than they must.

    Args:
        step: the step function.
        going: function of the variables, True while there is more to do.
        advance: function `(variables, state) -> (variables, state)`. The first variable counts
            the steps.
        variables: tuple of tensors, or of nests of them.
        state: the state to start from.
        max_length: number of steps at most.

    Returns:
        The variables after the last step.
    """
    resizable, taken = hasattr(step, "resize"), 0
    while taken < max_length:
        limit = max_length
        if resizable:
            limit = min(max(2 * taken, FIRST_STAGE), max_length)
            state = step.resize(state, limit)
        variables, state = ops.while_loop(
            lambda variables, state: going(*variables),
            advance,
            (variables, state),
            maximum_iterations=limit - taken,
        )
        taken = limit
    return variables
