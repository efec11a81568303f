"""The minimal gated recurrent unit."""

import keras
from keras import ops

from layers.recurrent.scanned_cell import ScannedCell


@keras.saving.register_keras_serializable("working_memory")
class MinGRUCell(ScannedCell):
    """Minimal gated recurrent unit (Feng et al. 2024, "Were RNNs All We Needed?", sec. 3.1).

        z_t = sigmoid(W_z x_t + b_z)                       update gate
        g_t = W_h x_t + b_h                                candidate
        h_t = (1 - z_t) * h_{t-1} + z_t * g_t

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
        return {"update": self.units, "candidate": self.units}

    def recurrence(self, projected):
        """Return 1 - z and z * g."""
        update, candidate = self.split(projected)
        # 1 - z as a sigmoid of its own keeps its digits where z is close to 1.
        return ops.sigmoid(-update), ops.sigmoid(update) * candidate
