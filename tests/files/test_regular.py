"""Regular files alone, within a bound, and never for ever."""

import os
import socket
from pathlib import Path

import pytest

from bsgrow.files import regular
from bsgrow.files.regular import opened_regular, read_regular


def fifo(path):
    os.mkfifo(path)
    return path


def sock(path):
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))
    return path


def folder(path):
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (fifo, "not a regular file"),
        (sock, "not a regular file"),
        (folder, "Is a directory"),
        (lambda path: path, "No such file"),
        (lambda path: Path("/dev/zero"), "not a regular file"),
        (lambda path: Path("/dev/null"), "not a regular file"),
    ],
)
def test_what_is_no_regular_file_is_refused(tmp_path, monkeypatch, make, reason):
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    with pytest.raises(OSError, match=reason):
        read_regular(make(Path("it")), 100)


def test_through_a_link_only_where_that_is_allowed(tmp_path):
    (tmp_path / "it").write_bytes(b"abc")
    link = tmp_path / "link"
    link.symlink_to("it")
    assert read_regular(link, 3) == b"abc"
    with pytest.raises(OSError, match="a symbolic link"):
        read_regular(link, 3, follow_link=False)


def test_a_link_in_a_circle_is_said_as_the_system_says_it(tmp_path):
    (tmp_path / "it").symlink_to("it")
    with pytest.raises(OSError, match="Too many levels"):
        read_regular(tmp_path / "it", 3)


def test_no_further_than_the_bound(tmp_path):
    path = tmp_path / "it"
    path.touch()
    os.truncate(path, 2**40)  # more than memory
    with pytest.raises(OSError, match="larger than 5 bytes"):
        read_regular(path, 5)
    path.write_bytes(b"12345")
    assert read_regular(path, 5) == b"12345"


def test_no_descriptor_stays_open(tmp_path):
    before = len(list(Path("/dev/fd").iterdir()))
    with pytest.raises(OSError, match="Is a directory"), opened_regular(tmp_path):
        pass
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_file_of_the_system_that_waits_for_more_is_empty(tmp_path, monkeypatch):
    monkeypatch.setattr(regular, "require_regular", lambda descriptor, path: None)
    path = fifo(tmp_path / "it")  # stands for /proc/kmsg, which calls itself a regular file
    writer = os.open(path, os.O_RDWR)
    assert read_regular(path, 3) == b""
    os.close(writer)
