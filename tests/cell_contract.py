"""The contract that every recurrent cell keeps, as one function to call from the cell's own test.

    from cell_contract import check_cell

    def test_promises_of_a_cell():
        check_cell(lambda **overrides: PeepholeLSTMCell(4, **overrides))

`layer_contract.check_layer` checks what a cell has in common with every layer; this checks what
makes it a cell, mostly by running it over a sequence in several ways that must agree. Weights,
biases and states are random, not zero.

A failed promise raises `AssertionError`; its message starts with the class and the promise. It
runs on every Keras backend and needs NumPy only.
"""

import tempfile
from pathlib import Path

import keras
import numpy as np
from cell_contract_parts import (
    MASK,
    ROWS,
    TIME,
    Subject,
    Trained,
    differentiate,
    directional_derivatives,
    without_parallel,
)
from contract_parts import arrays, dtype_of, gap, with_noise

from layers.recurrent import LSTMCell, Recurrent, RecurrentDecoder, StackedCell
from layers.recurrent.cell import as_tuple
from layers.recurrent.loop import run

ops, BACKEND = keras.ops, keras.config.backend()

# TensorFlow compiles with XLA or without it, JAX always with it, torch never.
WAYS = {"jax": (True,), "torch": (False,)}.get(BACKEND, (False, True))

PROMISES = (
    *("shapes", "draws", "project", "sequence", "backwards", "masks", "parallel", "stateful"),
    *("gradients", "precision", "stacks", "attention", "compiled", "training"),
)


def check_cell(make, features=5, weights_scale=0.5, tolerance=1e-5, in_stock_rnn=True):
    """Check that a cell keeps every promise of a `Cell`.

    Args:
        make: function of keyword arguments (`dtype`) that returns a new, unbuilt cell of a few
            units. A dropout rate that is not zero lets the contract see what draws, too.
        features: size of the inputs.
        weights_scale: standard deviation of the random weights and biases.
        tolerance: largest difference between two ways to compute the same float32 numbers.
        in_stock_rnn: whether the cell runs in `keras.layers.RNN` and `StackedRNNCells`.

    Raises:
        AssertionError: naming the class and the broken promise.
    """
    check = _Check(make, features, weights_scale, tolerance)
    for promise in ("start", *PROMISES, *(("stock",) if in_stock_rnn else ())):
        check.promise = promise
        try:
            getattr(check, promise)()
        except AssertionError:
            raise
        except Exception as error:
            kind = type(error).__name__
            raise AssertionError(f"{check.name}, {promise}: {kind}: {error}") from error


