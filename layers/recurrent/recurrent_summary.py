"""Recurrent layers that summarise a sequence to one vector."""

import keras

from layers.recurrent.recurrent_encoder import RecurrentEncoder


@keras.saving.register_keras_serializable("working_memory")
class RecurrentSummary(RecurrentEncoder):
    """A stack of recurrent layers from a sequence to one vector, made from any cell.

    The vector is the output of the last layer at the end of its run: forward at the last step
    that is kept, backward at the first, concatenated. All layers below return sequences.

    Arguments and call arguments are those of `RecurrentEncoder`.

    Returns:
        Tensor `(batch, units)`; zeros for a row that is all padding.
    """

    return_sequences = False
