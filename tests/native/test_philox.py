import pytest

from bsgrow import _native
from bsgrow.native import reference

ONES = 0xFFFFFFFF

# Random123's kat_vectors, "philox4x32 10": counter, key, block.
KNOWN_ANSWERS = [
    (
        (0, 0, 0, 0),
        (0, 0),
        (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
    ),
    (
        (ONES, ONES, ONES, ONES),
        (ONES, ONES),
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize("philox", [_native.philox4x32_10, reference.philox4x32_10])
@pytest.mark.parametrize(("counter", "key", "block"), KNOWN_ANSWERS)
def test_known_answers(philox, counter, key, block):
    assert philox(counter, key) == block


@pytest.mark.parametrize(
    ("counter", "key", "message"),
    [
        ((0, 0, 0), (0, 0), "counter: expected 4 words, got 3"),
        ((0, 0, 0, 0), (0, 0, 0), "key: expected 2 words, got 3"),
        ((0, 0, 0, 1 << 32), (0, 0), "counter: .* got 4294967296"),
        ((0, 0, 0, 0), (-1, 0), "key: .* got -1"),
    ],
)
def test_words_out_of_range_are_named(counter, key, message):
    with pytest.raises(ValueError, match=message):
        _native.philox4x32_10(counter, key)
