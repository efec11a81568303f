"""The user's own texts and labels: a CSV, a TSV or JSON lines, split here where need be."""

import codecs
import contextlib
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import shorten
from typing import NamedTuple

from data.errors import UserError
from data.held_out import draw_per_class, overlap_notes
from data.labelled.corpus import SPLITS, Examples, LabelledCorpus
from data.labelled.markup import strip_markup, text_key
from data.labelled.options import FilesOptions
from data.text import json_objects, own_content, split_lines, text_field

NAME = "files"
_JSON_ENDINGS = (".jsonl", ".json", ".ndjson")
_ENDINGS = (".csv", ".tsv", *_JSON_ENDINGS)
# The mark of utf-16 is the beginning of that of utf-32.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_LONGEST_CELL = 2**31 - 1
_SHOWN = 10


class Row(NamedTuple):
    """A text and its label, and where they stand, for a sentence about them."""

    where: str
    text: str
    label: str


def read(options: FilesOptions) -> LabelledCorpus:
    """Reads the files that `options` name and holds out of train what is not given.

    Raises:
        UserError: a file is missing, of another kind, empty, binary or in another encoding; a line
            cannot be read, lacks a column or its label (with its number); a label that train does
            not have; one class alone; too few texts of a class to hold out.
    """
    if not options.train:
        raise UserError(
            "The corpus files reads texts of your own: name them with train, "
            "one file (CSV, TSV or JSON lines)."
        )
    notes: list[str] = []
    found = {
        split: _read_split(split, getattr(options, split), options, notes)
        for split in SPLITS
        if getattr(options, split)
    }
    classes = _classes(found, options)
    missing = [split for split in SPLITS if split not in found]
    if missing:
        _hold_out(found, missing, options, notes)
    keys = {split: [text_key(row.text) for row in found[split]] for split in SPLITS}
    notes += overlap_notes(keys, "texts")
    number = {name: index for index, name in enumerate(classes)}
    return LabelledCorpus(
        name=NAME,
        classes=classes,
        splits={
            split: Examples(
                [row.text for row in found[split]], [number[row.label] for row in found[split]]
            )
            for split in SPLITS
        },
        title=f"Own files: {options.train}",
        licence="the user's own",
        url="",
        notes=tuple(notes),
    )


def _read_split(split: str, path: str, options: FilesOptions, notes: list[str]) -> list[Row]:
    kind = path.lower().removesuffix(".gz")
    if not kind.endswith(_ENDINGS):
        raise UserError(
            f"{path} is read by the ending of its name, which has to be one of "
            f"{', '.join(_ENDINGS)}, with or without .gz behind it."
        )
    text = _decoded(own_content(path), path, options.encoding)
    if kind.endswith(_JSON_ENDINGS):
        rows = _json_rows(text, path, options)
    else:
        rows = _table_rows(text, path, options, kind.endswith(".tsv"))
    # A label is shown on one line, and in tables.
    rows = [row._replace(label=" ".join(row.label.split())) for row in rows]
    kept = [row for row in rows if (strip_markup(row.text) if options.clean else row.text)]
    if not kept:
        why = f"all {len(rows)} texts in {options.text} are empty" if rows else "there is no row"
        raise UserError(f"{path} holds no text to learn from: {why}.")
    if dropped := len(rows) - len(kept):
        notes.append(f"{dropped} of {len(rows)} {split} texts were empty and were left out.")
    for row in kept:
        if not row.label:
            raise UserError(f"{row.where} has a text without a label: {options.label} is empty.")
    return kept


def _decoded(content: bytes, path: str, encoding: str) -> str:
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    named = codecs.lookup(encoding).name
    # utf-16 goes by the mark; utf-8-sig has one.
    if marked and not (marked.startswith(named) or named.startswith(marked)):
        raise UserError(
            f"{path} begins with the byte order mark of {marked} and is not {encoding} "
            f"in line 1: give encoding {marked.removesuffix('-le').removesuffix('-be')}."
        )
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
        text.encode()  # Some encodings can spell half a character, which utf-8 cannot.
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        line = content[:start].decode(encoding, "ignore").count("\n") + 1
        raise UserError(
            f"{path} is not {encoding} in line {line}: name the encoding that it has, "
            f"perhaps {_other_encoding(content, encoding)}."
        ) from error
    if not text.strip():
        raise UserError(f"{path} is empty.")
    if (zero := text.find("\0")) >= 0:
        line = text.count("\n", 0, zero) + 1
        raise UserError(
            f"{path} has a zero byte in line {line}: it is no text, or in another encoding than "
            f"{encoding}, such as utf-16."
        )
    return text


def _other_encoding(content: bytes, encoding: str) -> str:
    """An encoding that the whole of a file can be read in: likely, not certain, to be its own."""
    tried = codecs.lookup(encoding).name
    if b"\0" in content and not tried.startswith("utf-16"):
        return "utf-16"
    for other in ("utf-8", "cp1252"):
        if tried != other:
            with contextlib.suppress(UnicodeDecodeError):
                content.decode(other)
                return other
    return "latin-1"


