"""The files from which TensorBoard's embedding projector shows vectors with their labels.

Written here because the stock callback names a tensor that its own checkpoint does not hold.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from .files import atomic_write

VECTORS, LABELS, CONFIG = "vectors.tsv", "labels.tsv", "projector_config.pbtxt"


def write_projector(
    folder: str | Path, vectors: np.ndarray, labels: Mapping[str, Sequence[str]]
) -> None:
    """Writes vectors, labels and the configuration that ties them together.

    Args:
        folder: a folder with event files, whose run the projector lists.
        vectors: `(n, units)`.
        labels: name of a column to its n texts; points show those of the first.

    Raises:
        ValueError: a column has not as many texts as there are vectors.
        UserError: a file cannot be written.
    """
    vectors = np.asarray(vectors, "float32")
    sizes = [len(column) for column in labels.values()]
    if vectors.ndim != 2 or {len(vectors)} != set(sizes):
        raise ValueError(
            f"The projector needs vectors (n, units) and columns of n labels, not {vectors.shape} "
            f"and {sizes}."
        )
    rows = list(zip(*labels.values(), strict=True))
    if len(labels) > 1:  # The projector takes the line for a label where there is one column.
        rows.insert(0, tuple(labels))
    table = io.StringIO()
    np.savetxt(table, vectors, fmt="%.5g", delimiter="\t")
    folder = Path(folder)
    atomic_write(folder / VECTORS, table.getvalue())
    atomic_write(folder / LABELS, "".join("\t".join(map(escape, row)) + "\n" for row in rows))
    atomic_write(
        folder / CONFIG,
        "embeddings {\n"
        '  tensor_name: "embedding"\n'
        f'  tensor_path: "{VECTORS}"\n'
        f'  metadata_path: "{LABELS}"\n'
        "}\n",
    )


def escape(label: str) -> str:
    """A label as a cell that the projector neither splits nor skips.

    Tabs, line ends and whatever else does not print become `\\t`, `\\n`, `\\u3000`; the empty
    label becomes `∅`, and blanks alone `␣`.
    """
    if not label.strip(" "):
        return label.replace(" ", "␣") or "∅"
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in label
    )
