"""The contract that every layer keeps, as one function to call from the layer's own test.

    from layer_contract import check_layer

    def test_contract():
        check_layer(
            MyAttention,
            {"heads": 2, "key_dim": 3, "dropout": 0.3},          # no argument left at its default
            {"query": random(3, 5, 8), "value": random(3, 7, 8)},
            masks={"query_mask": "query", "value_mask": "value"},
            seed_generators=1,
            trainable_weights=8,
        )

Inputs are NumPy arrays: one array for the first argument of `call`, or a dict of arrays (or nests
of arrays) by argument name. Give each axis a size of its own (batch 3, time 5, memory time 7,
features 8), since the contract finds the time axis of an output by its size, and at least three
rows. Give every constructor argument a value that is not its default, or a forgotten one goes
unseen. Make one call per variant that matters (`return_sequences`, `return_state`, ...).

A failed promise raises `AssertionError`; its message starts with the class and the promise. It
runs on every Keras backend and needs NumPy only.
"""

import inspect
import json
import tempfile
import warnings
from pathlib import Path

import keras
import numpy as np
from contract_parts import (
    GradientRecorder,
    MaskProbe,
    Subject,
    arrays,
    dtype_of,
    fits,
    flat_shapes,
    gap,
    keep_mask,
    kept,
    same_config,
    shape_nest,
    tensors_of,
    through_json,
    with_noise,
)

MARK = 7.5  # the value at padded steps of an input that carries its mask
PLAIN = (bool, int, float, str, type(None), list, tuple)


def check_layer(
    cls,
    init,
    inputs,
    *,
    options=None,
    masks=None,
    kept_by=None,
    propagates_mask=None,
    seed_generators=0,
    trainable_weights=None,
    non_trainable_weights=0,
    no_gradient=(),
    output_shape=None,
    variable_time=None,
    has_shape_function=True,
    precisions=("mixed_float16", "mixed_bfloat16"),
    xla=True,
    tolerance=1e-4,
    mixed_tolerance=0.1,
):
    """Check that a layer keeps every promise of a Keras layer.

    Args:
        cls: the layer class.
        init: dict of constructor arguments, without `name` and `dtype`; or a callable that makes
            such a dict, where an argument is itself a layer (a new one for each call).
        inputs: NumPy array, or dict of arrays by name of `call` argument.
        options: dict of `call` arguments that are no tensors (`return_attention_scores=True`).
        masks: dict from a mask argument of `call` to the input it masks, `{"mask": "inputs"}`.
            None for a layer without masks.
        kept_by: the mask whose steps are the steps of the output; when None, the mask of the
            first input. Outputs without such an axis are compared whole.
        propagates_mask: True when the output carries the mask of the first input on, False when
            it must not. None means True where the first input is masked and the first output
            has its time axis.
        seed_generators: how many `SeedGenerator`s the layer owns, those of its parts included.
        trainable_weights: number of trainable weights, unchecked when None.
        non_trainable_weights: number of non-trainable weights, seed states not counted.
        no_gradient: parts of the paths of weights that need no gradient ("key/bias").
        output_shape: the shape of the first output, unchecked when None.
        variable_time: whether the time axes of masked inputs may be unknown when the layer is
            called symbolically. None means True where there are masks.
        has_shape_function: False for a layer that leaves `compute_output_shape` to Keras.
        precisions: mixed dtype policies to run.
        xla: whether the layer also runs under XLA on TensorFlow.
        tolerance: largest difference between two ways to compute the same float32 numbers.
        mixed_tolerance: the same between mixed precision and float32.

    Raises:
        AssertionError: naming the class and the broken promise.
    """
    check = _Check(cls, init, inputs, options, masks, tolerance)
    check.seeds(seed_generators)
    check.config()
    check.shapes(output_shape, variable_time, has_shape_function)
    check.training(trainable_weights, non_trainable_weights, no_gradient)
    check.saving(xla)
    for policy in precisions:
        check.precision(policy, mixed_tolerance)
    if check.masks:
        check.padding(kept_by)
        check.implicit_masks(propagates_mask)


