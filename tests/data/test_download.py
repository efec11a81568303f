"""Fetching against a web server on this machine: no test here needs a network."""

import gzip
import hashlib
import http.server
import io
import os
import subprocess
import sys
import threading
import time
import zipfile

import pytest

from data import download
from data.errors import UserError

TEXT = "".join(f"Hund {i} und Katze {i * i}.\n" for i in range(3000)).encode()
SHA = hashlib.sha256(TEXT).hexdigest()
GZ = gzip.compress(TEXT)


def zipped(name, content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("_about.txt", "about")
        archive.writestr(name, content)
    return buffer.getvalue()


class Server:
    """Answers with what `files` holds; `cut` bytes of an answer are promised and never sent."""

    def __init__(self):
        self.files, self.asked, self.cut = {}, [], 0
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                site.asked.append(self.path)
                if self.path not in site.files:
                    self.send_error(404)
                    return
                content = site.files[self.path]
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) - site.cut])

            def log_message(self, *arguments):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache folder of this test alone, no DATA_DIR, and no proxy between us and the server."""
    monkeypatch.setattr(download, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.delenv("DATA_DIR", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    download._show_licence.cache_clear()
    return tmp_path / "cache" / "set"


def one_sentence(error):
    message = str(error.value)
    assert "\n" not in message and message.endswith(".")
    return message


@pytest.mark.parametrize("name, content", [("t.de", TEXT), ("t.de.gz", GZ)], ids=["plain", "gz"])
@pytest.mark.parametrize("by", ["argument", "environment"])
def test_data_dir_is_read_first(tmp_path, cache, server, monkeypatch, name, content, by):
    (tmp_path / "here/set").mkdir(parents=True)
    (tmp_path / "here/set" / name).write_bytes(content)
    if by == "environment":
        monkeypatch.setenv("DATA_DIR", str(tmp_path / "here"))
    data_dir = str(tmp_path / "here") if by == "argument" else None
    fetched = download.fetch(f"{server.url}/t.de.gz", SHA, "t.de", "set", data_dir)
    assert fetched.content == TEXT
    assert fetched.path == tmp_path / "here/set" / name
    assert server.asked == [] and not cache.exists()


def test_a_zip_in_data_dir_is_read_by_its_member(tmp_path, cache):
    (tmp_path / "set").mkdir()
    (tmp_path / "set/fra-eng.zip").write_bytes(zipped("folder/fra.txt", TEXT))
    url = "http://127.0.0.1:1/fra-eng.zip"
    assert download.fetch(url, SHA, "fra.txt", "set", str(tmp_path)).content == TEXT
    with pytest.raises(UserError, match="without the file deu.txt"):
        download.fetch(url, None, "deu.txt", "set", str(tmp_path))


def test_an_archive_asked_for_by_its_own_name_stays_as_it_is(tmp_path, cache, server):
    server.files = {"/t.tar.gz": GZ}
    url, sha = f"{server.url}/t.tar.gz", hashlib.sha256(GZ).hexdigest()
    for _ in range(2):
        fetched = download.fetch(url, sha, "t.tar.gz", "set")
        assert (fetched.content, fetched.sha256) == (GZ, sha)
    assert server.asked == ["/t.tar.gz"]
    (tmp_path / "set").mkdir()
    (tmp_path / "set/t.tar.gz").write_bytes(GZ)
    fetched = download.fetch("http://127.0.0.1:1/t.tar.gz", sha, "t.tar.gz", "set", str(tmp_path))
    assert fetched.content == GZ and fetched.path.parent == tmp_path / "set"
    with pytest.raises(UserError, match="put u.tar.gz there"):
        download.fetch("http://127.0.0.1:1/u.tar.gz", sha, "u.tar.gz", "set", str(tmp_path))


def test_the_folder_of_local_copies(tmp_path, monkeypatch):
    monkeypatch.delenv("DATA_DIR", raising=False)
    assert download.local_folder("set") is None
    monkeypatch.setenv("DATA_DIR", "/elsewhere")
    assert str(download.local_folder("set")) == "/elsewhere/set"
    assert download.local_folder("set", str(tmp_path)) == tmp_path / "set"


def test_a_wrong_local_copy_is_named_and_left_alone(tmp_path, cache):
    (tmp_path / "set").mkdir()
    copy = tmp_path / "set/t.de"
    copy.write_bytes(b"something else")
    with pytest.raises(UserError) as error:
        download.fetch("http://127.0.0.1:1/t.de.gz", SHA, "t.de", "set", str(tmp_path))
    message = one_sentence(error)
    assert str(copy) in message and SHA in message
    assert hashlib.sha256(b"something else").hexdigest() in message
    assert copy.exists()


def test_download_shows_progress_and_licence_once_and_is_cached(cache, server, capsys):
    server.files = {"/t.de.gz": GZ, "/u.de.gz": GZ}
    for name in ("t.de", "u.de"):
        fetched = download.fetch(f"{server.url}/{name}.gz", SHA, name, "set", None, "CC BY.")
        assert fetched.content == TEXT
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "100%" in shown.err and f"Downloading {server.url}/t.de.gz" in shown.err
    assert shown.err.count("Licence of set: CC BY.") == 1

    assert download.fetch(f"{server.url}/t.de.gz", SHA, "t.de", "set").content == TEXT
    assert server.asked == ["/t.de.gz", "/u.de.gz"]
    assert capsys.readouterr().err == ""
    assert sorted(path.name for path in cache.iterdir()) == ["t.de.gz", "u.de.gz"]


def test_a_truncated_download_is_not_kept_and_starts_again(cache, server):
    server.files, server.cut = {"/t.de.gz": GZ}, 20
    with pytest.raises(UserError) as error:
        download.fetch(f"{server.url}/t.de.gz", SHA, "t.de", "set")
    assert "CORPUS=builtin" in one_sentence(error)
    assert list(cache.iterdir()) == []
    server.cut = 0
    assert download.fetch(f"{server.url}/t.de.gz", SHA, "t.de", "set").content == TEXT


@pytest.mark.parametrize(
    "name, content",
    [("t.de.gz", GZ[:-20]), ("t.de.zip", zipped("t.de", TEXT)[:-20])],
    ids=["gz", "zip"],
)
def test_a_broken_archive_is_not_kept_even_without_a_checksum(cache, server, name, content):
    server.files = {f"/{name}": content}
    with pytest.raises(UserError, match="is not a whole (gz|zip) file"):
        download.fetch(f"{server.url}/{name}", None, "t.de", "set")
    assert list(cache.iterdir()) == []


def test_a_download_with_another_checksum_is_not_kept(cache, server):
    server.files = {"/t.de.gz": gzip.compress(b"changed")}
    with pytest.raises(UserError) as error:
        download.fetch(f"{server.url}/t.de.gz", SHA, "t.de", "set")
    message = one_sentence(error)
    assert "t.de.gz" in message and SHA in message
    assert hashlib.sha256(b"changed").hexdigest() in message
    assert list(cache.iterdir()) == []


def test_a_damaged_cached_file_is_fetched_again(cache, server, capsys):
    server.files = {"/t.de.gz": GZ}
    cache.mkdir(parents=True)
    (cache / "t.de.gz").write_bytes(GZ[:100])
    assert download.fetch(f"{server.url}/t.de.gz", SHA, "t.de", "set").content == TEXT
    assert (cache / "t.de.gz").read_bytes() == GZ
    assert "fetched again" in capsys.readouterr().err


@pytest.mark.parametrize("data_dir", [None, "mine"])
def test_neither_network_nor_copy(tmp_path, cache, server, data_dir):
    folder = str(tmp_path / data_dir) if data_dir else None
    url = f"{server.url}/t.de.gz"
    with pytest.raises(UserError) as error:
        download.fetch(url, SHA, "t.de", "set", folder)
    message = one_sentence(error)
    looked_in = tmp_path / "mine/set" if data_dir else cache
    assert url in message and "HTTP status 404" in message
    assert str(looked_in) in message and "CORPUS=builtin" in message
    assert list(cache.iterdir()) == []

    with pytest.raises(UserError, match="no connection"):
        download.fetch("http://127.0.0.1:1/t.de.gz", SHA, "t.de", "set", folder)


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path, cache, server):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(UserError) as error:
        download.fetch(f"{server.url}/t.de.gz", SHA, "t.de", "set")
    assert str(cache) in one_sentence(error)


def test_a_changed_file_without_checksum_is_warned_of(tmp_path, cache, server, capsys):
    server.files = {"/a.zip": zipped("t.de", TEXT)}
    download.fetch(f"{server.url}/a.zip", None, "t.de", "set")
    assert (cache / "t.de.sha256").read_text().strip() == SHA
    download.fetch(f"{server.url}/a.zip", None, "t.de", "set")
    assert "Warning" not in capsys.readouterr().err

    (tmp_path / "set").mkdir()
    (tmp_path / "set/t.de").write_bytes(b"reissued")
    for _ in range(2):
        fetched = download.fetch(f"{server.url}/a.zip", None, "t.de", "set", str(tmp_path))
        assert fetched.content == b"reissued"
        warning = capsys.readouterr().err
        assert warning.count("\n") == 1 and SHA in warning and fetched.sha256 in warning
    (cache / "t.de.sha256").unlink()
    download.fetch(f"{server.url}/a.zip", None, "t.de", "set", str(tmp_path))
    download.fetch(f"{server.url}/a.zip", None, "t.de", "set", str(tmp_path))
    assert capsys.readouterr().err == ""


def test_a_killed_download_leaves_nothing_that_counts(tmp_path, cache, server):
    """A process killed in the middle; its leftover is no cached file and goes away with time."""
    killed_at = len(GZ) // 2
    code = (
        "import os, sys, pooch\n"
        "from pathlib import Path\n"
        "from data import download\n"
        "download.cache_folder = lambda: Path(sys.argv[1])\n"
        "def half(self, url, output_file, pooch):\n"
        f"    Path(output_file).write_bytes(b'x' * {killed_at})\n"
        "    os.kill(os.getpid(), 9)\n"
        "pooch.HTTPDownloader.__call__ = half\n"
        "download.fetch(sys.argv[2], None, 't.de', 'set')\n"
    )
    url = f"{server.url}/t.de.gz"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "cache"), url], env=environment, check=False
    )
    assert done.returncode == -9
    (part,) = cache.iterdir()
    assert part.name.endswith(".part")

    server.files = {"/t.de.gz": GZ}
    old = time.time() - 2 * download._STALE_SECONDS
    os.utime(part, (old, old))
    assert download.fetch(url, SHA, "t.de", "set").content == TEXT
    assert [path.name for path in cache.iterdir()] == ["t.de.gz"]
