"""What the cell contract is made of: a cell with random weights, its loop by hand, gradients."""

import keras
import numpy as np
from contract_parts import arrays, dtype_of, gap

from layers.recurrent import Cell, Recurrent
from layers.recurrent.cell import state_shapes

ops = keras.ops

# Whole, padded right, padded left, with holes, every other step, nothing but padding.
MASK = np.array(
    [
        [1, 1, 1, 1, 1, 1, 1],
        [1, 1, 1, 0, 0, 0, 0],
        [0, 0, 1, 1, 1, 1, 1],
        [1, 0, 0, 1, 1, 0, 1],
        [0, 1, 0, 1, 0, 1, 0],
        [0, 0, 0, 0, 0, 0, 0],
    ],
    "bool",
)
ROWS, TIME = MASK.shape


class Subject:
    """A cell under test: how it is made and run, and how its numbers are compared."""

    def __init__(self, make, features, weights_scale, tolerance):
        self.make, self.features, self.scale = make, features, weights_scale
        self.tolerance = tolerance
        self.promise, self.name = "make", getattr(make, "__name__", "cell")
        cell = make()
        self.name = type(cell).__name__
        self.expect(isinstance(cell, Cell), f"{self.name} is not a Cell of layers.recurrent")
        self.expect(not cell.built, "`make` must return an unbuilt cell")
        self.rng = np.random.default_rng(17)
        self.x, self.noise = self.normal(ROWS, TIME, features), self.normal(ROWS, TIME, features)
        self.weights = {}

    def start(self):
        """Find states that the cell can be in: those after three steps on other inputs."""
        cell, states = self.cell(), None
        states = cell.get_initial_state(ROWS)
        for time in range(3):
            _, states = cell(ops.convert_to_tensor(self.noise[:, time]), states)
        self.states = arrays(states)

    def normal(self, *shape, dtype="float32"):
        return self.rng.normal(size=shape).astype(dtype)

    def expect(self, condition, message):
        assert condition, f"{self.name}, {self.promise}: {message}"

    def equal(self, one, other, message, tolerance=None):
        """Compare two nests, or two lists that start with the outputs and go on with states."""
        limit = self.tolerance if tolerance is None else tolerance
        one, other = [keras.tree.flatten(arrays(nest)) for nest in (one, other)]
        self.expect(len(one) == len(other), f"{message}: {len(one)} tensors, not {len(other)}")
        for index, (a, b) in enumerate(zip(one, other, strict=True)):
            part = f"state {index - 1}" if index else "output"
            shapes = f"{a.shape}, not {b.shape}"
            self.expect(a.shape == b.shape, f"{message} (the {part} has the shape {shapes})")
            difference = gap(a, b)
            self.expect(difference <= limit, f"{message} (the {part} differs by {difference:.2g})")

    def cell(self, features=None, number=0, **overrides):
        """Make a cell with random weights: always the same for the same features and number."""
        features = features or self.features
        cell = self.make(**overrides)
        cell.build((None, features))
        cell.built = True
        if (features, number) not in self.weights:
            shapes = [w.shape for w in cell.trainable_weights]
            new = [self.normal(*shape, dtype="float64") * self.scale for shape in shapes]
            self.weights[features, number] = new
        values = self.weights[features, number]
        for weight, value in zip(cell.trainable_weights, values, strict=True):
            weight.assign(value.astype(weight.dtype))
        return cell

    def layer(self, cell, **options):
        """Put a cell into a layer that returns all outputs and the last states."""
        options = {"return_sequences": True, "return_state": True, **options}
        return Recurrent(cell, dtype=cell.dtype_policy, **options)

    def randomise(self, layer):
        """Give a layer random weights."""
        for weight in layer.trainable_weights:
            weight.assign(self.normal(*weight.shape) * self.scale)

    def by_hand(self, cell, x=None, states=None, mask=None, zero_output=False):
        """Call a cell step by step, from random states; return `[outputs, *states]`."""
        x = self.x if x is None else x
        mask = np.ones(x.shape[:2], "bool") if mask is None else mask
        states = self.states if states is None else arrays(states)
        output, outputs = np.zeros((len(x), cell.output_size), "float32"), []
        for time in range(x.shape[1]):
            given = [ops.convert_to_tensor(state) for state in states]
            new_output, new_states = cell(ops.convert_to_tensor(x[:, time]), given)
            output = where(mask[:, time], ops.convert_to_numpy(new_output), output)
            pairs = zip(arrays(new_states), states, strict=True)
            states = [where(mask[:, time], new, old) for new, old in pairs]
            shown = where(mask[:, time], output, np.zeros_like(output)) if zero_output else output
            outputs.append(shown)
        return [np.stack(outputs, axis=1), *states]

    def states_declared(self, cell, states, source):
        """Expect states as the cell declares them, in a list."""
        self.expect(isinstance(states, list), f"{source} returns states as {type(states)}")
        shapes, wanted = [tuple(state.shape) for state in states], self.state_shapes(ROWS)
        self.expect(shapes == wanted, f"{source} returns states {shapes}, declared {wanted}")
        dtypes = {dtype_of(state) for state in states}
        self.expect(dtypes == {cell.compute_dtype}, f"{source} returns states in {dtypes}")

    def state_shapes(self, size):
        """Return the shapes of the states behind a batch axis of that size."""
        return [(size, *shape) for shape in state_shapes(self.make())]


