"""What torchrun says in the environment, and what else may stand there."""

import pytest

from bsgrow.errors import InputError
from bsgrow.processes import launched

SECOND = {
    "RANK": "1",
    "WORLD_SIZE": "3",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "alpha",
    "MASTER_PORT": "29500",
}


def test_a_process_knows_its_place():
    launched.check(SECOND)
    assert launched.is_launched(SECOND)
    assert launched.rank(SECOND) == 1
    assert launched.world_size(SECOND) == 3
    assert launched.local_rank(SECOND) == 1
    assert launched.local_world_size(SECOND) == 2


@pytest.mark.parametrize("absent", ["RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"])
def test_without_one_of_the_four_a_process_is_alone(absent):
    alone = {name: value for name, value in SECOND.items() if name != absent}
    assert not launched.is_launched(alone)
    assert (launched.rank(alone), launched.world_size(alone)) == (0, 1)


def test_only_torchrun_names_its_run():
    assert not launched.is_by_torchrun(SECOND)
    assert launched.is_by_torchrun(SECOND | {"TORCHELASTIC_RUN_ID": "none"})


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("WORLD_SIZE", "four", "from 1"),
        ("WORLD_SIZE", "", "from 1"),
        ("WORLD_SIZE", "0", "from 1"),
        ("WORLD_SIZE", "²", "from 1"),
        ("WORLD_SIZE", "9" * 5000, "from 1"),
        ("RANK", "-1", "from 0 to 2"),
        ("RANK", "3", "from 0 to 2"),
        ("RANK", "1.0", "from 0 to 2"),
        ("LOCAL_RANK", "x", "from 0"),
        ("MASTER_PORT", "http", "from 1 to 65535"),
        ("MASTER_PORT", "65536", "from 1 to 65535"),
    ],
)
def test_what_cannot_be_is_named(name, value, allowed):
    with pytest.raises(InputError) as caught:
        launched.check(SECOND | {name: value})
    assert (
        caught.value.message == f"{name}={value!r} in the environment: must be a number {allowed}"
    )


@pytest.mark.parametrize("absent", ["MASTER_ADDR", "MASTER_PORT"])
def test_one_of_many_has_to_know_where_they_meet(absent):
    lost = {name: value for name, value in SECOND.items() if name != absent}
    with pytest.raises(InputError, match=f"WORLD_SIZE='3' in the environment, and {absent} is not"):
        launched.check(lost)


@pytest.mark.parametrize("said", [{}, {"RANK": "0", "WORLD_SIZE": "1"}, {"WORLD_SIZE": "8"}])
def test_a_process_that_is_not_one_of_many_needs_nothing(said):
    launched.check(said)
