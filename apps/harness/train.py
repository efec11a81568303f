"""The verb `train`: begins a run, or goes on with it exactly where it was."""

from importlib.metadata import entry_points

import keras

from data.buckets import Position
from data.errors import UserError
from layers import catalogue

from .app import App
from .checkpoint import Standing, load_checkpoint
from .config import BaseConfig, ModelConfig, Option, flat, save_config
from .evaluate import evaluate_model
from .files import atomic_path
from .keeper import Keeper
from .metrics_file import forget, read, update
from .optimizer import make_optimizer
from .progress import Progress
from .run_folder import RunFolder, sibling
from .tensorboard import TensorBoard
from .traces import Traces


def train(app: App, config: BaseConfig, run: RunFolder) -> None:
    """Trains until the last epoch or early stopping, then evaluates on the validation split.

    Raises:
        UserError: the folder holds another run, the corpus is not to be had, the loss diverged.
    """
    settings = config.train
    _check_memory(config)
    before = run.open(config)
    keras.utils.set_random_seed(settings.seed)
    keras.config.set_dtype_policy(settings.precision)
    data = app.prepare(config, run)
    try:
        model = app.build(config, data)
    except ValueError as error:  # units that do not go with the heads, say
        raise UserError(str(error)) from error
    optimizer = make_optimizer(settings, len(data.train), model.trainable_variables)
    model.compile(optimizer, jit_compile=settings.xla)
    model.optimizer.build(model.trainable_variables)
    standing = _standing(config, run, model)
    if app.warm_start and not (run.checkpoint.is_file() or settings.init_from):
        standing.seconds = app.warm_start(config, run, model)
        # Another run may have been trained in between, whose seed ended our tokenizer.
        keras.utils.set_random_seed(settings.seed)
        data = app.prepare(config, run)
    metrics = read(run.metrics)  # a damaged file is told before hours of training
    # Killed after the last of more epochs, a run still has the model and the scores of fewer.
    trained = metrics.get("training", {}).get("epochs")
    scored = "validation" in metrics and trained == standing.epoch
    if scored and standing.finished(settings.epochs):
        save_config(before or config, run.config_file)
        print(f"{run} is finished ({standing.epoch} epochs).")
        if app.next_steps:
            print(_next_steps(app, config, run, standing))
        return
    _announce(app, config, run, model, data, standing)
    traces = Traces()
    watch = app.watch(config, run, model, data)
    board = TensorBoard(
        run,
        flat(config),
        settings.epochs,
        watch,
        score_every=settings.score_every,
        profile=settings.profile,
    )
    progress = Progress(settings.epochs, watch.unit, len(data.train), standing.step)
    _fit(config, run, model, data, standing, [board, progress, traces])
    steps, best = int(model.optimizer.iterations.numpy()), sorted(e + 1 for e in standing.kept)
    if len(best) > 1:
        print(f"The model is the mean of epochs {', '.join(map(str, best))}.")
    # A search in small steps is slower in half precision on a CPU.
    trained, model = model, model.computing_in("float32")
    if app.finish:
        app.finish(config, model, data)
    with atomic_path(run.model) as partial:
        model.save(partial)
    forget(run.metrics)
    update(
        run.metrics,
        "training",
        {
            "parameters": model.count_params(),
            "train_seconds": round(standing.seconds, 1),
            "epochs": standing.epoch,
            "steps": steps,
            "epochs_averaged": best,
        },
    )
    # Through the graphs that are there, unless it is a copy. The model is safe by now.
    board.finish(watch if model is trained else app.watch(config, run, model, data), steps)
    evaluation = evaluate_model(app, config, run, model, data, "validation")
    print(traces)
    print(evaluation.report)
    if app.next_steps:
        print(_next_steps(app, config, run, standing))


