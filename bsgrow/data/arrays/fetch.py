"""Downloads with a checksum, into a cache that holds whole files or none.

No more is received than a file has bytes, over the scheme of its address alone: what is asked for
over https comes over https, through redirects too. It gets its name when its SHA-256 is right. It
takes as long as the server does, whose pieces may take a minute each; Ctrl-C leaves nothing behind.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urljoin, urlsplit

from bsgrow.errors import BsgrowError
from bsgrow.files.regular import opened_regular
from bsgrow.text.printable import printable

if TYPE_CHECKING:
    from requests import Response, Session

CACHE_VARIABLE = "BSGROW_DATA_DIR"

# Seconds to connect and between two pieces of data: without a network it fails at once.
_TIMEOUT = (10, 60)
_CHUNK = 1 << 20
_MOST_REDIRECTS = 5


@dataclass(frozen=True)
class RemoteFile:
    """A file at its official place.

    Args:
        url: where it is; its last part is the file's name.
        num_bytes: its length.
        sha256: its digest, hex.
    """

    url: str
    num_bytes: int
    sha256: str

    @property
    def name(self) -> str:
        """The file's name, here as there."""
        return self.url.rpartition("/")[2]


def cache_dir(dataset: str) -> Path:
    """The folder that downloads of a data set go to.

    ``$BSGROW_DATA_DIR/<dataset>`` where that variable is set, else under the user's cache.
    """
    import pooch  # late: planning and --help need no downloader

    return Path(os.environ.get(CACHE_VARIABLE) or pooch.os_cache("bsgrow")) / dataset


def fetch(dataset: str, files: Sequence[RemoteFile], *, download: bool, also: str = "") -> Path:
    """Makes sure that the cache holds every one of `files`, whole.

    Args:
        dataset: the folder's name in the cache.
        files: what must be there.
        download: False only checks.
        also: one more way to get the data, for the hint.

    Returns:
        The folder that holds them, each with the right checksum.

    Raises:
        BsgrowError: a file is neither there nor to be had; the hint says what to do by hand.
    """
    folder = cache_dir(dataset)
    problems = {file: problem for file in files if (problem := _problem(folder / file.name, file))}
    hint = _by_hand(folder, list(problems), also)
    for file, problem in problems.items():
        if not download:
            raise BsgrowError(f"{problem}, and downloading is off", hint)
        try:
            _download(file, folder)
        # requests' errors are OSErrors; wrong bytes are a ValueError that says what is wrong.
        except (OSError, ValueError) as error:
            message = f"{problem}, and downloading {file.url} failed: {_root_cause(error)}"
            raise BsgrowError(message, hint) from error
    return folder


def _problem(path: Path, file: RemoteFile) -> str | None:
    """What is wrong with the cached copy, if anything."""
    where = printable(path)
    try:
        with opened_regular(path) as content:
            found = os.fstat(content.fileno()).st_size
            if found != file.num_bytes:
                return f"{where}: it has {found} bytes, expected {file.num_bytes}"
            actual = _sha256(content)
    except FileNotFoundError:
        return f"{where}: not there"
    except OSError as error:
        raise BsgrowError(
            f"{where}: cannot be read: {error.strerror}",
            hint=f"remove it, or name another folder for downloads by {CACHE_VARIABLE}",
        ) from error
    if actual == file.sha256:
        return None
    return f"{where}: its SHA-256 is {actual}, expected {file.sha256}"


def _sha256(content: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := content.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _download(file: RemoteFile, folder: Path) -> None:
    """Downloads to a temporary name, renamed only once the checksum is right."""
    import pooch
    from urllib3.exceptions import HTTPError

    receive = partial(_receive, num_bytes=file.num_bytes)
    try:
        pooch.retrieve(file.url, f"sha256:{file.sha256}", file.name, folder, downloader=receive)
    except HTTPError as error:  # of a connection that broke; all others are OSErrors
        raise OSError(str(error)) from error


def _receive(url: str, output_file: str, pooch: object, *, num_bytes: int) -> None:
    """Writes what is at an address, as it is there, if it has so many bytes; pooch's downloader.

    Raises:
        OSError, HTTPError: the connection failed.
        ValueError: it has more bytes or fewer, or leads to another scheme.
    """
    import requests

    received = 0
    with (
        requests.Session() as session,
        _answer(session, url) as answer,
        Path(output_file).open("wb") as content,
    ):
        for chunk in answer.raw.stream(_CHUNK, decode_content=False):
            received += content.write(chunk)
            if received > num_bytes:
                raise ValueError(f"more came than the {num_bytes} bytes that it has")
    if received < num_bytes:
        raise ValueError(f"{received} bytes came of the {num_bytes} that it has")


@contextmanager
def _answer(session: "Session", url: str) -> "Iterator[Response]":
    """The answer to a request, redirects followed; their content is not read."""
    session.headers["Accept-Encoding"] = "identity"
    for _ in range(1 + _MOST_REDIRECTS):
        with session.get(url, timeout=_TIMEOUT, stream=True, allow_redirects=False) as answer:
            answer.raise_for_status()
            if not answer.is_redirect:
                yield answer
                return
            target = urljoin(url, answer.headers["location"])
        if urlsplit(target).scheme != urlsplit(url).scheme:
            raise ValueError(f"it leads to {target!r}, which is not {urlsplit(url).scheme}")
        url = target
    raise ValueError(f"it leads on more than {_MOST_REDIRECTS} times")


def _root_cause(error: BaseException) -> BaseException:
    """The innermost error: "name resolution failed" instead of four layers of retries."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return error


def _by_hand(folder: Path, files: Sequence[RemoteFile], also: str) -> str:
    urls = " and ".join(file.url for file in files)
    return (
        f"get {urls} by hand and put it into {folder}, "
        f"or say where the files are with --set data.path=FOLDER{also}"
    )
