import hashlib
import http.server
import itertools
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pooch
import pytest

from bsgrow.data.arrays import fetch as fetch_module
from bsgrow.data.arrays.cifar import LAYOUT_10, LAYOUT_100
from bsgrow.data.arrays.fashion_mnist import FILES
from bsgrow.data.arrays.fetch import RemoteFile, cache_dir, fetch
from bsgrow.errors import BsgrowError

CONTENT = b"what the official place serves" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
ELSEWHERE = {
    "/moved": "/good",
    "/to-a-file": "file:///etc/hostname",
    "/without-end": "/without-end",
}


def remote(url: str, content: bytes = CONTENT) -> RemoteFile:
    return RemoteFile(url, len(content), hashlib.sha256(content).hexdigest())


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/missing":
            self.send_error(404)
        elif self.path.startswith("/to?"):
            self.send_answer(302, Location=self.path[4:])
        elif self.path in ELSEWHERE:
            self.send_answer(302, Location=ELSEWHERE[self.path])
        elif self.path == "/endless":
            self.send_endlessly()
        elif self.path == "/other":
            self.send_answer(200, content=CONTENT[::-1])
        elif self.path == "/short":
            self.send_answer(200, content=CONTENT[:500])
        elif self.path == "/packed":
            self.send_answer(200, **{"Content-Encoding": "gzip"})
        else:
            self.send_answer(200, cut=500 if self.path == "/cut" else None)

    def send_answer(self, code: int, content: bytes = CONTENT, cut=None, **headers: str) -> None:
        self.send_response(code)
        for name, value in ({"Content-Length": str(len(content))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[:cut])

    def send_endlessly(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in itertools.count():
            try:
                self.wfile.write(CONTENT)
            except OSError:  # nobody listens any more
                return

    def log_message(self, *_: object) -> None:
        """Keeps the output of the tests clean."""


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def official(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as address:
        yield address


@pytest.fixture
def secure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A server over https whose certificate is trusted."""
    if not shutil.which("openssl"):
        pytest.skip("makes its certificate with openssl, which is not installed")
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    command = f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}"
    subprocess.run(command.split(), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with serving(context) as address:
        yield address


def files_under(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_download_lands_in_the_cache_and_is_used_again(cache, official, request):
    file = remote(f"{official}/good")
    assert fetch("some", [file], download=True) == cache / "some"
    assert (cache / "some" / "good").read_bytes() == CONTENT
    request.getfixturevalue("no_network")
    assert fetch("some", [file], download=True) == cache / "some"
    assert fetch("some", [file], download=False) == cache / "some"


def test_a_damaged_copy_is_replaced(cache, official):
    (cache / "some").mkdir(parents=True)
    (cache / "some" / "good").write_bytes(CONTENT[:-1])
    fetch("some", [remote(f"{official}/good")], download=True)
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
    reversed_sha256 = hashlib.sha256(CONTENT[::-1]).hexdigest()
    expect_failure(cache, remote(f"{official}/other"), f"sha256:{SHA256}", reversed_sha256)


def test_no_more_is_received_than_the_file_has(cache, official, monkeypatch):
    monkeypatch.setattr(fetch_module, "_CHUNK", 1000)
    expect_failure(cache, remote(f"{official}/endless"), "more came than the 30000 bytes")


def test_fewer_bytes_are_refused(cache, official):
    expect_failure(cache, remote(f"{official}/short"), "500 bytes came of the 30000 that it has")


def test_what_is_there_is_not_unpacked(cache, official):
    """A server may call a file packed that is kept packed; its digest is of what is there."""
    fetch("some", [remote(f"{official}/packed")], download=True)
    assert (cache / "some" / "packed").read_bytes() == CONTENT


def test_redirects_are_followed_to_an_end_and_over_the_same_scheme(cache, official):
    fetch("some", [remote(f"{official}/moved")], download=True)
    assert (cache / "some" / "moved").read_bytes() == CONTENT
    (cache / "some" / "moved").unlink()
    expect_failure(cache, remote(f"{official}/to-a-file"), "file:///etc/hostname", "is not http")
    expect_failure(cache, remote(f"{official}/without-end"), "leads on more than 5 times")


def test_https(cache, secure, official, monkeypatch):
    fetch("some", [remote(f"{secure}/moved")], download=True)
    assert (cache / "some" / "moved").read_bytes() == CONTENT
    (cache / "some" / "moved").unlink()
    expect_failure(cache, remote(f"{secure}/to?{official}/good"), "which is not https")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    expect_failure(cache, remote(f"{secure}/good"), "certificate verify failed")


def test_every_file_is_had_over_https_by_its_sha256():
    for file in (LAYOUT_10.archive, LAYOUT_100.archive, *FILES):
        assert file.url.startswith("https://")
        assert len(bytes.fromhex(file.sha256)) == 32
        assert file.num_bytes > 5000


def test_a_download_that_is_cut_leaves_nothing_behind(cache, official):
    expect_failure(cache, remote(f"{official}/cut"))


def test_a_missing_page(cache, official):
    expect_failure(cache, remote(f"{official}/missing"), "404")


def test_no_network(cache, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    # Port 1 of this machine refuses at once, as a machine without a network does.
    expect_failure(cache, remote("http://127.0.0.1:1/good"), "refused")


def test_an_interrupted_download_leaves_nothing_behind(cache, official, monkeypatch):
    def interrupt(*_: object, **__: object) -> Iterator[bytes]:
        yield CONTENT[:100]
        raise KeyboardInterrupt

    monkeypatch.setattr("urllib3.response.HTTPResponse.stream", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch("some", [remote(f"{official}/good")], download=True)
    assert not files_under(cache)


def test_without_download_the_network_is_not_touched(cache, no_network):
    file = remote("http://127.0.0.1:1/good")
    with pytest.raises(BsgrowError, match="not there, and downloading is off"):
        fetch("some", [file], download=False)
    assert not cache.exists()


def test_without_download_a_damaged_copy_is_named(cache, no_network):
    (cache / "some").mkdir(parents=True)
    for content, problem in (
        (b"other", f"it has 5 bytes, expected {len(CONTENT)}"),
        (CONTENT[::-1], f"its SHA-256 is {remote('', CONTENT[::-1]).sha256}, expected {SHA256}"),
    ):
        (cache / "some" / "good").write_bytes(content)
        with pytest.raises(BsgrowError, match=problem):
            fetch("some", [remote("http://127.0.0.1:1/good")], download=False)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_no_regular_file_in_the_cache(cache, no_network, kind):
    (cache / "some").mkdir(parents=True)
    path = cache / "some" / "good"
    os.mkfifo(path) if kind == "pipe" else path.symlink_to("/dev/zero")
    with pytest.raises(BsgrowError, match="good: cannot be read: not a regular file"):
        fetch("some", [remote("http://127.0.0.1:1/good")], download=True)


def test_the_hint_names_all_that_is_missing_and_nothing_else(cache, no_network):
    names = ("one", "two", "three")
    files = [remote(f"http://127.0.0.1:1/{name}") for name in names]
    (cache / "some").mkdir(parents=True)
    (cache / "some" / "two").write_bytes(CONTENT)
    with pytest.raises(BsgrowError) as caught:
        fetch("some", files, download=False)
    assert [name in caught.value.hint for name in names] == [True, False, True]


def test_a_cache_that_is_a_file(tmp_path, monkeypatch):
    (tmp_path / "cache").write_bytes(b"")
    monkeypatch.setenv("BSGROW_DATA_DIR", str(tmp_path / "cache"))
    with pytest.raises(BsgrowError, match="Not a directory"):
        fetch("some", [remote("http://127.0.0.1:1/good")], download=True)


def test_a_folder_in_place_of_the_file(cache):
    (cache / "some" / "good").mkdir(parents=True)
    with pytest.raises(BsgrowError, match="Is a directory"):
        fetch("some", [remote("http://127.0.0.1:1/good")], download=True)


def test_the_default_cache_is_the_users(monkeypatch):
    monkeypatch.delenv("BSGROW_DATA_DIR", raising=False)
    assert cache_dir("some") == pooch.os_cache("bsgrow") / "some"
