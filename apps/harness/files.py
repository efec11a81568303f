"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import UserError


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A path to write to, moved to `path` when the block ends without an error.

    It lies in the folder of `path`, so that the move is one step of the file system, and has the
    suffix of `path`, which some writers look at. Its name is always the same: what a killed
    process left behind is overwritten by the next one.

    Raises:
        UserError: the file cannot be written (a full disk, a folder without permission).
    """
    path = Path(path)
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise UserError(
            f"{path} cannot be written ({reason}): free some space or choose another folder, "
            "then give the same command again."
        ) from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def atomic_write(path: str | Path, content: bytes | str) -> None:
    """Writes `content` (text as UTF-8) to `path`, whole or not at all.

    Raises:
        UserError: the file cannot be written.
    """
    with atomic_path(path) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
