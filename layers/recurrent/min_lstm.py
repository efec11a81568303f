"""The minimal long short-term memory."""

import keras
from keras import ops

from layers.recurrent.scanned_cell import ScannedCell


@keras.saving.register_keras_serializable("working_memory")
class MinLSTMCell(ScannedCell):
    """Minimal long short-term memory (Feng et al. 2024, "Were RNNs All We Needed?", sec. 3.2).

        f_t = sigmoid(W_f x_t + b_f)                       forget gate
        i_t = sigmoid(W_i x_t + b_i)                       input gate
        g_t = W_h x_t + b_h                                candidate
        f'_t = f_t / (f_t + i_t),  i'_t = i_t / (f_t + i_t)
        h_t = f'_t * h_{t-1} + i'_t * g_t

    The equations are those of the paper's main text. Its appendix trains in log space and keeps
    the candidate positive for that; the scan here needs neither.

    No gate sees h, so a whole sequence is computed by a scan instead of step by step. What that
    costs: within one layer, what is remembered cannot depend on what was remembered before. Stack
    layers for that.

    States: `[h]`, `(batch, units)`. Output: h, `(batch, units)`.

    Arguments are those of `ScannedCell`.
    """

    @property
    def gates(self):
        """The name of each gate, and its size, in the order of the weights."""
        return {"forget": self.units, "input": self.units, "candidate": self.units}

    def recurrence(self, projected):
        """Return f' and i' * g."""
        forget, input_, candidate = self.split(projected)
        # f / (f + i) = sigmoid(log f - log i), which holds where f and i are both zero in floats.
        share = ops.softplus(-input_) - ops.softplus(-forget)
        return ops.sigmoid(share), ops.sigmoid(-share) * candidate
