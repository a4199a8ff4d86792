"""Lines of a file, in order and around any byte, within a bound."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.files import lines
from bsgrow.files.lines import (
    blocks_of_lines,
    count_lines,
    end_of_whole_lines,
    line_around,
    whole_lines,
)


@pytest.fixture(autouse=True, scope="module")
def short_lines():
    """Let no line be longer than 16 bytes, and blocks have 7, so that files are small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "LONGEST_LINE", 16)
        patch.setattr(lines, "_BLOCK", 7)
        yield


@given(parts=st.lists(st.binary(max_size=15).map(lambda part: part.replace(b"\n", b" "))))
def test_every_byte_is_in_its_line(tmp_path_factory, parts):
    path = tmp_path_factory.getbasetemp() / "lines"
    path.write_bytes(b"\n".join(parts))
    expected = [part + b"\n" for part in parts[:-1]]
    with path.open("rb") as stream:
        assert list(whole_lines(stream, path)) == expected
        stream.seek(0)
        assert b"".join(blocks_of_lines(stream, path)) == b"".join(expected)
        descriptor, begin = stream.fileno(), 0
        assert end_of_whole_lines(descriptor, path) == sum(map(len, expected))
        for number, line in enumerate(expected):
            assert count_lines(descriptor, begin) == number
            for place in range(begin, begin + len(line)):
                assert line_around(descriptor, place, path) == (begin, line)
            begin += len(line)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"a\n" + b"x" * 16 + b"\n", 2),
        (b"a\n" + b"x" * 16 + b"\n", 17),
        (b"a\n" + b"x" * 16 + b"\n", 18),
        (b"x" * 40 + b"\n", 20),
        (b"x" * 40, 0),
        (b"x" * 16 + b"\n", 3),
    ],
)
def test_a_line_that_is_too_long_is_refused(tmp_path, content, place):
    path = tmp_path / "lines"
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with pytest.raises(OSError, match="is longer than 16 bytes"):
            line_around(descriptor, place, path)
        with path.open("rb") as stream, pytest.raises(OSError, match="is longer than 16 bytes"):
            list(whole_lines(stream, path))
    finally:
        os.close(descriptor)


def test_blocks_are_bounded(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"a\n" + b"x" * 40)
    with path.open("rb") as stream, pytest.raises(OSError, match="is longer than 16 bytes"):
        list(blocks_of_lines(stream, path))


def test_a_file_that_ends_in_no_line_is_refused(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"a\n" + b"x" * 17)
    with path.open("rb") as stream:
        with pytest.raises(OSError, match="the line at byte 3 is longer than 16 bytes"):
            end_of_whole_lines(stream.fileno(), path)
        path.write_bytes(b"a\n" + b"x" * 15)
        assert end_of_whole_lines(stream.fileno(), path) == 2