def _json_rows(text: str, path: str, options: FilesOptions) -> list[Row]:
    return [
        Row(
            where,
            _json_value(row, options.text, where),
            _json_value(row, options.label, where, (bool, int, float)),
        )
        for where, row in json_objects(split_lines(text), path)
        if row is not None
    ]


def _json_value(row: dict, field: str, where: str, others: tuple[type, ...] = ()) -> str:
    """A field as text: null as an empty one, and of the other types as JSON writes it."""
    value = row.get(field, "")
    if value is None:
        return ""
    if isinstance(value, others):
        return json.dumps(value)
    return text_field(row, field, where).strip()


def _table_rows(text: str, path: str, options: FilesOptions, tabs: bool) -> list[Row]:
    """The rows of a table, each with the line that it begins in; blank rows are not there."""
    rows = list(_cells(text, path, tabs))
    if not rows:
        return []
    text_at, label_at, heading = _columns(rows[0][1], path, options, "tabs" if tabs else "commas")
    width = len(rows[0][1])
    found = []
    for line, cells in rows[1:] if heading else rows:
        where = f"{path}, line {line},"
        if len(cells) != width:
            more = len(cells) > width and not tabs
            hint = ": a text with commas in it needs quotation marks around it" if more else ""
            raise UserError(
                f"{where} has another number of cells ({len(cells)}) than the first row "
                f"({width}){hint}."
            )
        found.append(Row(where, cells[text_at].strip(), cells[label_at].strip()))
    return found


def _cells(text: str, path: str, tabs: bool) -> Iterator[tuple[int, list[str]]]:
    # In a table with tabs a quotation mark is a letter: there, many texts begin with one.
    layout = {"delimiter": "\t", "quoting": csv.QUOTE_NONE} if tabs else {"delimiter": ","}
    line = 1
    with _long_cells():
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, **layout)
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise UserError(
                f"{path}, line {line}, begins a row that cannot be read ({error}): "
                'a cell in quotation marks ends with one, and those inside it are doubled ("").'
            ) from error


@contextlib.contextmanager
def _long_cells() -> Iterator[None]:
    """Lets a cell be longer than the 128 KiB that the module csv stops at."""
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _columns(
    first: Sequence[str], path: str, options: FilesOptions, at: str
) -> tuple[int, int, bool]:
    """Where the text and the label stand, and whether the first row is a heading."""
    asked = (options.text, options.label)
    numbers = [name.isdecimal() for name in asked]
    if any(numbers):
        if not all(numbers):
            raise UserError(
                "text and label are the names of two columns, or two numbers where there is no "
                f"heading, not {options.text} and {options.label}."
            )
        text_at, label_at = (int(name) - 1 for name in asked)
        for index in (text_at, label_at):
            if not 0 <= index < len(first):
                raise UserError(
                    f"{path} has no column {index + 1}: parted at {at}, it has columns "
                    f"1 to {len(first)}."
                )
        return text_at, label_at, False
    names = [cell.strip() for cell in first]
    for name in asked:
        if names.count(name) > 1:
            raise UserError(f"{path} has {names.count(name)} columns {name}: rename all but one.")
        if name not in names:
            raise UserError(
                f"{path} has no column {name}: parted at {at}, the columns it has are "
                f"{_listed(names)}."
            )
    return names.index(options.text), names.index(options.label), True


def _classes(found: Mapping[str, Sequence[Row]], options: FilesOptions) -> tuple[str, ...]:
    """The labels of train in order, by number where all are whole numbers."""
    labels = {row.label for row in found["train"]}
    if len(labels) < 2:
        raise UserError(
            f"{options.train} has one class, {_listed(list(labels))}: "
            "two at least are needed to tell apart."
        )
    for split in ("validation", "test"):
        for row in found.get(split, ()):
            if row.label not in labels:
                raise UserError(
                    f"{row.where} has the label {_listed([row.label])}, which no text of "
                    f"{options.train} has: its labels are {_listed(sorted(labels))}."
                )
    if all(_INTEGER.fullmatch(label) for label in labels):
        return tuple(sorted(labels, key=lambda label: (int(label), label)))
    return tuple(sorted(labels))


def _listed(names: Sequence[str]) -> str:
    """Names in a sentence, where they may be many, or long since they are texts by mistake."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(shorten(name, 60) for name in names[:_SHOWN]) + more


def _hold_out(
    found: dict[str, list[Row]], missing: list[str], options: FilesOptions, notes: list[str]
) -> None:
    """Moves rows from train to the missing splits: the same texts together, of each class a share.

    Raises:
        UserError: a class has too few distinct texts.
    """
    rows = found["train"]
    keys, labels = [text_key(row.text) for row in rows], [row.label for row in rows]
    split_of = draw_per_class(keys, labels, missing, options.held_out, options.seed)
    for split in ("train", *missing):
        found[split] = [row for row, its in zip(rows, split_of, strict=True) if its == split]
    sizes = " and ".join(f"{len(found[split])} texts for {split}" for split in missing)
    notes.append(
        f"{sizes} were held out of train with seed {options.seed}, "
        "per class and the same texts together."
    )
