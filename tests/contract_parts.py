"""What the layer contract is made of: nests of arrays, padding, and the layer under test."""

import inspect
import json
import random

import keras
import numpy as np

ops = keras.ops


def narrow(array):
    """The array in 32 bits where it has 64, which the layers here do not take."""
    array = np.asarray(array)
    return array.astype({"float64": "float32", "int64": "int32"}.get(str(array.dtype), array.dtype))


def arrays(outputs):
    """A nest of tensors as the same nest of NumPy arrays; each keeps its dtype, bfloat16 too."""
    return keras.tree.map_structure(ops.convert_to_numpy, outputs)


def tensors_of(nest):
    """A nest with its arrays as tensors, and everything else as it is."""

    def tensor(x):
        return ops.convert_to_tensor(x) if isinstance(x, np.ndarray) else x

    return keras.tree.map_structure(tensor, nest)


def dtype_of(x):
    """The name of the dtype of an array, tensor, symbol or variable."""
    return keras.backend.standardize_dtype(x.dtype)


def gap(one, other):
    """The largest relative difference between two nests of arrays; infinite for another form."""
    one, other = keras.tree.flatten(one), keras.tree.flatten(other)
    if [y.shape for y in one] != [y.shape for y in other]:
        return np.inf
    largest = 0.0
    for a, b in zip(one, other, strict=True):
        a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
        difference = np.where(a == b, 0.0, np.abs(a - b) / (1 + np.abs(b)))
        difference = np.where(np.isnan(difference), np.inf, difference)
        largest = max(largest, np.max(difference, initial=0.0))
    return largest


def through_json(config):
    """A configuration as it comes out of a file."""
    return json.loads(json.dumps(keras.saving.serialize_keras_object(config)))


def shape_nest(outputs):
    """A nest of arrays as the same nest of shapes."""
    if isinstance(outputs, dict):
        return {key: shape_nest(value) for key, value in outputs.items()}
    if isinstance(outputs, (list, tuple)):
        return [shape_nest(value) for value in outputs]
    return tuple(outputs.shape)


def flat_shapes(nest):
    """A nest of shapes as a flat list of them. A shape is a tuple or list of integers or None."""
    if isinstance(nest, dict):
        nest = [nest[key] for key in sorted(nest)]
    if all(size is None or isinstance(size, int) for size in nest):
        return [tuple(nest)]
    return [shape for part in nest for shape in flat_shapes(part)]


def fits(shape, symbolic, exact):
    """Whether a symbolic shape may stand for a shape; `exact` leaves no axis unknown."""
    return len(shape) == len(symbolic) and all(
        b == a or (b is None and not exact) for a, b in zip(shape, symbolic, strict=True)
    )


def same_config(one, other):
    """Equality of configurations, where JSON has turned tuples into lists."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_config(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same_config, one, other))
    if isinstance(one, keras.DTypePolicy) and isinstance(other, keras.DTypePolicy):
        return one.name == other.name
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def keep_mask(rows, time):
    """A mask `(rows, time)`, True = keep: a row without padding, one padded right, one left."""
    mask, cut = np.ones((rows, time), "bool"), (time + 1) // 3
    mask[1::3, time - cut :] = False
    mask[2::3, :cut] = False
    return mask


def with_noise(array, mask, seed=11):
    """The array with other values at the steps that the mask leaves out."""
    rng = np.random.default_rng(seed)
    keep = mask.reshape(mask.shape + (1,) * (array.ndim - 2))
    if np.issubdtype(array.dtype, np.floating):
        noise = rng.normal(scale=5.0, size=array.shape).astype(array.dtype)
    else:
        noise = rng.permuted(array, axis=1)
    return np.where(keep, array, noise)


def kept(outputs, mask):
    """A nest of arrays with zeros at padded steps, on every later axis as long as the mask's."""

    def keep(output):
        output = np.asarray(output, "float64")
        for axis in range(1, output.ndim):
            if output.shape[axis] == mask.shape[1]:
                shape = [1] * output.ndim
                shape[0], shape[axis] = mask.shape
                output = np.where(mask.reshape(shape), output, 0.0)
        return output

    return outputs if mask is None else keras.tree.map_structure(keep, outputs)


