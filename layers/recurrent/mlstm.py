"""The long short-term memory with a matrix for a memory."""

import keras
import numpy as np
from keras import ops

from layers.recurrent.gated_cell import check_positive
from layers.recurrent.loop import run
from layers.recurrent.scan import linear_scan, piece_size, pieces, together
from layers.recurrent.scanned_cell import ScannedCell

NEVER = -1e30  # the logarithm of a gate that is shut, in the dtype of the gates
NOTHING = -1e4  # the stabiliser of a memory that holds nothing; a number in float16, too
FORGET_BIASES = (3.0, 6.0)


@keras.saving.register_keras_serializable("working_memory")
class MLSTMCell(ScannedCell):
    """mLSTM: a long short-term memory with a matrix memory (Beck et al. 2024, "xLSTM", sec. 2.3).

    Each head stores values under keys, in a matrix, and a query reads from it:

        q_t = W_q x_t + b_q                                query
        k_t = W_k x_t / sqrt(d) + b_k                      key
        v_t = W_v x_t + b_v                                value
        o_t = sigmoid(W_o x_t + b_o)                       output gate, of size `units`
        i_t = exp(w_i x_t + b_i)                           input gate, one number per head
        f_t = sigmoid(w_f x_t + b_f)                       forget gate, one number per head
        C_t = f_t * C_{t-1} + i_t * v_t k_t^T              memory
        n_t = f_t * n_{t-1} + i_t * k_t                    normaliser
        h_t = o_t * C_t q_t / max(|n_t . q_t|, 1)

    with d = units / heads. An exponential gate overflows, so what is kept is C' = exp(-m) C and
    n' = exp(-m) n, with a stabiliser m per head (the paper's eq. 15 to 17 and appendix A). It
    changes the numbers that are computed with, and not the output:

        m_t  = max(log f_t + m_{t-1}, log i_t)
        C'_t = exp(log f_t + m_{t-1} - m_t) * C'_{t-1} + exp(log i_t - m_t) * v_t k_t^T
        n'_t = exp(log f_t + m_{t-1} - m_t) * n'_{t-1} + exp(log i_t - m_t) * k_t
        h_t  = o_t * C'_t q_t / max(|n'_t . q_t|, exp(-m_t))

    No gate sees h, so a whole sequence needs no loop over its steps: it is cut into chunks, all
    of them are computed at once like attention, and only C, n and m go from chunk to chunk.

    This is the cell of the paper. The block it puts around it (convolution, group norm, skip
    connection, up and down projection) is not part of it.

    States: `[C', n', m]`, `(batch, heads, d, d)`, `(batch, heads, d)` and `(batch, heads)`, at
    first zeros and an m so low that any input outweighs it. Output: h, `(batch, units)`.

    Args:
        units: size of the output, that of all heads together.
        heads: number of heads. Memory and its cost grow with units^2 / heads.
        forget_activation: "sigmoid" or "exponential", the forget gate. With the latter m grows
            without bound, and with it the rounding errors in half precision.
        spread_forget_bias: start the biases of the forget gates so that the gates are those of 3
            to 6 behind a sigmoid, one after the other over the heads, as the authors do.
        chunk_size: steps per chunk, at most, when a whole sequence is given.
        **kwargs: the other arguments of `ScannedCell`.

    Raises:
        ValueError: if `units`, `heads` or `chunk_size` is not positive, if `heads` does not
            divide `units`, or if there is no such `forget_activation`.
    """

    def __init__(
        self,
        units,
        heads=4,
        *,
        forget_activation="sigmoid",
        spread_forget_bias=True,
        chunk_size=64,
        **kwargs,
    ):
        super().__init__(units, **kwargs)
        self.heads = check_positive("heads", heads)
        if units % heads:
            raise ValueError(f"`units` must be a multiple of `heads`, received {units}, {heads}.")
        if forget_activation not in ("sigmoid", "exponential"):
            raise ValueError(
                '`forget_activation` must be "sigmoid" or "exponential", received '
                f"{forget_activation!r}."
            )
        self.forget_activation = forget_activation
        self.spread_forget_bias = spread_forget_bias
        self.chunk_size = check_positive("chunk_size", chunk_size)
        self.head_size = units // heads
        self.state_size = [(heads, self.head_size, self.head_size), (heads, self.head_size), heads]

    @property
    def gates(self):
        """The name of each gate, and its size, in the order of the weights."""
        names = ("query", "key", "value", "output")
        return {**dict.fromkeys(names, self.units), "input": self.heads, "forget": self.heads}

    def initial_bias(self, shape, dtype=None):
        """Return the bias to start from."""
        bias = super().initial_bias(shape, dtype)
        if not self.spread_forget_bias:
            return bias
        forget = ops.linspace(*FORGET_BIASES, self.heads, dtype=dtype)
        if self.forget_activation == "exponential":
            forget = ops.log_sigmoid(forget)
        return ops.concatenate([bias[: -self.heads], forget])

    def input_kernel(self):
        """Return W with the scale of the keys, in the compute dtype."""
        scale = {"key": self.head_size**-0.5}
        scale = [np.full(size, scale.get(name, 1.0)) for name, size in self.gates.items()]
        return self.computed(self.kernel) * self.computed(np.concatenate(scale))

    def get_initial_state(self, batch_size=None):
        """Return an empty memory, and a stabiliser that any input outweighs."""
        memory, normaliser, stabiliser = super().get_initial_state(batch_size)
        return [memory, normaliser, ops.full_like(stabiliser, NOTHING)]

    def begin(self, batch_size, training=False):
        """Return the step from W x + b and `[C', n', m]` to `(h, [C', n', m])`."""

        def step(projected, states):
            memory, normaliser, stabiliser = states
            query, key, value, output, log_input, log_forget = self._split(projected)
            kept = log_forget + self._as_gate(stabiliser)
            new = self._rounded(ops.maximum(kept, log_input))
            forget = _column(self.computed(ops.exp(kept - new)))
            key = _column(self.computed(ops.exp(log_input - new))) * key
            memory = _column(forget) * memory + _column(value) * ops.expand_dims(key, -2)
            normaliser = forget * normaliser + key
            read = self._as_gate(ops.squeeze(ops.matmul(memory, _column(query)), -1))
            amount = self._as_gate(ops.sum(normaliser * query, axis=-1))
            read = self.computed(read / _column(_divisor(amount, new)))
            hidden = ops.reshape(read, ops.shape(output)) * ops.sigmoid(output)
            return hidden, [memory, normaliser, self.computed(new)]

        return step

    def parallel(self, projected, states, mask=None, training=False):
        """Run a whole sequence, all chunks at once."""
        batch_size, time, _ = ops.shape(projected)
        query, key, value, output, log_input, log_forget = self._split(projected)
        if mask is not None:
            keep = _column(ops.cast(mask, "bool"))
            log_input = ops.where(keep, log_input, NEVER)
            log_forget = ops.where(keep, log_forget, 0.0)
        # To (batch, chunks, heads, steps), and behind them, for the vectors, the size of a head;
        # keys with the steps last, so that no product below needs a matrix transposed.
        size = piece_size(time, self.chunk_size)
        query, value = [ops.swapaxes(pieces(x, size, 0), 2, 3) for x in (query, value)]
        key = ops.transpose(pieces(key, size, 0), (0, 1, 3, 4, 2))
        log_input = ops.swapaxes(pieces(log_input, size, NEVER), 2, 3)
        log_forget = ops.swapaxes(pieces(log_forget, size, 0), 2, 3)

        # Of the logarithms at a step of a chunk, `since` is that of what is left of the memory
        # the chunk started with; `weight` that of the input of the step, and `top` that of the
        # largest so far, the memory included, both divided by what `since` says. So the
        # stabiliser m is since + top, and from step s to t goes the share exp(weight_s - top_t).
        since = ops.cumsum(log_forget, axis=-1)
        weight = log_input - since
        top = _running_max(weight)
        start, end = self._stabilisers(since[..., -1], top[..., -1], self._as_gate(states[2]))
        top = ops.maximum(top, _column(start))

        # What each chunk leaves of the memory, and what it adds.
        top_at_end = end - since[..., -1]
        forget = _column(self.computed(ops.exp(start - top_at_end)))
        into = self.computed(ops.exp(weight - _column(top_at_end)))
        added = ops.matmul(key * ops.expand_dims(into, -2), value)
        added_keys = ops.squeeze(ops.matmul(key, _column(into)), -1)
        # The memory each chunk starts with; a matrix of (keys, values) here. Chunks of unknown
        # number are not written out: padding them to a multiple would cost as much as they do.
        block = 16 if isinstance(time, int) else 1
        first = ops.swapaxes(states[0], -1, -2)
        memory = linear_scan(_column(forget), added, first, exclusive=True, block=block)
        normaliser = linear_scan(forget, added_keys, states[1], exclusive=True, block=block)

        # What a step reads from the steps of its chunk, as in attention, and from the memory.
        shut = self._as_gate(np.where(np.tri(size, dtype=bool), 0.0, NEVER))
        scores = ops.exp(shut + _column(-top) + ops.expand_dims(weight, -2))
        scores = scores * self._as_gate(ops.matmul(query, key))
        before = ops.exp(_column(start) - top)
        amount = self._as_gate(ops.squeeze(ops.matmul(query, _column(normaliser)), -1))
        amount = before * amount + ops.sum(scores, axis=-1)
        scale = 1 / _divisor(amount, since + top)
        read = ops.matmul(self.computed(_column(scale) * scores), value)
        earlier = self._as_gate(ops.matmul(query, memory))
        read = read + self.computed(_column(scale * before) * earlier)
        read = together(ops.swapaxes(read, 2, 3), time)
        read = ops.reshape(read, (batch_size, time, self.units))

        memory = _column(forget[:, -1]) * memory[:, -1] + added[:, -1]
        normaliser = forget[:, -1] * normaliser[:, -1] + added_keys[:, -1]
        states = [ops.swapaxes(memory, -1, -2), normaliser, self.computed(end[:, -1])]
        return read * ops.sigmoid(output), states

    def _split(self, projected):
        """Return q, k, v by head, the output gate's, and the logarithms of the other gates."""
        *vectors, output, log_input, forget = self.split(projected)
        shape = (*ops.shape(output)[:-1], self.heads, self.head_size)
        log_forget = self._as_gate(forget)
        if self.forget_activation == "sigmoid":
            log_forget = ops.log_sigmoid(log_forget)
        vectors = [ops.reshape(vector, shape) for vector in vectors]
        return *vectors, output, self._as_gate(log_input), log_forget

    def _stabilisers(self, since, top, stabiliser):
        """Return m before each chunk and after it, `(batch, chunks, heads)` both."""

        def next_chunk(chunk, states):
            since, top = chunk
            new = self._rounded(since + ops.maximum(top, states[0]))
            return new, [new]

        _, end, _ = run(next_chunk, (since, top), [stabiliser])
        return ops.concatenate([ops.expand_dims(stabiliser, 1), end[:, :-1]], axis=1), end

    def _as_gate(self, x):
        """Return a tensor in the dtype of gates and sums: never in half precision."""
        return ops.cast(x, keras.backend.result_type(self.compute_dtype, "float32"))

    def _rounded(self, stabiliser):
        """Round m to what the state will hold, so that all is computed with the same number."""
        return self._as_gate(self.computed(stabiliser))

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "heads": self.heads,
            "forget_activation": self.forget_activation,
            "spread_forget_bias": self.spread_forget_bias,
            "chunk_size": self.chunk_size,
        }


def _column(x):
    """Return a tensor with one more axis, of size 1, at the end."""
    return ops.expand_dims(x, -1)


def _divisor(amount, stabiliser):
    """Return max(|amount|, exp(-m)), within what can be squared in a gradient."""
    return ops.maximum(ops.abs(amount), ops.exp(-ops.clip(stabiliser, -80, 40)))


def _running_max(x):
    """Return the largest element up to each along the last axis, in steps of a doubling width."""
    width = 1
    while width < x.shape[-1]:
        largest = ops.maximum(x[..., width:], x[..., :-width])
        x = ops.concatenate([x[..., :width], largest], axis=-1)
        width *= 2
    return x
