"""When training computes logits in bfloat16."""

import pytest

from apps.harness import precision
from apps.harness.config import TrainConfig


@pytest.mark.parametrize(
    "flags, settings, expected",
    [
        ("sse avx512_bf16", {}, "bfloat16"),
        ("sse amx_bf16 amx_tile", {}, "bfloat16"),
        ("sse avx2", {}, "float32"),
        (None, {}, "float32"),
        ("avx512_bf16", {"xla": True}, "float32"),
        ("avx512_bf16", {"logits": "float32"}, "float32"),
        ("avx2", {"logits": "bfloat16"}, "bfloat16"),
    ],
)
def test_bfloat16_where_the_processor_multiplies_in_it(
    flags, settings, expected, tmp_path, monkeypatch
):
    file = tmp_path / "cpuinfo"
    if flags is not None:
        file.write_text(f"model name : some\nflags : {flags}\n")
    monkeypatch.setattr(precision, "PROCESSOR", file)
    monkeypatch.setattr(precision.tf.config, "list_physical_devices", lambda kind: [])
    assert precision.logits_dtype(TrainConfig(**{"logits": "auto", **settings})) == expected