class _Check(Subject):
    """The promises, one method each."""

    def seeds(self, count):
        """As many seed generators as declared; the same seed gives the same training output."""
        layer = self.make()
        before = self.run(layer)
        states = [v for v in layer.variables if v.name == "seed_generator_state"]
        self.expect(len(states) == count, "seeds", f"{len(states)} SeedGenerators, not {count}")
        self.equal(self.run(layer), before, "seeds", "inference is random", 0.0)
        if "training" not in self.parameters:
            return
        one, other = self.make(), self._with_weights(self.make(), layer)
        one = self._with_weights(one, layer)
        draws = self.run(one, True), self.run(one, True)
        self.equal(self.run(other, True), draws[0], "seeds", "same seed, other training output")
        random_output = gap(*draws) > 1e-6
        self.expect(count or not random_output, "seeds", "random without a SeedGenerator")
        self.expect(random_output or not count, "seeds", "two training calls draw the same")
        if count and "seed" in inspect.signature(self.cls.__init__).parameters:
            one, other = self.make(5, seed=3), self.make(6, seed=3)
            one, other = self._with_weights(one, layer), self._with_weights(other, layer)
            one, other = self.run(one, True), self.run(other, True)
            self.equal(one, other, "seeds", "`seed=` does not decide the training output")

    def _with_weights(self, layer, other):
        self.call(layer, self.symbols(True, True))  # builds without computing anything
        layer.set_weights(other.get_weights())
        return layer

    def config(self):
        """config -> JSON -> config; the revived layer has the same config and the same numbers."""
        layer, given = self.make(), self.init()
        registered = keras.saving.get_registered_name(self.cls) != self.cls.__name__
        self.expect(registered, "config", "register_keras_serializable is missing")
        config = layer.get_config()
        for name, parameter in inspect.signature(self.cls.__init__).parameters.items():
            of_keras = name in inspect.signature(keras.layers.Layer.__init__).parameters
            named = parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            if named and not of_keras:
                self.expect(name in config, "config", f"get_config() forgets `{name}`")
        for name, value in given.items():
            self.expect(name in config, "config", f"get_config() forgets `{name}`")
            if isinstance(value, PLAIN) and isinstance(config[name], PLAIN):
                same = same_config(value, config[name])
                self.expect(same, "config", f"`{name}` is {config[name]!r}, given as {value!r}")
        text = json.dumps(keras.saving.serialize_keras_object(layer))
        revived = keras.saving.deserialize_keras_object(json.loads(text))
        for other in (revived, self.cls.from_config(config)):
            again = other.get_config()
            same = same_config(through_json(again), through_json(config))
            self.expect(same, "config", f"the revived layer has {again} instead of {config}")
        wanted = self.run(layer)
        self.call(revived, self.symbols(True, True))
        one, other = [[tuple(w.shape) for w in x.weights] for x in (layer, revived)]
        self.expect(one == other, "config", f"the revived layer has weights {other}, not {one}")
        revived.set_weights(layer.get_weights())
        self.equal(self.run(revived), wanted, "config", "the revived layer gives other numbers")

    def shapes(self, output_shape, variable_time, has_shape_function):
        """Eager, symbolic and `compute_output_shape` agree on shapes, dtypes and structure."""
        eager = self.run(self.make())
        first = keras.tree.flatten(eager)[0].shape
        if output_shape is not None:
            self.expect(first == tuple(output_shape), "shapes", f"the output is {first}")
        cases = {"all axes known": (True, True), "batch unknown": (False, True)}
        if variable_time or (variable_time is None and self.masks):
            cases["batch and time unknown"] = (False, False)
        for case, known in cases.items():
            symbolic = self.call(self.make(), self.symbols(*known))
            one, other = flat_shapes(shape_nest(eager)), flat_shapes(shape_nest(symbolic))
            same = len(one) == len(other) and all(map(fits, one, other, [all(known)] * len(one)))
            self.expect(same, "shapes", f"{case}: symbolic {other}, eager {one}")
            one, other = [[dtype_of(x) for x in keras.tree.flatten(y)] for y in (eager, symbolic)]
            self.expect(one == other, "dtypes", f"{case}: symbolic {other}, eager {one}")
        if has_shape_function:
            self._shape_function(flat_shapes(shape_nest(eager)))

    def _shape_function(self, wanted):
        function = self.make().compute_output_shape
        takes = inspect.signature(function).parameters
        shapes = {f"{name}_shape": shape_nest(x) for name, x in self.inputs.items()}
        first = shapes.pop(f"{self.first}_shape")
        named = {k: v for k, v in {**shapes, **self.options}.items() if k in takes}
        try:
            result = flat_shapes(function(first, **named))
        except NotImplementedError:
            self.expect(False, "shapes", "compute_output_shape is not implemented")
        if not set(self.options) <= set(takes):  # it cannot know of outputs that an option adds
            result, wanted = result[:1], wanted[:1]
        self.expect(result == wanted, "shapes", f"compute_output_shape {result}, eager {wanted}")

    def training(self, trainable, non_trainable, no_gradient):
        """A compiled step of `fit`: finite loss, a gradient for every weight, weights that move."""
        layer = self.make()
        symbols = self.symbols(time=True)
        outputs = keras.tree.flatten(self.call(layer, symbols))
        count = len(layer.trainable_weights)
        same = trainable is None or count == trainable
        self.expect(same, "weights", f"{count} trainable weights, not {trainable}")
        count = len(layer.non_trainable_weights)
        self.expect(count == non_trainable, "weights", f"{count} not trainable, {non_trainable}")
        if not layer.trainable_weights:
            return
        outputs = [keras.ops.cast(y, "float32") for y in outputs if "float" in dtype_of(y)]
        outputs = [keras.ops.reshape(y, (-1, int(np.prod(y.shape[1:])))) for y in outputs]
        model = keras.Model(symbols, keras.ops.concatenate(outputs, axis=-1))
        # XLA has its own promise; without it a step on TensorFlow compiles in a moment.
        recorder, jit = GradientRecorder(), keras.config.backend() == "jax"
        model.compile(optimizer=recorder, loss="mean_squared_error", jit_compile=jit)
        recorder.build(model.trainable_variables)
        rows = len(keras.tree.flatten(self.inputs)[0])
        targets = np.random.default_rng(3).normal(size=(rows, model.output.shape[-1]))
        with warnings.catch_warnings():  # a missing gradient is an error below
            warnings.filterwarnings("ignore", "Gradients do not exist")
            fit = model.fit(self.inputs, targets.astype("float32"), batch_size=rows, verbose=0)
        loss = fit.history["loss"][0]
        self.expect(np.isfinite(loss), "fit", f"the loss is {loss}")
        for weight, moved, gradient in recorder.report(model.trainable_variables):
            finite = np.all(np.isfinite(gradient))
            self.expect(finite, "gradients", f"{weight.path} has a gradient that is not finite")
            if not any(part in weight.path for part in no_gradient):
                self.expect(np.any(gradient), "gradients", f"{weight.path} gets no gradient")
                self.expect(moved, "fit", f"{weight.path} did not move")

    def saving(self, xla):
        """Saved to .keras and loaded, the layer gives the same numbers; compiled, too."""
        layer, symbols = self.make(), self.symbols(time=True)
        model = keras.Model(symbols, self.call(layer, symbols))
        wanted = self.run(layer)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "layer.keras"
            model.save(path)
            loaded = keras.saving.load_model(path)
        self.equal(
            arrays(loaded(tensors_of(self.inputs))), wanted, "saving", "other numbers loaded"
        )
        # TensorFlow compiles with XLA or without it, JAX always with it, torch never.
        ways = {"jax": (True,), "torch": (False,)}
        for jit in ways.get(keras.config.backend(), (False, True) if xla else (False,)):
            model.compile(jit_compile=jit)
            compiled = model.predict(self.inputs, batch_size=1024, verbose=0)
            name = f"predict with jit_compile={jit}"
            self.equal(compiled, wanted, "compiled", f"{name} gives other numbers than a call")

    def precision(self, policy, tolerance):
        """Mixed precision: float32 variables, finite outputs in the compute dtype, near float32."""
        plain = self.make()
        wanted = self.run(plain)
        layer = self._with_weights(self.make(dtype=policy), plain)
        for variable in layer.weights:
            dtype = dtype_of(variable)
            right = "float" not in dtype or dtype == "float32"
            self.expect(right, policy, f"{variable.path} is {dtype}, not float32")
        outputs = self.run(layer), self.run(layer, True)
        for output in outputs:
            pairs = zip(keras.tree.flatten(output), keras.tree.flatten(wanted), strict=True)
            for y, full in pairs:
                dtype = layer.compute_dtype if "float" in dtype_of(full) else dtype_of(full)
                self.expect(
                    dtype_of(y) == dtype, policy, f"an output is {dtype_of(y)}, not {dtype}"
                )
                finite = np.all(np.isfinite(np.asarray(y, "float64")))
                self.expect(finite, policy, "an output is not finite")
        self.equal(outputs[0], wanted, policy, "far from float32", tolerance)

    def padding(self, kept_by):
        """What stands at padded steps changes nothing at kept steps; a mask of True is no mask."""
        layer = self.make()
        self.expect(layer.supports_masking, "masks", "supports_masking is False")
        masks = {name: keep_mask(*self.inputs[x].shape[:2]) for name, x in self.masks.items()}
        noisy = {x: with_noise(self.inputs[x], masks[name]) for name, x in self.masks.items()}
        by_input = {x: masks[name] for name, x in self.masks.items()}
        steps = masks[kept_by] if kept_by else by_input.get(self.first)
        clean, other = self.run(layer, **masks), self.run(layer, **{**masks, **noisy})
        clean, other = kept(clean, steps), kept(other, steps)
        finite = all(np.all(np.isfinite(y)) for y in keras.tree.flatten(clean))
        self.expect(finite, "masks", "an output is not finite where steps are padded")
        message = f"what stands at padded steps of {sorted(noisy)} changes the output"
        self.equal(other, clean, "masks", message)
        whole = {name: np.ones_like(mask) for name, mask in masks.items()}
        message = "a mask that keeps everything changes the output"
        self.equal(self.run(layer, **whole), self.run(layer), "masks", message)

    def implicit_masks(self, propagates):
        """A mask that travels with a tensor counts like one given, and travels on."""
        # Beside several tensors Keras hands on only the masks that are called "<input>_mask".
        named = {x: m for m, x in self.masks.items() if len(self.inputs) == 1 or m == f"{x}_mask"}
        floats = [x for x in named if "float" in dtype_of(self.inputs[x])]
        masks = {x: keep_mask(*self.inputs[x].shape[:2]) for x in floats}
        zeroed = {x: np.where(masks[x][..., None], self.inputs[x], np.float32(0)) for x in floats}
        tensors = tensors_of({**self.inputs, **zeroed})
        for x in floats:
            marked = np.where(masks[x][..., None], self.inputs[x], np.float32(MARK))
            tensors[x] = keras.layers.Masking(MARK)(keras.ops.convert_to_tensor(marked))
        layer = self.make()
        outputs = self.call(layer, tensors)
        wanted = self.run(layer, **zeroed, **{named[x]: masks[x] for x in floats})
        message = "a mask that travels with its tensor is not used like one given"
        steps = masks.get(self.first)
        self.equal(kept(arrays(outputs), steps), kept(wanted, steps), "masks", message)
        if self.first not in masks:
            return
        first = keras.tree.flatten(outputs)[0]
        if propagates is None:
            propagates = tuple(first.shape[:2]) == masks[self.first].shape
        arrived = arrays(MaskProbe()(first))
        wanted = masks[self.first].astype("int32") if propagates else -np.ones((1,), "int32")
        same = arrived.shape == wanted.shape and np.array_equal(arrived, wanted)
        message = "does not travel on" if propagates else "travels on, and must not"
        self.expect(same, "masks", f"the mask of `{self.first}` {message}")
