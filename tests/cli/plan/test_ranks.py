"""Numbers of ranks, as a user writes them."""

import pytest

from bsgrow.cli.plan.ranks import parse_world_sizes
from bsgrow.errors import InputError


def test_numbers_of_ranks_are_read():
    assert parse_world_sizes("64, 1,8,8") == [1, 8, 64]


@pytest.mark.parametrize("text", ["0", "1,", "a", "-1", "", "1.5", "1000000000"])
def test_wrong_numbers_of_ranks(text):
    with pytest.raises(InputError, match=f"--world-size {text}: must be") as error:
        parse_world_sizes(text)
    assert "1,8,64" in error.value.hint


def test_a_number_of_ranks_too_long_to_be_read():
    with pytest.raises(InputError, match="of at most 9 digits"):
        parse_world_sizes(5000 * "1")
