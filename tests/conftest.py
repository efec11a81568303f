"""What every test gets: the repository root on the path, a fixed seed, a clean Keras state."""

import gc
import os
import random
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS.parent), str(TESTS)]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# An eager loop compiles anew at every call on JAX: let equal programs be compiled once.
COMPILED = tempfile.TemporaryDirectory(prefix="jax-compiled-")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", COMPILED.name)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

# What tests run is small: compiling it well takes much longer than running it.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
if os.environ.get("KERAS_BACKEND") == "jax":
    flags = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
    os.environ.setdefault("XLA_FLAGS", flags)

import keras  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

SEED = 1234


@pytest.fixture(autouse=True)
def clean_keras():
    """Give each test the same seed, and put back the global settings that it changed.

    Keras draws every seed that is not set from Python's `random`. `keras.utils.set_random_seed`
    and `keras.utils.clear_session` are left alone on purpose: on TensorFlow both destroy the
    resources of a SentencePiece tokenizer that a fixture made earlier.
    """
    policy, floatx = keras.config.dtype_policy(), keras.config.floatx()
    random.seed(SEED)
    np.random.seed(SEED)
    yield
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)


@pytest.fixture(autouse=True, scope="module")
def forget_what_was_compiled():
    """Let JAX forget the programs of a file, which add up to gigabytes."""
    yield
    if keras.config.backend() == "jax":
        import jax

        jax.clear_caches()
        gc.collect()
