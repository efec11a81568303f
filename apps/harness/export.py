"""The verb `export`: a SavedModel from strings to strings, to be served without this project."""

import shutil
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from .app import App
from .config import merged
from .run_folder import RunFolder


def export(app: App, run: RunFolder, overrides: Mapping[str, Any]) -> None:
    """Writes `saved_model/` into the run folder, whole or not at all.

    Args:
        overrides: dotted settings that differ from those of the run.

    Raises:
        UserError: the run is not finished.
    """
    config = merged(run.config(app.config), overrides)
    module = app.export(config, run, run.load_model())
    partial = run.path / ".saved_model.partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        tf.saved_model.save(module, str(partial), signatures={"serving_default": module.serve})
        shutil.rmtree(run.saved_model, ignore_errors=True)
        partial.rename(run.saved_model)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    print(f"Exported to {run.saved_model}. To use it, with tensorflow and tensorflow_text alone:")
    print("  import tensorflow as tf, tensorflow_text")
    print(f'  tf.saved_model.load("{run.saved_model}").serve(tf.constant(["..."]))')