def _fit(config, run, model, data, standing: Standing, callbacks: list) -> None:
    settings = config.train
    position = Position(standing.epoch, standing.step)
    keeper = Keeper(
        run,
        standing,
        position,
        epochs=settings.epochs,
        steps=len(data.train),
        checkpoint_seconds=settings.checkpoint_seconds,
        patience=settings.patience,
        average=settings.average,
    )

    def fit_until(epochs: int) -> None:
        position.epoch, position.step = standing.epoch, standing.step
        if not standing.finished(epochs):
            model.fit(
                data.train.training(position),
                validation_data=data.validation.validation(),
                initial_epoch=standing.epoch,
                epochs=epochs,
                callbacks=[keeper, *callbacks],
                shuffle=False,
                verbose=0,
            )

    # `fit` takes all epochs to be as long as its first, so the rest of a broken one goes alone.
    if standing.step:
        fit_until(standing.epoch + 1)
    fit_until(settings.epochs)
    keeper.set_model(model)
    if not standing.kept:
        raise UserError(
            "The validation loss was never a finite number: try a smaller --train.learning-rate."
        )
    keeper.finish()


def _check_memory(config: BaseConfig) -> None:
    """A mistyped memory is told before anything is read or made."""
    try:
        catalogue.resolve(config.model.memory, config.model.options)
    except ValueError as error:
        raise UserError(str(error)) from None


def _standing(config: BaseConfig, run: RunFolder, model: keras.Model) -> Standing:
    settings = config.train
    if run.checkpoint.is_file():
        standing = load_checkpoint(run.checkpoint, model)
        if 0 < standing.stopped < settings.epochs:  # more epochs are wanted: new patience
            standing.stopped = standing.waited = 0
        return standing
    if settings.init_from:
        _take_weights(config, sibling(run, settings.init_from), model)
    return Standing()


def _take_weights(config: BaseConfig, donor: RunFolder, model: keras.Model) -> None:
    theirs, ours = (_structure(one.model) for one in (donor.config(type(config)), config))
    weights = donor.load_model().get_weights()
    if ours != theirs or [w.shape for w in weights] != [tuple(w.shape) for w in model.weights]:
        names = [name for name in theirs if name in ours and theirs[name] != ours[name]]
        listed = ", ".join(f"{name} {theirs[name]} -> {ours[name]}" for name in names)
        cure = "give it the same model settings."
        if not names:
            listed = "its shapes differ"
            cure = "the corpus gives it another vocabulary or other classes."
        raise UserError(f"The weights of {donor} do not fit this model ({listed}): {cure}")
    model.set_weights(weights)


def _structure(model: ModelConfig) -> dict[str, Option]:
    """The settings that decide what the weights mean; several of them fit the same shapes."""
    settings = {
        name: value
        for name, value in model.model_dump(exclude={"options"}).items()
        if not name.endswith("dropout")
    }
    return {**settings, **catalogue.resolve(model.memory, model.options)}


def _announce(app, config, run, model, data, standing: Standing) -> None:
    epochs, steps = config.train.epochs, len(data.train)
    print(f"{app.name}: {app.summary}")
    for line in data.summary:
        print(f"  {line}")
    print(f"  memory {config.model.memory}, {model.count_params():,} parameters")
    print(f"  {epochs} epochs of {steps} steps, {config.train.precision}, run folder {run}")
    if (standing.epoch or standing.step) and standing.epoch < epochs:
        print(f"  going on at epoch {standing.epoch + 1}, step {standing.step + 1}")


def _next_steps(app: App, config: BaseConfig, run: RunFolder, standing: Standing) -> str:
    name = f"RUN={run.name}"
    more = 2 * max(standing.epoch, standing.stopped)
    steps = [
        f"  make evaluate-{app.name} {name}      scores on the test split",
        f'  echo "..." | make -s predict-{app.name} {name}',
        "  make tensorboard      the curves, in a browser",
        f"  the same command with --train.epochs {more} in ARGS      to train on",
    ]
    if config.train.profile and not entry_points(group="tensorboard_plugins", name="profile"):
        steps.append("  .venv/bin/pip install xprof      for TensorBoard to show the profile")
    return "\n".join(steps)
