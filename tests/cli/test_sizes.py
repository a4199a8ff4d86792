import pytest

from bsgrow.cli.sizes import format_size, parse_size
from bsgrow.errors import InputError


@pytest.mark.parametrize(
    ("text", "num_bytes"),
    [
        ("1048576", 1 << 20),
        ("256MiB", 256 << 20),
        ("256Mi", 256 << 20),
        ("1 gib", 1 << 30),
        ("2GB", 2 * 10**9),
        ("2g", 2 * 10**9),
        ("7B", 7),
    ],
)
def test_sizes_are_read(text, num_bytes):
    assert parse_size(text, "--size") == num_bytes


@pytest.mark.parametrize("text", ["", "MiB", "1.5GB", "-1", "1 XB", "1iB", "9" * 16])
def test_what_is_no_size(text):
    with pytest.raises(InputError, match=r"--size .*: not a number of bytes"):
        parse_size(text, "--size")


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "0.977 KiB"), (1 << 20, "1 MiB"), (5 << 40, "5 TiB")],
)
def test_sizes_are_shown_to_three_digits(num_bytes, text):
    assert format_size(num_bytes) == text
