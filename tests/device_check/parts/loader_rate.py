"""`bsgrow bench loader` beside its limit, which on a card is a copy of as many bytes."""

from tests.device_check.commands import python
from tests.device_check.figures import goal, of_limit
from tests.device_check.part import Command, Figure, Machine, Part

_CARD = "--device cuda --batch-sizes 1024,65536 --dtype bfloat16 --memory-format channels_last"
_HOST = "--device cpu --batch-sizes 128 --rounds 2 --seconds-per-round 0.1 --num-threads 1"
_LEAST = 0.80


def _command(machine: Machine) -> Command:
    asked = _CARD if machine.has_card else _HOST
    systems = ("--systems", "limit,bsgrow", "--format", "json")
    return python("bsgrow", "bench", "loader", *asked.split(), *systems)


def _rates(stdout: str, machine: Machine) -> list[Figure]:
    return of_limit(stdout, goal(machine, _LEAST))


PART = Part("rate of the loader", "≥ 0.8 of copying memory", 60, _command, _rates)
