"""The contract is no better than what it catches: a layer that keeps it, and ways to break it."""

import keras
import numpy as np
import pytest
from keras import ops
from layer_contract import check_layer

register = keras.saving.register_keras_serializable("contract_test")


@register
class Mixer(keras.layers.Layer):
    """Keeps the contract: adds the masked mean of a dropped-out projection to every step."""

    def __init__(self, units, rate=0.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.units, self.rate, self.seed = units, rate, seed
        self.supports_masking = True
        self.random = self.generator(seed)

    def generator(self, seed):
        return keras.random.SeedGenerator(seed)

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.scale = self.add_scale()

    def add_scale(self):
        return self.add_weight(shape=(self.units,), initializer="ones", name="scale")

    def call(self, inputs, mask=None, training=False):
        outputs = ops.matmul(inputs, self.kernel)
        if training:
            outputs = keras.random.dropout(outputs, self.rate, seed=self.random)
        return outputs + self.scale * self.mean(outputs, mask)

    def mean(self, x, mask):
        if mask is None:
            return ops.mean(x, axis=1, keepdims=True)
        weights = ops.cast(mask, x.dtype)[..., None]
        count = ops.sum(weights, axis=1, keepdims=True)
        return ops.sum(ops.where(mask[..., None], x, 0), axis=1, keepdims=True) / count

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "rate": self.rate, "seed": self.seed}


@register
class ForgetsAnArgument(Mixer):
    def get_config(self):
        config = super().get_config()
        del config["rate"]
        return config


@register
class ChangesAnArgument(Mixer):
    def get_config(self):
        return {**super().get_config(), "units": self.units + 1}


class IsNotRegistered(Mixer):
    pass


@register
class MakesHalfWeights(Mixer):
    def add_scale(self):
        return self.add_weight(shape=(self.units,), dtype=self.compute_dtype, name="scale")


@register
class LeavesTheComputeDtype(Mixer):
    def call(self, inputs, mask=None, training=False):
        return ops.cast(super().call(inputs, mask, training), "float32")


@register
class OverflowsInHalf(Mixer):
    def call(self, inputs, mask=None, training=False):
        return super().call(inputs * 1e3, mask, training) * 1e3 / 1e6


@register
class IgnoresTheMask(Mixer):
    def mean(self, x, mask):
        return super().mean(x, None)


@register
class DropsTheMask(Mixer):
    def compute_mask(self, inputs, previous_mask):
        return None


@register
class DoesNotSupportMasking(Mixer):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.supports_masking = False


@register
class MisjudgesItsShape(Mixer):
    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)


@register
class ReturnsOtherDtypeSymbolically(Mixer):
    def compute_output_spec(self, inputs, mask=None, training=False):
        return keras.KerasTensor((*inputs.shape[:-1], self.units), "int32")


@register
class StopsAGradient(Mixer):
    def mean(self, x, mask):
        return ops.stop_gradient(super().mean(x, mask)) * ops.stop_gradient(self.scale)

    def call(self, inputs, mask=None, training=False):
        outputs = ops.matmul(inputs, self.kernel)
        if training:
            outputs = keras.random.dropout(outputs, self.rate, seed=self.random)
        return outputs + self.mean(outputs, mask)


@register
class HasAnInfiniteGradient(Mixer):
    def call(self, inputs, mask=None, training=False):
        outputs = super().call(inputs, mask, training)
        return outputs + ops.sqrt(ops.sum(self.kernel - self.kernel))


@register
class DrawsInInference(Mixer):
    def call(self, inputs, mask=None, training=False):
        return super().call(inputs, mask, training=True)


@register
class DrawsWithoutAGenerator(Mixer):
    def generator(self, seed):
        return None


@register
class IgnoresItsSeed(Mixer):
    def generator(self, seed):
        return keras.random.SeedGenerator()


@register
class LosesAWeightOnSaving(Mixer):
    def save_own_variables(self, store):
        store["0"] = ops.convert_to_numpy(self.kernel)

    def load_own_variables(self, store):
        self.kernel.assign(store["0"] * 2)


@register
class FindsOtherNumbersCompiled(Mixer):
    def call(self, inputs, mask=None, training=False):
        outputs = super().call(inputs, mask, training)
        try:
            ops.convert_to_numpy(inputs)
        except Exception:  # every backend has its own for a tensor without a value
            return outputs + 1
        return outputs


