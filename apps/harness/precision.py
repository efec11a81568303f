"""In which precision the largest product of a training step is worth computing."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from .config import TrainConfig

PROCESSOR = Path("/proc/cpuinfo")


def logits_dtype(settings: TrainConfig) -> str:
    """The dtype in which layers in float32 compute the logits of a vocabulary in training.

    "auto" is bfloat16 on processors that multiply in it, where XLA or a GPU does not see to it.
    """
    if settings.logits != "auto":
        return settings.logits
    helps = not settings.xla and not tf.config.list_physical_devices("GPU")
    return "bfloat16" if helps and _multiplies_bfloat16() else "float32"


def _multiplies_bfloat16() -> bool:
    try:
        words = PROCESSOR.read_text(encoding="utf-8").split()
    except OSError:
        return False
    return "avx512_bf16" in words or "amx_bf16" in words
