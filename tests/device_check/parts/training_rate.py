"""`bsgrow bench train` beside the same loop without a loader, from 128 to 65 536."""

from tests.device_check.commands import python
from tests.device_check.figures import goal, of_limit
from tests.device_check.part import Command, Figure, Machine, Part

# Not compiled, as all four processes of it would be for a minute each: what the loader takes of the
# host is then as much, beside a step that asks more of the host.
_CARD = (
    "cifar10-grow --batch-sizes 128,5120,65536 --set run.device=cuda --set run.compile=false "
    "--set run.micro_batch_size=1024 --rounds 3 --seconds-per-round 1 --seconds-per-row 8"
)
_HOST = (
    "digits --batch-sizes 128 --set run.device=cpu --rounds 2 --seconds-per-round 0.1 "
    "--seconds-per-row 2"
)
_LEAST = 0.98


def _command(machine: Machine) -> Command:
    asked = _CARD if machine.has_card else _HOST
    return python("bsgrow", "bench", "train", *asked.split(), "--format", "json")


def _rates(stdout: str, machine: Machine) -> list[Figure]:
    return of_limit(stdout, goal(machine, _LEAST))


PART = Part("rate of training", "≥ 0.98 of training without data", 150, _command, _rates)
