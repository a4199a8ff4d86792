import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsgrow.data.arrays.idx import read_idx
from bsgrow.errors import BsgrowError
from tests.drawn import num_cases

SHAPE = (4, 3, 5)
ARRAY = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
HEADER = 16

a_file = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=num_cases(50),
    deadline=None,
)


@pytest.fixture
def good(idx_bytes) -> bytes:
    return idx_bytes(ARRAY)


@pytest.mark.parametrize("shape", [SHAPE, (60,), (1, 60), (1,)])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_what_was_written_is_read(tmp_path, idx_bytes, shape, compress):
    array = ARRAY.reshape(-1)[: np.prod(shape)].reshape(shape)
    path = tmp_path / "a.idx"
    path.write_bytes(compress(idx_bytes(array)))
    result = read_idx(path, shape)
    assert result.dtype == np.uint8
    assert result.flags.c_contiguous
    np.testing.assert_array_equal(result, array)


def test_more_than_one_chunk(tmp_path, idx_bytes):
    array = np.random.default_rng(1).integers(0, 256, 3_000_001, dtype=np.uint8)
    (tmp_path / "a.idx").write_bytes(gzip.compress(idx_bytes(array), 1))
    np.testing.assert_array_equal(read_idx(tmp_path / "a.idx", array.shape), array)


def expect_error(path, content: bytes, *named: str) -> None:
    path.write_bytes(content)
    with pytest.raises(BsgrowError) as caught:
        read_idx(path, SHAPE)
    for part in (str(path), *named):
        assert part in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("position", "value", "named"),
    [
        (0, 1, ["magic number 01 00 08 03 at byte 0", "00 00 08 03"]),
        (2, 0x0D, ["magic number 00 00 0d 03 at byte 0"]),
        (3, 1, ["magic number 00 00 08 01 at byte 0", "3 dimension(s)"]),
        (7, 5, ["dimension 5 at byte 4", "expected 4"]),
        (8, 0xFF, ["dimension 4278190083 at byte 8", "expected 3"]),
        (15, 0, ["dimension 0 at byte 12", "expected 5"]),
    ],
)
def test_a_wrong_header(tmp_path, good, position, value, named):
    content = bytearray(good)
    content[position] = value
    expect_error(tmp_path / "a.idx", bytes(content), *named)
    expect_error(tmp_path / "a.gz", gzip.compress(bytes(content)), *named)


@pytest.mark.parametrize(
    ("length", "named"),
    [
        (0, "magic number missing at byte 0"),
        (3, "magic number 00 00 08 at byte 0"),
        (4, "the data end at byte 4"),
        (10, "the data end at byte 10"),
        (HEADER, "the data end at byte 16; expected 60 more bytes"),
        (HEADER + 59, "the data end at byte 75; expected 1 more bytes"),
    ],
)
def test_a_truncated_file(tmp_path, good, length, named):
    expect_error(tmp_path / "a.idx", good[:length], named)
    expect_error(tmp_path / "a.gz", gzip.compress(good[:length]), named)


def test_bytes_after_the_end(tmp_path, good):
    named = ["more data at byte 76", "the end of the file"]
    expect_error(tmp_path / "a.idx", good + b"x", *named)
    expect_error(tmp_path / "a.gz", gzip.compress(good + b"x"), *named)


@a_file
@given(data=st.data())
def test_a_truncated_gzip(tmp_path, good, data):
    whole = gzip.compress(good)
    length = data.draw(st.integers(0, len(whole) - 1))
    expect_error(tmp_path / "a.gz", whole[:length], "at byte")


@a_file
@given(data=st.data())
def test_a_flipped_bit_in_a_gzip_never_changes_a_pixel(tmp_path, good, data):
    whole = bytearray(gzip.compress(good))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    (tmp_path / "a.gz").write_bytes(whole)
    try:
        result = read_idx(tmp_path / "a.gz", SHAPE)
    except BsgrowError:
        return
    np.testing.assert_array_equal(result, ARRAY)  # some bits mean nothing, such as the time


def test_a_wrong_gzip_checksum(tmp_path, good):
    whole = bytearray(gzip.compress(good))
    whole[-8] ^= 1
    expect_error(tmp_path / "a.gz", bytes(whole), "CRC check failed", "at byte 76")


@a_file
@given(content=st.binary(max_size=100))
def test_any_other_bytes(tmp_path, content):
    expect_error(tmp_path / "a.idx", content, "at byte")


def test_a_missing_file_and_a_directory(tmp_path):
    with pytest.raises(BsgrowError, match="cannot be opened: No such file"):
        read_idx(tmp_path / "none", SHAPE)
    with pytest.raises(BsgrowError, match="cannot be opened: Is a directory"):
        read_idx(tmp_path, SHAPE)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")  # chmod does not stop root

    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(BsgrowError, match="cannot be opened: Permission denied"):
        read_idx(tmp_path / "a.idx", SHAPE)
