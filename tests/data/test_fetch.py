import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pooch
import pytest

from bsgrow.data.fetch import RemoteFile, cache_dir, fetch
from bsgrow.errors import BsgrowError

CONTENT = b"what the official place serves" * 1000
MD5 = hashlib.md5(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: 500 if self.path == "/cut" else None])

    def log_message(self, *_: object) -> None:
        """Keeps the output of the tests clean."""


@pytest.fixture
def official(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def files_under(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_download_lands_in_the_cache_and_is_used_again(cache, official, request):
    file = RemoteFile(f"{official}/good", MD5)
    assert fetch("some", [file], download=True) == cache / "some"
    assert (cache / "some" / "good").read_bytes() == CONTENT
    request.getfixturevalue("no_network")
    assert fetch("some", [file], download=True) == cache / "some"
    assert fetch("some", [file], download=False) == cache / "some"


def test_a_damaged_copy_is_replaced(cache, official):
    (cache / "some").mkdir(parents=True)
    (cache / "some" / "good").write_bytes(CONTENT[:-1])
    fetch("some", [RemoteFile(f"{official}/good", MD5)], download=True)
    assert (cache / "some" / "good").read_bytes() == CONTENT
    assert files_under(cache) == ["some/good"]


def expect_failure(cache: Path, file: RemoteFile, *named: str) -> None:
    with pytest.raises(BsgrowError) as caught:
        fetch("some", [file], download=True, also=", or ask a friend")
    for part in (*named, file.url):
        assert part in str(caught.value)
    for part in (file.url, str(cache / "some"), "--set data.path=", "ask a friend"):
        assert part in caught.value.hint
    assert not files_under(cache)


def test_a_wrong_checksum_leaves_nothing_behind(cache, official):
    wrong = "0" * 32
    expect_failure(cache, RemoteFile(f"{official}/good", wrong), f"md5:{wrong}", MD5)


def test_a_download_that_is_cut_leaves_nothing_behind(cache, official):
    expect_failure(cache, RemoteFile(f"{official}/cut", MD5))


def test_a_missing_page(cache, official):
    expect_failure(cache, RemoteFile(f"{official}/missing", MD5), "404")


def test_no_network(cache, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    # Port 1 of this machine refuses at once, as a machine without a network does.
    expect_failure(cache, RemoteFile("http://127.0.0.1:1/good", MD5), "refused")


def test_an_interrupted_download_leaves_nothing_behind(cache, monkeypatch):
    def interrupt(_: object, url: str, output_file: str, pooch: object) -> None:
        Path(output_file).write_bytes(CONTENT[:100])
        raise KeyboardInterrupt

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch("some", [RemoteFile("http://127.0.0.1:1/good", MD5)], download=True)
    assert not files_under(cache)


def test_without_download_the_network_is_not_touched(cache, no_network):
    file = RemoteFile("http://127.0.0.1:1/good", MD5)
    with pytest.raises(BsgrowError, match="not there, and downloading is off"):
        fetch("some", [file], download=False)
    assert not cache.exists()


def test_without_download_a_damaged_copy_is_named(cache, no_network):
    (cache / "some").mkdir(parents=True)
    (cache / "some" / "good").write_bytes(b"other")
    actual = hashlib.md5(b"other").hexdigest()
    with pytest.raises(BsgrowError, match=f"its MD5 is {actual}, expected {MD5}"):
        fetch("some", [RemoteFile("http://127.0.0.1:1/good", MD5)], download=False)


def test_the_hint_names_all_that_is_missing_and_nothing_else(cache, no_network):
    names = ("one", "two", "three")
    files = [RemoteFile(f"http://127.0.0.1:1/{name}", MD5) for name in names]
    (cache / "some").mkdir(parents=True)
    (cache / "some" / "two").write_bytes(CONTENT)
    with pytest.raises(BsgrowError) as caught:
        fetch("some", files, download=False)
    assert [name in caught.value.hint for name in names] == [True, False, True]


def test_a_cache_that_is_a_file(tmp_path, monkeypatch):
    (tmp_path / "cache").write_bytes(b"")
    monkeypatch.setenv("BSGROW_DATA_DIR", str(tmp_path / "cache"))
    with pytest.raises(BsgrowError, match="Not a directory"):
        fetch("some", [RemoteFile("http://127.0.0.1:1/good", MD5)], download=True)


def test_a_folder_in_place_of_the_file(cache):
    (cache / "some" / "good").mkdir(parents=True)
    with pytest.raises(BsgrowError, match="Is a directory"):
        fetch("some", [RemoteFile("http://127.0.0.1:1/good", MD5)], download=True)


def test_the_default_cache_is_the_users(monkeypatch):
    monkeypatch.delenv("BSGROW_DATA_DIR", raising=False)
    assert cache_dir("some") == pooch.os_cache("bsgrow") / "some"
