"""A run and the texts that it was trained with belong together."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from data.errors import UserError

from .files import atomic_write
from .run_folder import RunFolder


def keep_texts(run: RunFolder, splits: Mapping[str, Sequence[Sequence[str]]]) -> None:
    """Notes which texts a new run is trained with; one that goes on, or is scored, has the same.

    Files of one's own may change, and what is held out of them with it: a text that the run was
    trained with would be in the test split, and a class might be another one's number.

    Args:
        splits: of each split its columns: the texts, and what belongs to each.

    Raises:
        UserError: the texts are not those of the run, or the note about them is damaged.
    """
    prints = {split: _fingerprint(columns) for split, columns in splits.items()}
    if not (run.worth_keeping and run.texts.is_file()):
        atomic_write(run.texts, json.dumps(prints, indent=2) + "\n")
        return
    try:
        known = json.loads(run.texts.read_text(encoding="utf-8"))
        changed = [split for split in prints if known[split] != prints[split]]
    except (OSError, ValueError, LookupError, TypeError):
        raise UserError(f"{run.texts} is damaged: restore it, or delete it.") from None
    if changed:
        raise UserError(
            f"The texts for {', '.join(changed)} are not those that {run} was trained with: bring "
            "those back, or train a run of another name with the new ones (make: RUN=NAME)."
        )


def _fingerprint(columns: Sequence[Sequence[str]]) -> str:
    return hashlib.sha256(json.dumps(columns).encode()).hexdigest()
