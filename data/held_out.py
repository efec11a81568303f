"""Which texts are held out of training, and what is told of texts that are in training too.

Texts are known by keys, such that the same text has the same key (`data.text.same`,
`data.labelled.markup.text_key`): all examples of a key go to one split.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from textwrap import shorten

from data.errors import UserError


def draw(keys: Iterable[str], splits: Sequence[str], share: float, seed: int) -> dict[str, str]:
    """Draws keys for each of the splits: `share` of the distinct keys each, and one at least.

    They are drawn in the order of their hash with the seed, so the choice depends neither on their
    order in a file nor on the version of a random generator.

    Returns:
        The split of each key that was drawn: of all keys where they are too few to leave any.
    """
    ordered = sorted(
        set(keys),
        key=lambda text: hashlib.sha1(f"{seed}\t{text}".encode(), usedforsecurity=False).digest(),
    )
    size = max(1, round(len(ordered) * share))
    split_of = {}
    for index, split in enumerate(splits):
        split_of |= dict.fromkeys(ordered[index * size : (index + 1) * size], split)
    return split_of


def draw_per_class(
    keys: Sequence[str], labels: Sequence[str], splits: Sequence[str], share: float, seed: int
) -> list[str]:
    """The split of each example: "train", or one of `splits`, which take the share of each class.

    A key with several labels counts to the first of them in the alphabet, so that the same texts
    stay together.

    Raises:
        UserError: a class has too few distinct texts to stay in train.
    """
    class_of: dict[str, str] = {}
    for key, label in zip(keys, labels, strict=True):
        class_of[key] = min(label, class_of.get(key, label))
    keys_of: dict[str, list[str]] = {label: [] for label in sorted(set(labels))}
    for key, label in class_of.items():
        keys_of[label].append(key)
    split_of = {}
    for label, own in keys_of.items():
        drawn = draw(own, splits, share, seed)
        if len(drawn) == len(own):
            raise UserError(
                f"The class {shorten(label, 60)} has too few distinct texts of its own in train "
                f"({len(own)}) to hold out {' and '.join(splits)}: give them as files or "
                "add examples."
            )
        split_of |= drawn
    return [split_of.get(key, "train") for key in keys]


def overlap_notes(keys: Mapping[str, Sequence[str]], what: str) -> list[str]:
    """Tells of splits that share keys with train; what was given is not changed.

    Args:
        keys: the key of each example, for train, validation and test.
        what: how an example is called, in the plural.
    """
    known = set(keys["train"])
    shared = {split: sum(key in known for key in keys[split]) for split in ("validation", "test")}
    return [
        f"{count} of {len(keys[split])} {split} {what} also occur in train, "
        "so scores on them flatter."
        for split, count in shared.items()
        if count
    ]