def where(keep, one, other):
    """Select whole rows of arrays."""
    return np.where(keep.reshape(-1, *[1] * (one.ndim - 1)), one, other)


class Trained(keras.Model):
    """A layer as a model whose training draws or, unlike that of a functional model, does not."""

    def __init__(self, layer, draws):
        super().__init__()
        self.layer, self.draws = layer, draws

    def call(self, inputs):
        return self.layer(inputs[0], mask=inputs[1], training=self.draws)


def without_parallel(cell):
    """The cell, from now on without its parallel form."""
    cell.parallel = lambda *args, **kwargs: None
    return cell


def differentiate(function, values, variables):
    """Return a scalar function's gradients with respect to tensors and variables, on TensorFlow.

    Args:
        function: function of the list of tensors to a scalar.
        values: list of arrays.
        variables: list of Keras variables that the function reads.

    Returns:
        List of arrays, those of the tensors first; zeros where nothing depends on one.
    """
    import tensorflow as tf

    tensors = [ops.convert_to_tensor(value) for value in values]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        result = function(tensors)
    sources = [*tensors, *[variable.value for variable in variables]]
    gradients = tape.gradient(result, sources, unconnected_gradients="zero")
    return [ops.convert_to_numpy(gradient) for gradient in gradients]


def directional_derivatives(function, values, variables, rng, width=1e-5):
    """Compare gradients with central differences along random directions.

    Args:
        function: function of the list of tensors to a scalar.
        values: list of float64 arrays, the inputs and then the states.
        variables: list of Keras variables in float64 that the function reads.
        rng: where the directions come from.
        width: half the distance between the points of a difference.

    Returns:
        List of `(part, slope by the gradient, slope by differences)`.
    """
    gradients = differentiate(function, values, variables)
    weights = [ops.convert_to_numpy(variable) for variable in variables]
    points, count = [*values, *weights], len(values)

    def at(shift, directions):
        moved = [point + shift * d for point, d in zip(points, directions, strict=True)]
        for variable, value in zip(variables, moved[count:], strict=True):
            variable.assign(value)
        result = function([ops.convert_to_tensor(value) for value in moved[:count]])
        return float(ops.convert_to_numpy(result))

    compared = []
    parts = {"inputs": range(1), "states": range(1, count), "weights": range(count, len(points))}
    for part, indices in parts.items():
        for _ in range(2 if indices else 0):
            directions = [
                rng.normal(size=point.shape) if index in indices else np.zeros(point.shape)
                for index, point in enumerate(points)
            ]
            slope = sum(np.sum(g * d) for g, d in zip(gradients, directions, strict=True))
            difference = (at(width, directions) - at(-width, directions)) / (2 * width)
            compared.append((part, slope, difference))
    for variable, value in zip(variables, weights, strict=True):
        variable.assign(value)
    return compared
