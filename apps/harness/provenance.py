"""Where a figure comes from: the machine, the state of the code, the day."""

from __future__ import annotations

import datetime
import os
import platform
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
"""The root of the repository."""

# Recording a figure changes these, and no figure depends on them.
_NOT_CODE = (":(exclude)benchmarks/results", ":(exclude)*.md", ":(exclude)*.log")


def hardware() -> str:
    """This machine in words: `Intel(R) Xeon(R) CPU @ 2.20GHz, 2 cores, GPU none`."""
    return f"{_processor()}, {_cores()} cores, GPU {_gpu()}"


def commit(root: Path = ROOT) -> str:
    """The short hash of the commit in use, with `+dirty` if code differs from it.

    Empty outside a repository. The committed results and the pages rendered from them do not
    count as code, so that several figures can be recorded in a row.
    """
    head = _output(["git", "rev-parse", "--short", "HEAD"], root)
    if not head:
        return ""
    changed = _output(["git", "status", "--porcelain", "--", ".", *_NOT_CODE], root)
    return head + ("+dirty" if changed else "")


def today() -> str:
    """The date in UTC, `2026-01-31`."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            label, _, model = line.partition(":")
            if label.strip() == "model name":
                return " ".join(model.split())
    except OSError:
        pass
    return platform.processor() or platform.machine() or "unknown processor"


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _gpu() -> str:
    if not shutil.which("nvidia-smi"):
        return "none"
    names = _output(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], ROOT)
    return " + ".join(names.splitlines()) or "none"


def _output(command: list[str], folder: Path) -> str:
    """What a command prints, or nothing if it fails or is not there."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
