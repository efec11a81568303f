"""From bytes to clean lines, and when two sentences count as the same."""

import gzip
import io
import re
import unicodedata
import zipfile
import zlib

from data.errors import UserError

_NOT_A_WORD = re.compile(r"[\W_]+")


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
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def same(sentence: str) -> str:
    """What two sentences share when they count as the same in a split.

    Letters and digits only, case folded: "Run!", "run." and "RUN" are one sentence, so that none
    of them can be in training while another is in the test set. A sentence without letters or
    digits stands for itself.
    """
    return _NOT_A_WORD.sub("", unicodedata.normalize("NFKC", sentence).casefold()) or sentence