class Subject:
    """A layer under test: how it is made and called, and how its outputs are compared."""

    def __init__(self, cls, init, inputs, options, masks, tolerance):
        self.cls, self.options, self.masks = cls, dict(options or {}), dict(masks or {})
        self.init = init if callable(init) else lambda: dict(init)
        self.parameters = list(inspect.signature(cls.call).parameters)[1:]
        self.first = self.parameters[0]
        inputs = inputs if isinstance(inputs, dict) else {self.first: inputs}
        self.inputs = keras.tree.map_structure(narrow, inputs)
        self.tolerance = tolerance
        unknown = {*self.inputs, *self.masks, *self.options} - set(self.parameters)
        self.expect(not unknown, "call", f"takes no argument {sorted(unknown)}")
        unknown = set(self.masks.values()) - set(self.inputs)
        self.expect(not unknown, "masks", f"no input is named {sorted(unknown)}")
        missing = {"mask", f"{self.first}_mask"} & set(self.parameters) - set(self.masks)
        self.expect(not missing, "masks", f"`call` takes {sorted(missing)}: name it in `masks`")

    def expect(self, condition, promise, message):
        assert condition, f"{self.cls.__name__}, {promise}: {message}"

    def make(self, world=1, /, **changes):
        random.seed(world)  # where Keras takes every seed that is not set
        return self.cls(**{**self.init(), **changes})

    def call(self, layer, arguments, **changes):
        arguments = {**arguments, **self.options, **changes}
        return layer(arguments.pop(self.first), **arguments)

    def run(self, layer, training=False, **changes):
        """Call the layer eagerly; the nest of its outputs as NumPy arrays."""
        if "training" in self.parameters:
            changes["training"] = training
        return arrays(self.call(layer, tensors_of(self.inputs), **tensors_of(changes)))

    def equal(self, one, other, promise, message, tolerance=None):
        difference = gap(one, other)
        limit = self.tolerance if tolerance is None else tolerance
        self.expect(difference <= limit, promise, f"{message} (they differ by {difference:.2g})")

    def symbols(self, batch=None, time=None):
        """Keras inputs like the arrays. `batch` and `time`: what to do with these axes' sizes."""

        def symbol(path, array):
            shape = [array.shape[0] if batch else None, *array.shape[1:]]
            if path[0] in self.masks.values() and not time:
                shape[1] = None
            name = "_".join(map(str, path))
            return keras.Input(batch_shape=shape, dtype=str(array.dtype), name=name)

        flat = [symbol(path, array) for path, array in keras.tree.flatten_with_path(self.inputs)]
        return keras.tree.pack_sequence_as(self.inputs, flat)


class GradientRecorder(keras.optimizers.Optimizer):
    """Moves every weight by a fixed amount against its gradient, and keeps the gradient.

    The one way to read gradients that is the same, and public, on every backend.
    """

    def __init__(self, learning_rate=0.01, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)

    def build(self, variables):
        """Make one slot per weight, and remember where the weights stand."""
        if self.built:
            return
        super().build(variables)
        self.slots = [self.add_variable_from_reference(v, name="gradient") for v in variables]
        self.before = [ops.convert_to_numpy(v) for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        """Store the gradient and take one step of fixed length."""
        gradient = ops.convert_to_tensor(gradient)  # dense, for an embedding too
        slot = self.slots[self._get_variable_index(variable)]
        self.assign(slot, ops.cast(gradient, slot.dtype))
        step = ops.cast(learning_rate, variable.dtype) * ops.sign(gradient)
        self.assign_sub(variable, ops.cast(step, variable.dtype))

    def report(self, variables):
        """Triples (weight, whether it moved, its gradient)."""
        for variable, before, slot in zip(variables, self.before, self.slots, strict=True):
            moved = np.any(before != ops.convert_to_numpy(variable))
            yield variable, moved, ops.convert_to_numpy(slot)


class MaskProbe(keras.layers.Layer):
    """Returns the mask that arrives with its input, or a single -1 where none does."""

    supports_masking = True

    def call(self, inputs, mask=None):
        """Return the mask of the inputs as int32."""
        return -ops.ones((1,), "int32") if mask is None else ops.cast(mask, "int32")