class _Check(Subject):
    """The promises, one method each."""

    def shapes(self):
        """Outputs and states have the sizes that the cell declares, as a list, in its dtype."""
        cell = self.cell()
        states = cell.get_initial_state(ROWS)
        self.states_declared(cell, states, "get_initial_state")
        output, states = cell(ops.convert_to_tensor(self.x[:, 0]), states)
        self.states_declared(cell, states, "a step")
        same = tuple(output.shape) == (ROWS, cell.output_size)
        self.expect(same, f"the output is {tuple(output.shape)}")
        self.expect(dtype_of(output) == cell.compute_dtype, f"the output is {dtype_of(output)}")
        shapes = cell.compute_output_shape((None, self.features))
        same = shapes == ((None, cell.output_size), self.state_shapes(None))
        self.expect(same, f"compute_output_shape returns {shapes}")

    def draws(self):
        """Nothing is drawn in inference, and in training all is drawn before the first step."""
        cell, x = self.cell(), ops.convert_to_tensor(self.x)
        states = [ops.convert_to_tensor(state) for state in self.states]
        calls = [arrays(cell(x[:, 0], states)) for _ in range(2)]
        self.expect(gap(*calls) == 0, "inference is random")
        projections = [arrays(cell.project(x, training=True)) for _ in range(2)]
        draws = gap(*projections) > 0
        message = f"`project` {'draws' if draws else 'does not draw'} in training"
        self.expect(draws == cell.project_draws, f"{message}, `project_draws` says otherwise")
        step = cell.begin(ROWS, training=True)
        projected = cell.project(x[:, 0], training=True)
        calls = [arrays(step(projected, states)) for _ in range(2)]
        self.expect(gap(*calls) == 0, "the step draws random numbers, which fails in a loop on JAX")

    def project(self):
        """All steps are projected as each of them is, and batch and time stay in front."""
        cell, x = self.cell(), ops.convert_to_tensor(self.x)
        whole = arrays(as_tuple(cell.project(x)))
        for part in whole:
            message = f"`project` turns {self.x.shape} into {part.shape}"
            self.expect(part.shape[:2] == (ROWS, TIME), message)
        for time in range(TIME):
            one = arrays(as_tuple(cell.project(x[:, time])))
            other = [part[:, time] for part in whole]
            self.equal(one, other, "projecting one step is not projecting all of them")

    def sequence(self):
        """`Recurrent` over a sequence gives what the cell gives step by step."""
        cell = self.cell()
        got = self.layer(cell)(self.x, initial_state=self.states)
        self.whole = self.by_hand(cell)
        self.equal(got, self.whole, "the whole sequence is not what its steps are")
        wanted = self.by_hand(cell, states=cell.get_initial_state(ROWS))
        message = "a sequence without `initial_state` does not start from get_initial_state"
        self.equal(self.layer(cell)(self.x), wanted, message)
        last = self.layer(cell, return_sequences=False, return_state=False)(self.x)
        self.equal([last], [wanted[0][:, -1]], "the last output is not the last of all outputs")

    def backwards(self):
        """Backwards is forwards on the reversed sequence, with masks and without."""
        cell = self.cell()
        forwards, backwards = self.layer(cell), self.layer(cell, go_backwards=True)
        for mask in (None, MASK):
            turned = None if mask is None else mask[:, ::-1]
            got = backwards(self.x, initial_state=self.states, mask=mask)
            wanted = forwards(self.x[:, ::-1], initial_state=self.states, mask=turned)
            self.equal(got, wanted, "go_backwards is not the reversed sequence")

    def masks(self):
        """A padded step changes no state; the output before is repeated, or zero."""
        cell = self.cell()
        noisy = with_noise(self.x, MASK)
        self.masked = self.by_hand(cell, mask=MASK)
        for zero in (False, True):
            wanted = self.by_hand(cell, mask=MASK, zero_output=True) if zero else self.masked
            layer = self.layer(cell, zero_output_for_mask=zero)
            got = arrays(layer(noisy, initial_state=self.states, mask=MASK))
            for index, (state, before) in enumerate(zip(got[1:], self.states, strict=True)):
                message = f"a row of padding alone changes state {index}"
                self.expect(gap(state[-1], before[-1]) <= self.tolerance, message)
            self.equal(got, wanted, f"padded steps count (zero_output_for_mask={zero})")
        got = self.layer(cell)(self.x, initial_state=self.states, mask=np.ones_like(MASK))
        self.equal(got, self.whole, "a mask that keeps everything changes something")

    def parallel(self):
        """The form without a loop, where there is one, equals the loop."""
        cell = self.cell()
        states = [ops.convert_to_tensor(state) for state in self.states]
        result = cell.parallel(cell.project(ops.convert_to_tensor(self.x)), states)
        self.has_parallel = result is not None
        if not self.has_parallel:
            return
        long = self.normal(ROWS, 45, self.features)
        cases = {
            "": (self.x, None, 1),
            " with a mask": (with_noise(self.x, MASK), MASK, 1),
            " for one step": (self.x[:, :1], None, 1),
            " for one step with a mask": (self.x[:, :1], MASK[:, :1], 1),
            " for many steps": (long, self.rng.random((ROWS, 45)) < 0.8, 10),
            " for many steps with large inputs": (long * 10, None, 100),
        }
        for case, (x, mask, factor) in cases.items():
            projected = cell.project(ops.convert_to_tensor(x))
            keep = None if mask is None else ops.convert_to_tensor(mask)
            result = cell.parallel(projected, list(states), mask=keep)
            message = f"`parallel` does not equal the loop{case}"
            outputs, new_states = arrays(result)
            _, wanted, wanted_states = arrays(run(cell.begin(ROWS), projected, states, keep))
            if mask is not None:  # what the outputs are at padded steps is up to the cell
                self.expect(np.all(np.isfinite(outputs)), f"{message}: not finite")
                outputs, wanted = [y * mask[..., None] for y in (outputs, wanted)]
            one, other = [outputs, *new_states], [wanted, *wanted_states]
            self.equal(one, other, message, self.tolerance * factor)

    def stateful(self):
        """A stateful layer goes on where it ended, and resets to the cell's initial state."""
        cell = self.cell()
        wanted = arrays(self.layer(cell)(self.x))
        layer = self.layer(cell, stateful=True)
        for run_of in ("", " after reset_state"):
            one, other = layer(self.x[:, :3])[0], layer(self.x[:, 3:])
            got = [np.concatenate(arrays([one, other[0]]), axis=1), *other[1:]]
            self.equal(got, wanted, f"in two parts it differs from the whole{run_of}")
            layer.reset_state()
        message = "reset_state does not bring back get_initial_state"
        self.equal([0.0, *layer.states], [0.0, *cell.get_initial_state(ROWS)], message, 0.0)

    def gradients(self):
        """Gradients in float64 equal central differences, through the loop and `parallel`."""
        if BACKEND != "tensorflow":  # Keras has no float64 on JAX, and on torch loses it on the way
            return
        cell = self.cell(dtype="float64")
        forms = {"": cell}
        if self.has_parallel:
            loop = without_parallel(self.cell(dtype="float64"))
            forms = {" through the loop": loop, " through `parallel`": cell}
        mask = MASK[:, :5]
        values = [y.astype("float64") for y in (with_noise(self.x, MASK)[:, :5], *self.states)]
        like = (np.zeros((*mask.shape, cell.output_size)), *self.states)
        factors = [ops.convert_to_tensor(self.normal(*y.shape, dtype="float64")) for y in like]
        for form, cell in forms.items():
            layer, weights = self.layer(cell), cell.trainable_variables

            def loss(tensors, layer=layer):
                results = layer(tensors[0], initial_state=tensors[1:], mask=mask)
                return sum(ops.sum(y * f) for y, f in zip(results, factors, strict=True))

            differences = directional_derivatives(loss, values, weights, self.rng)
            for part, slope, wanted in differences:
                same = abs(slope - wanted) <= 1e-6 * (1 + abs(wanted))
                message = f"{slope:.8g}, central differences {wanted:.8g}"
                self.expect(same, f"along the {part}{form} it is {message}")

    def precision(self):
        """Over a masked sequence in mixed precision: the compute dtype, finite, near float32."""
        for policy in ("mixed_float16", "mixed_bfloat16"):
            cell = self.cell(dtype=policy)
            self.states_declared(cell, cell(self.x[:, 0], self.states)[1], f"a step in {policy}")
            layer = self.layer(cell)
            got = layer(self.x, initial_state=self.states, mask=MASK)
            dtypes = {dtype_of(y) for y in got}
            self.expect(dtypes == {cell.compute_dtype}, f"{policy} returns {dtypes}")
            outputs = arrays(got)[0]
            self.equal([outputs], self.masked[:1], f"{policy} is far from float32", 0.2)

            def loss(tensors, layer=layer):
                results = layer(tensors[0], initial_state=tensors[1:], mask=MASK)
                return sum(ops.sum(ops.cast(y, "float32")) for y in results)

            if BACKEND == "tensorflow":
                gradients = differentiate(loss, [self.x, *self.states], cell.trainable_variables)
                finite = all(np.all(np.isfinite(np.asarray(g, "float64"))) for g in gradients)
                self.expect(finite, f"{policy} has gradients that are not finite")

    def stacks(self):
        """In a `StackedCell` it does what one layer after the other does."""
        lower = self.cell()
        upper = LSTMCell(3) if lower.project_draws else self.cell(lower.output_size, 1)
        layers = [self.layer(cell, return_state=False) for cell in (lower, upper)]
        wanted = self.x
        for layer in layers:
            wanted = layer(wanted, mask=MASK)
        got = Recurrent(StackedCell([lower, upper]), return_sequences=True)(self.x, mask=MASK)
        self.equal([got], [wanted], "a StackedCell is not one layer after the other")

    def attention(self):
        """In a `RecurrentDecoder` whole equals step by step, and a beam what its rows are."""
        if keras.config.backend() == "jax":
            return  # a quarter of all its time there, and tested there for the LSTM
        memory, beam = self.normal(ROWS, 4, 3), 2
        mask = np.arange(4) < np.array([[4], [3], [2], [1], [4], [4]])
        decoder = RecurrentDecoder(self.make())
        decoder(self.x, memory)
        self.randomise(decoder)
        wanted = arrays(decoder(self.x, memory, memory_mask=mask))
        step, state = decoder.begin(memory, mask)
        state = keras.tree.map_structure(lambda y: ops.repeat(y, beam, axis=0), state)
        for time in range(TIME):
            inputs = np.repeat(self.x[:, time], beam, axis=0)
            output, state = step(ops.convert_to_tensor(inputs), state)
            message = "decoding step by step with two rows a sentence is not the whole decoder"
            self.equal([output], [np.repeat(wanted[:, time], beam, axis=0)], message)

    def compiled(self):
        """With and without XLA, time unknown, and loaded from a file: the same numbers."""
        inputs = keras.Input((None, self.features), name="x")
        mask = keras.Input((None,), dtype="bool", name="mask")
        states = [keras.Input(s.shape[1:], name=f"s{i}") for i, s in enumerate(self.states)]
        layer = self.layer(self.cell())
        results, wanted = [*layer(inputs, initial_state=states, mask=mask)], [*self.masked]
        symbolic = [tuple(y.shape) for y in results]
        shapes = [(None, None, layer.cell.output_size), *self.state_shapes(None)]
        self.expect(symbolic == shapes, f"its symbolic shapes are {symbolic}, not {shapes}")
        if self.has_parallel:  # it may go another way without a mask
            results, wanted = results + [*layer(inputs, initial_state=states)], wanted + self.whole
        model, given = keras.Model([inputs, mask, *states], results), [self.x, MASK, *self.states]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "cell.keras"
            model.save(path)
            loaded = keras.saving.load_model(path)
        tensors = [ops.convert_to_tensor(y) for y in given]
        self.equal(loaded(tensors), wanted, "loaded from a file it gives other numbers")
        for jit in WAYS:
            model.compile(jit_compile=jit)
            if BACKEND == "tensorflow" and not jit:
                # Another length first, so that the graph is traced again for unknown time.
                shorter = [self.x[:, 1:], MASK[:, 1:], *self.states]
                model.predict(shorter, batch_size=ROWS, verbose=0)
            got = model.predict(given, batch_size=ROWS, verbose=0)
            self.equal(got, wanted, f"with jit_compile={jit} it gives other numbers")

    def training(self):
        """A training step over masked sequences: weights that move, with XLA as without it."""
        targets, trained = self.normal(ROWS, TIME, self.make().output_size), []
        # What training draws differs from way to way, so they are compared without it.
        compared = [(jit, False) for jit in WAYS] if len(WAYS) > 1 else []
        for jit, training in [(WAYS[-1], True), *compared]:
            layer = self.layer(self.cell(), return_state=False)
            before = [ops.convert_to_numpy(w) for w in layer.trainable_weights]
            model = Trained(layer, training)
            model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse", jit_compile=jit)
            loss = float(model.train_on_batch([self.x, MASK], targets))
            self.expect(np.isfinite(loss), f"the loss is {loss}")
            after = [ops.convert_to_numpy(w) for w in layer.trainable_weights]
            for weight, new, old in zip(layer.trainable_weights, after, before, strict=True):
                self.expect(np.all(np.isfinite(new)), f"{weight.path} is not finite after a step")
                self.expect(np.any(new != old), f"{weight.path} did not move")
            trained.append(after)
        if compared:
            self.equal(trained[1], trained[2], "under XLA a step trains to other weights")

    def stock(self):
        """In the layers of Keras it gives the same numbers."""
        cell, upper = self.cell(), self.cell(self.make().output_size, 1)
        options = {"return_sequences": True, "return_state": True}
        got = keras.layers.RNN(cell, **options)(self.x, initial_state=self.states)
        self.equal(got, self.whole, "keras.layers.RNN gives other numbers than Recurrent")
        vectors = all(state.ndim == 2 for state in self.states)
        if vectors:  # the loop of Keras on JAX takes every state for a vector where there is a mask
            got = keras.layers.RNN(cell, **options)(self.x, mask=MASK, initial_state=self.states)
            message = "keras.layers.RNN gives other states than Recurrent with a mask"
            self.equal([0.0, *got[1:]], [0.0, *self.masked[1:]], message)
        wanted = self.x
        for layer in [self.layer(c, return_state=False) for c in (cell, upper)]:
            wanted = layer(wanted)
        stacked = keras.layers.StackedRNNCells([cell, upper])
        got = keras.layers.RNN(stacked, return_sequences=True)(self.x)
        self.equal([got], [wanted], "StackedRNNCells is not one layer after the other")
        both = keras.layers.Bidirectional(keras.layers.RNN(cell, return_sequences=True))
        self.expect(both(self.x).shape[-1] == 2 * cell.output_size, "Bidirectional is half")
        both = keras.layers.Bidirectional(self.layer(cell, return_state=False))
        both(self.x)
        self.randomise(both)
        halves = []
        for layer in (both.forward_layer, both.backward_layer):
            half = ops.convert_to_numpy(layer(self.x, mask=MASK))
            halves.append(half[:, ::-1] if layer.go_backwards else half)
        wanted = np.concatenate(halves, axis=-1)
        self.equal([both(self.x, mask=MASK)], [wanted], "Bidirectional is not its two directions")
