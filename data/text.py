"""From files and bytes to clean lines, and when two sentences count as the same."""

import gzip
import io
import json
import os
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from data.errors import UserError

WORD_START = "\N{LOWER ONE EIGHTH BLOCK}"
"""SentencePiece's mark at the beginning of a word."""

Kept = Literal["head", "tail", "head+tail"]
"""Which part of a text that is too long is kept: the first, the last, or half of each."""


class Characters(dict):
    """For `str.translate`: what is left of a text that keeps some kinds of characters alone.

    Variation selectors always go: they say which picture of a character is meant.

    Args:
        *categories: of Unicode, by their names or their first letters.
    """

    def __init__(self, *categories: str):
        super().__init__()
        self._categories = categories

    def __missing__(self, code: int) -> int | None:
        character = chr(code)
        kept = unicodedata.category(character).startswith(self._categories)
        selector = "VARIATION SELECTOR" in unicodedata.name(character, "")
        self[code] = code if kept and not selector else None
        return self[code]


_LETTERS = Characters("L", "M", "N")  # with their marks, and digits
# Typed as a quotation mark; NFKC would make it the mark of a letter.
_ACCENT_ALONE = re.compile("[\u00a8\u00af\u00b4\u00b8]")


def unpack(content: bytes, file_name: str, member: str, shown: str) -> bytes:
    """Uncompresses what a file holds, going by the ending of its name.

    Args:
        content: the bytes of the file.
        file_name: its name; .gz and .zip are uncompressed, anything else is left as it is.
        member: for a .zip, the name (without folders) of the member to read.
        shown: how an error message calls the file.

    Raises:
        UserError: the archive is broken, cut short or lacks the member.
    """
    try:
        if file_name.endswith(".gz"):
            return gzip.decompress(content)
        if file_name.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                inside = {name.rsplit("/", 1)[-1]: name for name in archive.namelist()}
                if member not in inside:
                    raise UserError(f"{shown} is a zip archive without the file {member}.")
                return archive.read(inside[member])
    except (gzip.BadGzipFile, zipfile.BadZipFile, EOFError, zlib.error) as error:
        kind = file_name.rsplit(".", 1)[-1]
        raise UserError(f"{shown} is not a whole {kind} file ({error}).") from error
    return content


def own_content(path: str) -> bytes:
    """The bytes of a file of the user's own, uncompressed where its name ends in .gz.

    Raises:
        UserError: there is no such file, it is a folder, cannot be read or is a broken archive.
    """
    try:
        content = Path(os.path.expanduser(path)).read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}.") from error
    except IsADirectoryError as error:
        raise UserError(f"{path} is a folder where a text file is needed.") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from error
    return unpack(content, path.lower(), "", path)


def lines_of(content: bytes, shown: str) -> list[str]:
    """Splits UTF-8 text into lines, at line feeds only, without a byte order mark.

    Python's `str.splitlines` would also split at characters that occur inside sentences
    (U+2028, U+0085), and parallel files would lose step.

    Raises:
        UserError: the text is empty, binary or not UTF-8; the message names the line.
    """
    if not content.strip():
        raise UserError(f"{shown} is empty.")
    zero = content.find(b"\0")
    if zero >= 0:
        line = content.count(b"\n", 0, zero) + 1
        raise UserError(f"{shown} is binary (a zero byte in line {line}): text in UTF-8 is needed.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The offsets count from behind a byte order mark, `error.object` too.
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UserError(f"{shown} is not UTF-8 in line {line}.") from error
    return split_lines(text)


def split_lines(text: str) -> list[str]:
    """The lines of a text, parted at line feeds only, without the ends of lines."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def json_objects(lines: Sequence[str], shown: str) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Reads JSON lines: where each line is, for a sentence about it, and its object.

    A blank line has None for an object.

    Raises:
        UserError: a line is not JSON or not an object; the message names the line.
    """
    if next((line for line in lines if line.strip()), "").lstrip().startswith("["):
        raise UserError(
            f"{shown} begins with [ as a JSON array does: one object a line is needed, "
            "with nothing around and between them."
        )
    for number, line in enumerate(lines, start=1):
        where, row = f"{shown}, line {number},", None
        if line.strip():
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                what = f"{error.msg} at character {error.pos + 1}"
                raise UserError(f"{where} is not valid JSON ({what}).") from error
            except (ValueError, RecursionError) as error:  # a number or a nesting without end
                raise UserError(f"{where} is more than can be read as JSON.") from error
            if not isinstance(row, dict):
                raise UserError(f"{where} is not a JSON object with named fields.")
        yield where, row


def text_field(row: dict[str, Any], field: str, where: str) -> str:
    """The text in a field of a JSON object.

    Raises:
        UserError: there is no such field, it is no text, or it holds a zero byte or half a
            character.
    """
    if field not in row:
        has = ", ".join(row) or "none"
        raise UserError(f"{where} has no field {field}: the fields it has are {has}.")
    value = row[field]
    if not isinstance(value, str):
        raise UserError(f"{where} has a field {field} that is no text ({type(value).__name__}).")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        # JSON can spell half a surrogate pair, which no encoding can write.
        raise UserError(f"{where} has a field {field} with half a character in it.") from error
    if "\0" in value:
        raise UserError(f"{where} has a field {field} with a zero byte in it: it is no text.")
    return value


def folded(text: str) -> str:
    """A text in one form where a character has several, without the difference of case."""
    return unicodedata.normalize("NFKC", _ACCENT_ALONE.sub("'", text)).casefold()


def same(sentence: str) -> str:
    """What two sentences share when they count as the same in a split.

    Letters with their marks and digits only, case folded: "Run!", "run." and "RUN" are one
    sentence, so that none of them can be in training while another is in the test set. A sentence
    without letters or digits stands for itself.
    """
    return folded(sentence).translate(_LETTERS) or sentence
