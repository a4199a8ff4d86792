"""Downloads with a checksum, into a cache that holds whole files or none."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bsgrow.errors import BsgrowError

CACHE_VARIABLE = "BSGROW_DATA_DIR"

# Seconds to connect and between two pieces of data: without a network it fails at once.
_TIMEOUT = (10, 60)


@dataclass(frozen=True)
class RemoteFile:
    """A file at its official place.

    Args:
        url: where it is; its last part is the file's name.
        md5: the digest published beside it, hex.
    """

    url: str
    md5: str

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
        # requests' errors are OSErrors; a wrong checksum is a ValueError that names both digests.
        except (OSError, ValueError) as error:
            message = f"{problem}, and downloading {file.url} failed: {_root_cause(error)}"
            raise BsgrowError(message, hint) from error
    return folder


def _problem(path: Path, file: RemoteFile) -> str | None:
    """What is wrong with the cached copy, if anything."""
    import pooch

    try:
        actual = pooch.file_hash(str(path), alg="md5")
    except FileNotFoundError:
        return f"{path}: not there"
    except OSError as error:
        raise BsgrowError(f"{path}: cannot be read: {error.strerror}") from error
    if actual == file.md5:
        return None
    return f"{path}: its MD5 is {actual}, expected {file.md5}"


def _download(file: RemoteFile, folder: Path) -> None:
    """Downloads to a temporary name, renamed only once the checksum is right."""
    import pooch

    downloader = pooch.HTTPDownloader(chunk_size=1 << 20, timeout=_TIMEOUT)
    try:
        pooch.retrieve(file.url, f"md5:{file.md5}", file.name, folder, downloader=downloader)
    except OSError as error:
        # An answer such as 404 hangs on the error, its connection still open.
        if (answer := getattr(error, "response", None)) is not None:
            answer.close()
        raise


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
