"""What runs out for the whole process is no fault of the file that was to be read."""

import errno
import os

import pytest

from bsgrow.data import SampleError
from bsgrow.data.folder.sample_files import SampleFiles, read_sample_file
from bsgrow.errors import BsgrowError


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    return path


def whole(path):
    return bytes(read_sample_file(os.fsencode(path)))


def in_many(path):
    return SampleFiles([str(path)]).read(0, 0, 7)


def failing_with(number):
    def fail(*arguments):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("read", [whole, in_many])
@pytest.mark.parametrize("call", ["open", "pread"])
@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_what_runs_out_is_not_the_sample_s_fault(path, read, call, number, monkeypatch):
    monkeypatch.setattr(os, call, failing_with(number))
    with pytest.raises(BsgrowError, match=os.strerror(number)) as error:
        read(path)
    assert not isinstance(error.value, SampleError), "another sample would stand in for it"
    assert error.value.message.startswith(str(path))
    assert error.value.hint


@pytest.mark.parametrize("read", [whole, in_many])
def test_a_file_that_cannot_be_read_is(path, read, monkeypatch):
    assert read(path) == b"content"
    monkeypatch.setattr(os, "pread", failing_with(errno.EIO))
    with pytest.raises(SampleError, match="Input/output error"):
        read(path)
