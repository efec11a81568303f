"""The user's own files: a TSV, JSON lines or two parallel files, split here where need be."""

import re
from collections.abc import Sequence

from data.corpora.corpus import SPLITS, Corpus, Pairs, Reader, Request
from data.corpora.options import FilesOptions
from data.errors import UserError
from data.held_out import draw, overlap_notes
from data.text import json_objects, lines_of, own_content, same, text_field

_JSON_ENDINGS = (".jsonl", ".json", ".ndjson")
_TABLE_ENDINGS = (*_JSON_ENDINGS, ".tsv")
# A sentence stays on one line: what is translated is written one line for one line.
_BREAKS = re.compile(r"[\r\n\t]+")

Found = list[tuple[str, str]]


def read(request: Request) -> Corpus:
    """Reads the files that `request.files` names and splits off what is not given.

    Raises:
        UserError: a file is missing, empty, binary, not UTF-8, or a line cannot be read (with its
            number); parallel files of different length; too few pairs to split.
    """
    options = request.files
    if not options.train:
        raise UserError(
            "The corpus files reads text of your own: name it with train, "
            "one file (TSV or JSON lines) or two parallel files."
        )
    notes: list[str] = []
    found = {
        split: _read_split(split, getattr(options, split), options, notes)
        for split in SPLITS
        if getattr(options, split)
    }
    missing = [split for split in SPLITS if split not in found]
    if missing:
        _hold_out(found, missing, options, notes)
    keys = {split: [same(source) for source, _ in found[split]] for split in SPLITS}
    notes += overlap_notes(keys, "sentences")
    return Corpus(
        name=READER.name,
        source=request.source,
        target=request.target,
        splits={split: Pairs.of(found[split]) for split in SPLITS},
        title=f"Own files: {', '.join(options.train)}",
        licence="the user's own",
        url="",
        notes=tuple(notes),
    )


def _read_split(split: str, paths: Sequence[str], options: FilesOptions, notes: list[str]) -> Found:
    if len(paths) == 2:
        pairs = _parallel(paths)
    elif _plain_name(paths[0]).endswith(_JSON_ENDINGS):
        pairs = _json_lines(paths[0], options.fields)
    else:
        pairs = _table(paths[0], options.columns)
    stripped = [tuple(_BREAKS.sub(" ", side).strip() for side in pair) for pair in pairs]
    kept = [pair for pair in stripped if all(pair)]
    if not kept:
        raise UserError(f"{' and '.join(paths)} hold no pair with text on both sides.")
    if dropped := len(stripped) - len(kept):
        notes.append(f"{dropped} of {len(stripped)} {split} pairs were blank and were left out.")
    return kept


def _plain_name(path: str) -> str:
    return path.lower().removesuffix(".gz")


def _lines(path: str) -> list[str]:
    return lines_of(own_content(path), path)


def _parallel(paths: Sequence[str]) -> Found:
    for path in paths:
        if _plain_name(path).endswith(_TABLE_ENDINGS):
            raise UserError(
                f"Two files are read as parallel text, one sentence a line, "
                f"but {path} holds pairs: name it alone."
            )
    source, target = (_lines(path) for path in paths)
    if len(source) != len(target):
        raise UserError(
            f"{paths[0]} has {len(source)} lines and {paths[1]} has {len(target)}: "
            "parallel files need as many lines each."
        )
    return list(zip(source, target, strict=True))


def _table(path: str, columns: tuple[int, int]) -> Found:
    pairs = []
    for number, line in enumerate(_lines(path), start=1):
        cells = line.split("\t")
        if not line.strip():
            cells = [""] * max(columns)
        if len(cells) < max(columns):
            what = "no tab" if len(cells) == 1 else f"only {len(cells)} columns"
            raise UserError(
                f"{path}, line {number}, has {what}: columns {columns[0]} and {columns[1]}, "
                "separated by tabs, are to be read."
            )
        pairs.append((cells[columns[0] - 1], cells[columns[1] - 1]))
    return pairs


def _json_lines(path: str, fields: tuple[str, str]) -> Found:
    pairs = []
    for where, row in json_objects(_lines(path), path):
        blank = row is None
        source, target = ("" if blank else text_field(row, field, where) for field in fields)
        pairs.append((source, target))
    return pairs


def _hold_out(
    found: dict[str, Found], missing: list[str], options: FilesOptions, notes: list[str]
) -> None:
    """Moves pairs from train to the missing splits: all pairs of a source sentence together."""
    distinct = {same(source) for source, _ in found["train"]}
    split_of = draw(distinct, missing, options.held_out, options.seed)
    if len(split_of) == len(distinct):
        raise UserError(
            f"{' and '.join(options.train)} hold {len(distinct)} distinct source sentences, "
            f"too few to split off {' and '.join(missing)}: give them as files or add pairs."
        )
    pairs = found["train"]
    found |= {split: [] for split in ("train", *missing)}
    for pair in pairs:
        found[split_of.get(same(pair[0]), "train")].append(pair)
    sizes = " and ".join(f"{len(found[split])} pairs for {split}" for split in missing)
    notes.append(f"{sizes} were split off train with seed {options.seed}, by distinct source.")


READER = Reader("files", (), read)
