"""TensorFlow imported without what its libraries say to themselves."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

LEVEL = "TF_CPP_MIN_LOG_LEVEL"


@contextmanager
def quiet() -> Iterator[None]:
    """Holds back standard error, of C++ code too, while the block imports TensorFlow.

    TensorFlow logs that there is no GPU before it reads its own log level. What was held back is
    shown if the block fails. Whoever sets TF_CPP_MIN_LOG_LEVEL wants to see it all.
    """
    if LEVEL in os.environ:
        yield
        return
    os.environ[LEVEL] = "3"
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
            if "tensorflow" in sys.modules:
                # The last of the messages comes when devices are looked for.
                sys.modules["tensorflow"].config.list_physical_devices()
        except Exception:  # who stops it knows why
            held.seek(0)
            os.write(terminal, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