def inputs(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def check(cls, **changes):
    options = {
        "masks": {"mask": "inputs"},
        "seed_generators": 1,
        "trainable_weights": 2,
        "output_shape": (3, 5, 4),
        "xla": False,
        **changes,
    }
    check_layer(cls, {"units": 4, "rate": 0.3}, inputs(3, 5, 8), **options)


def test_a_good_layer_passes():
    check(Mixer, xla=True)


@pytest.mark.parametrize(
    "cls, message",
    [
        (ForgetsAnArgument, "config: get_config.* forgets `rate`"),
        (ChangesAnArgument, "config: `units` is 5"),
        (IsNotRegistered, "config: register_keras_serializable"),
        (MakesHalfWeights, "mixed_float16: .*scale is float16"),
        (LeavesTheComputeDtype, "mixed_float16: an output is float32"),
        (OverflowsInHalf, "mixed_float16: an output is not finite"),
        (IgnoresTheMask, "masks: what stands at padded steps"),
        (DropsTheMask, "masks: the mask of `inputs` does not travel on"),
        (DoesNotSupportMasking, "masks: supports_masking"),
        (MisjudgesItsShape, "shapes: "),
        (ReturnsOtherDtypeSymbolically, "dtypes: .*int32"),
        (StopsAGradient, "gradients: .*scale gets no gradient"),
        (HasAnInfiniteGradient, "gradients: .*kernel has a gradient that is not finite"),
        (DrawsInInference, "seeds: inference is random"),
        (DrawsWithoutAGenerator, "seeds: 0 SeedGenerators"),
        (IgnoresItsSeed, "seeds: `seed=` does not decide"),
        (LosesAWeightOnSaving, "saving: other numbers"),
        (FindsOtherNumbersCompiled, "compiled: predict"),
    ],
)
def test_a_broken_layer_is_caught(cls, message):
    with pytest.raises(AssertionError, match=f"{cls.__name__}, {message}"):
        check(cls)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"seed_generators": 2}, "1 SeedGenerators, not 2"),
        ({"trainable_weights": 3}, "2 trainable weights, not 3"),
        ({"non_trainable_weights": 1}, "0 not trainable"),
        ({"output_shape": (3, 5, 5)}, "shapes"),
        ({"propagates_mask": False}, "must not"),
        ({"masks": None}, "name it in `masks`"),
        ({"masks": {"mask": "sequences"}}, "no input is named"),
    ],
)
def test_a_wrong_expectation_is_caught(changes, message):
    with pytest.raises(AssertionError, match=message):
        check(Mixer, precisions=(), **changes)


@register
class Reader(keras.layers.Layer):
    """Keeps the contract with several named tensors, several masks and a nest of outputs."""

    supports_masking = True

    def build(self, inputs_shape, memory_shape, start_shape):
        self.kernel = self.add_weight(shape=(inputs_shape[-1], memory_shape[-1]), name="kernel")

    def call(self, inputs, memory, start, mask=None, memory_mask=None, return_scores=False):
        scores = ops.matmul(ops.matmul(inputs, self.kernel), ops.swapaxes(memory, 1, 2))
        if memory_mask is not None:
            scores = ops.where(memory_mask[:, None, :], scores, -1e4)
        scores = ops.softmax(scores)
        read = ops.matmul(scores, memory) + start["first"][:, None] + start["second"][:, None]
        return (read, {"scores": scores}) if return_scores else read

    def compute_output_spec(
        self, inputs, memory, start, mask=None, memory_mask=None, return_scores=False
    ):
        read = self.compute_output_shape(inputs.shape, memory.shape, None)
        read = keras.KerasTensor(read, self.compute_dtype)
        scores = keras.KerasTensor((*inputs.shape[:2], memory.shape[1]), self.compute_dtype)
        return (read, {"scores": scores}) if return_scores else read

    def compute_output_shape(self, inputs_shape, memory_shape, start_shape):
        return (*inputs_shape[:-1], memory_shape[-1])


def test_several_named_tensors_and_a_nest_of_outputs():
    check_layer(
        Reader,
        {},
        {
            "inputs": inputs(3, 5, 8),
            "memory": inputs(3, 7, 6),
            "start": {"first": inputs(3, 6), "second": inputs(3, 6)},
        },
        options={"return_scores": True},
        masks={"mask": "inputs", "memory_mask": "memory"},
        trainable_weights=1,
    )


@register
class Lookup(keras.layers.Embedding):
    """Whole numbers go in, and there is no mask argument."""

    def __init__(self, input_dim, output_dim, **kwargs):
        super().__init__(input_dim, output_dim, **kwargs)


def test_whole_numbers():
    tokens = np.random.default_rng(0).integers(0, 9, (3, 5))
    check_layer(Lookup, {"input_dim": 9, "output_dim": 4}, tokens, trainable_weights=1)
