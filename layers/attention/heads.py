"""The heads of an attention: their weights, and products between heads that share keys."""

import math

import keras
from keras import ops


class HeadProjections(keras.layers.Layer):
    """Projects queries, keys and values to heads, and what the heads found to the output.

    The base of `MultiHeadAttention`, which documents the arguments.
    """

    def __init__(self, num_heads, key_dim, value_dim, use_bias, num_key_value_heads, **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.value_dim = key_dim if value_dim is None else value_dim
        self.use_bias = use_bias
        self.num_key_value_heads = num_heads if num_key_value_heads is None else num_key_value_heads
        for name in ("num_heads", "key_dim", "value_dim", "num_key_value_heads"):
            if getattr(self, name) <= 0:
                raise ValueError(f"`{name}` must be positive, got {getattr(self, name)}.")
        if num_heads % self.num_key_value_heads:
            raise ValueError(
                f"`num_key_value_heads` must divide `num_heads`, got {num_key_value_heads} for "
                f"{num_heads} heads."
            )
        self.scale = 1.0 / math.sqrt(key_dim)

    def build(self, query_shape, value_shape, key_shape=None):
        key_shape = value_shape if key_shape is None else key_shape
        times = {shape[1] for shape in (value_shape, key_shape)} - {None}
        if len(times) > 1:
            raise ValueError(
                "`value` and `key` must have the same number of positions, got the shapes "
                f"{tuple(value_shape)} and {tuple(key_shape)}."
            )
        units, shared = query_shape[-1], self.num_key_value_heads
        self.add_projection("query", units, self.num_heads * self.key_dim)
        self.add_projection("key", key_shape[-1], shared * self.key_dim)
        self.add_projection("value", value_shape[-1], shared * self.value_dim)
        self.add_projection("output", self.num_heads * self.value_dim, units)

    def add_projection(self, name, width, new_width):
        """Makes the weights of a projection, `{name}_kernel` and `{name}_bias`."""
        kernel = self.add_weight(
            name=f"{name}_kernel", shape=(width, new_width), initializer="glorot_uniform"
        )
        bias = None
        if self.use_bias:
            bias = self.add_weight(name=f"{name}_bias", shape=(new_width,), initializer="zeros")
        setattr(self, f"{name}_kernel", kernel)
        setattr(self, f"{name}_bias", bias)

    def project(self, inputs, name, axes=(0, 2, 1, 3)):
        """Projects inputs to the heads of "query", "key" or "value".

        One product each: with the kernels side by side and one product for all three, a train
        step of an attention was no faster, since what comes out has to be taken apart.

        Args:
            inputs: `(batch, time, features)`.
            name: which projection; queries are scaled by 1 / sqrt(key_dim).
            axes: order of the axes of the result, given as `(batch, time, heads, width)`.

        Returns:
            Tensor `(batch, heads, time, width)`, if the axes are not another order.
        """
        heads = self.num_heads if name == "query" else self.num_key_value_heads
        outputs = self._affine(inputs, *self._weights_of(name))
        outputs = ops.reshape(outputs, (*ops.shape(outputs)[:2], heads, outputs.shape[-1] // heads))
        return transpose(outputs, axes)

    def project_output(self, context):
        """Projects what the heads found, `(batch, time, num_heads, value_dim)`, to the output."""
        width = self.num_heads * self.value_dim
        context = ops.reshape(context, (*ops.shape(context)[:2], width))
        return self._affine(context, *self._weights_of("output"))

    def _weights_of(self, name):
        kernel, bias = getattr(self, f"{name}_kernel"), getattr(self, f"{name}_bias")
        if name == "query":
            # The factor 1 / sqrt(key_dim) goes to the kernel, which is smaller than the queries.
            kernel, bias = kernel * self.scale, None if bias is None else bias * self.scale
        return self.computed(kernel), None if bias is None else self.computed(bias)

    def _affine(self, inputs, kernel, bias):
        outputs = ops.matmul(self.computed(inputs), kernel)
        return outputs if bias is None else ops.add(outputs, bias)

    def computed(self, x):
        """`x` in the compute dtype: single steps run outside of `call`, where Keras casts none."""
        return ops.cast(x, self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "use_bias": self.use_bias,
            "num_key_value_heads": self.num_key_value_heads,
        }


def transpose(x, axes):
    """`ops.transpose`, but no more than another shape where only axes of size 1 move.

    So it is for a single step of a sequence, where a real transpose would be dear.
    """
    order = [axis for axis in axes if x.shape[axis] != 1]
    if order != sorted(order):
        return ops.transpose(x, axes)
    shape = ops.shape(x)
    return ops.reshape(x, [shape[axis] for axis in axes])


def grouped_product(rows, matrices):
    """The product of every head's rows with the matrix that it shares with its group.

    Head h of the rows takes matrix h // (heads / groups). The rows of a group are multiplied
    together, so that no matrix is repeated.

    Args:
        rows: `(batch, heads, time, n)`.
        matrices: `(batch, groups, n, m)`, where groups divides heads.

    Returns:
        Tensor `(batch, heads, time, m)`.
    """
    heads, groups = rows.shape[1], matrices.shape[1]
    if heads == groups:
        return ops.matmul(rows, matrices)
    batch, _, time, width = ops.shape(rows)
    rows = ops.reshape(rows, (batch, groups, heads // groups * time, width))
    products = ops.matmul(rows, matrices)
    return ops.reshape(products, (batch, heads, time, ops.shape(products)[-1]))


def side_by_side(x, beam, axis=2):
    """`(batch * beam, heads, 1, n)` as `(batch, heads, beam, n)`, or with that axis last."""
    _, heads, *sizes = ops.shape(x)
    x = ops.reshape(x, (-1, beam, heads, *sizes))
    x = ops.transpose(x, (0, 2, 1, 3, 4) if axis == 2 else (0, 2, 3, 1, 4))
    shape = (-1, heads, beam, sizes[1]) if axis == 2 else (-1, heads, sizes[0], beam)
    return ops.reshape(x, shape)
