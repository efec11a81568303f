"""Files of published corpora: from a local copy, from the cache, or from the network."""

import contextlib
import functools
import hashlib
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pooch
import requests
from tqdm import tqdm

from data.errors import UserError
from data.text import unpack

# Some servers refuse the names that HTTP libraries give themselves.
_HEADERS = {"User-Agent": "working-memory (corpus download)"}
_TIMEOUT = 30
_STALE_SECONDS = 3600


@dataclass(frozen=True)
class Fetched:
    """The uncompressed content of a file, its SHA-256, and the file it was read from."""

    content: bytes
    sha256: str
    path: Path


def cache_folder() -> Path:
    """The folder of this user, on this platform, that downloads are kept in."""
    return Path(pooch.os_cache("working-memory"))


def local_folder(folder: str, data_dir: str | None = None) -> Path | None:
    """The folder of a corpus in `data_dir`, or else in DATA_DIR; None where neither is given."""
    data_dir = data_dir or os.environ.get("DATA_DIR")
    return Path(data_dir).expanduser() / folder if data_dir else None


def fetch(
    url: str,
    sha256: str | None,
    name: str,
    folder: str,
    data_dir: str | None = None,
    licence: str = "",
) -> Fetched:
    """Returns a file of a corpus: from DATA_DIR, else the cache, else the network.

    A file in DATA_DIR or in the cache may be compressed or not: for the name "train.en" it is the
    file as the URL calls it, `train.en.gz` or `train.en`.

    Args:
        url: where the file is published; .gz and .zip are uncompressed.
        sha256: of the uncompressed content. None where the publisher replaces the file now and
            then: the hash of the first use is recorded in the cache, and a change is warned of.
        name: the name of the uncompressed file; in a .zip, of the member. A file that is asked
            for by its own name is not uncompressed: an archive is known by its own checksum.
        folder: the corpus's folder in DATA_DIR and in the cache.
        data_dir: the folder of local copies; None stands for the environment variable DATA_DIR.
        licence: printed once when the corpus comes over the network.

    Raises:
        UserError: the file cannot be had, is broken or has another checksum.
    """
    local = local_folder(folder, data_dir)
    cache = cache_folder() / folder
    if local and (path := _copy_in(local, url, name)):
        fetched = _read(path, url, name, sha256)
    else:
        fetched = _from_cache(cache, url, name, sha256)
        if not fetched:
            fetched = _download(url, cache, name, sha256, local)
            _show_licence(folder, licence)
    if sha256 is None:
        _compare_with_first_use(cache / f"{name}.sha256", fetched)
    return fetched


def _file_name(url: str) -> str:
    return url.rsplit("/", 1)[-1]


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


@functools.cache
def _show_licence(folder: str, licence: str) -> None:
    if licence:
        _say(f"Licence of {folder}: {licence}")


def _copy_in(folder: Path, url: str, name: str) -> Path | None:
    for candidate in (_file_name(url), f"{name}.gz", name):
        if os.path.isfile(folder / candidate):
            return folder / candidate
    return None


def _read(path: Path, url: str, name: str, sha256: str | None) -> Fetched:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from error
    fetched = _fetched(content, path, name, str(path))
    if sha256 not in (None, fetched.sha256):
        raise UserError(
            f"{path} has the wrong checksum: the SHA-256 of its content is {fetched.sha256} "
            f"where {sha256} is expected; remove it or replace it by the file at {url}."
        )
    return fetched


def _fetched(content: bytes, path: Path, name: str, shown: str) -> Fetched:
    if path.name != name:
        content = unpack(content, path.name, name, shown)
    return Fetched(content, hashlib.sha256(content).hexdigest(), path)


def _from_cache(cache: Path, url: str, name: str, sha256: str | None) -> Fetched | None:
    """A cached file that is still whole; a damaged one is removed, to be fetched again."""
    path = _copy_in(cache, url, name)
    if not path:
        return None
    try:
        return _read(path, url, name, sha256)
    except UserError as error:
        _say(f"The cached file is fetched again: {error}")
        with contextlib.suppress(OSError):
            path.unlink()
        return None


def _download(url: str, cache: Path, name: str, sha256: str | None, local: Path | None) -> Fetched:
    """Fetches into a file of another name, which takes the name when it is whole and right."""
    path = cache / _file_name(url)
    part = cache / f"{path.name}.{os.getpid()}.part"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _remove_stale_parts(cache)
        _say(f"Downloading {url}")
        # pooch learns the total from the answer; a bar of total 0 would count as no bar.
        with tqdm(desc=path.name, total=1, unit="B", unit_scale=True, ncols=79) as bar:
            get = pooch.HTTPDownloader(
                progressbar=bar, chunk_size=16384, timeout=_TIMEOUT, headers=_HEADERS
            )
            get(url, str(part), None)
        fetched = _fetched(part.read_bytes(), path, name, url)
        if sha256 not in (None, fetched.sha256):
            raise UserError(
                f"{url} has the wrong checksum and was not kept: the SHA-256 of its content is "
                f"{fetched.sha256} where {sha256} is expected."
            )
        os.replace(part, path)
        return fetched
    except requests.RequestException as error:
        raise UserError(_nowhere(url, cache, name, local, _reason(error))) from error
    except OSError as error:
        raise UserError(
            f"{url} cannot be kept in the cache folder {cache} ({error.strerror})."
        ) from error
    finally:
        # Where the cache folder could not even be made, there is nothing to remove.
        with contextlib.suppress(OSError):
            part.unlink()


def _remove_stale_parts(cache: Path) -> None:
    """Clears what killed downloads left; a younger part may belong to a running process."""
    for part in cache.glob("*.part"):
        if time.time() - part.stat().st_mtime > _STALE_SECONDS:
            part.unlink(missing_ok=True)


def _reason(error: requests.RequestException) -> str:
    if error.response is not None:
        error.response.close()
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the transfer broke off"
    return "no connection"


def _nowhere(url: str, cache: Path, name: str, local: Path | None, reason: str) -> str:
    if local:
        either = " or ".join(dict.fromkeys((_file_name(url), name)))
        return (
            f"{url} cannot be fetched ({reason}) and there is no copy of it in {local}: "
            f"put {either} there, "
            "or train without a download with CORPUS=builtin."
        )
    return (
        f"{url} cannot be fetched ({reason}) and there is no copy of it in {cache}: "
        f"put {_file_name(url)} there, let DATA_DIR name a folder that holds "
        f"{cache.name}/{_file_name(url)}, or train without a download with CORPUS=builtin."
    )


def _compare_with_first_use(record: Path, fetched: Fetched) -> None:
    try:
        if record.exists():
            first = record.read_text(encoding="ascii").strip()
            if first != fetched.sha256:
                _say(
                    f"Warning: {fetched.path} is not the file of its first use (SHA-256 "
                    f"{fetched.sha256}, then {first}), so scores may not compare with earlier "
                    f"ones; delete {record} to accept it."
                )
            return
        record.parent.mkdir(parents=True, exist_ok=True)
        part = record.with_name(f"{record.name}.{os.getpid()}.part")
        part.write_text(f"{fetched.sha256}\n", encoding="ascii")
        os.replace(part, record)
    except OSError as error:
        # The text itself is there and can be used: a read-only home must not stop the training.
        _say(f"Warning: the checksum of {fetched.path} cannot be recorded in {record} ({error}).")
