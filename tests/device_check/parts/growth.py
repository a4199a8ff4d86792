"""What the card waits for data where the batch grows, from 128 to 37 926."""

import json

from tests.device_check.commands import python
from tests.device_check.figures import goal
from tests.device_check.part import Command, Figure, Machine, Part

# Updates of 128, 853, 5 689 and 37 926: a plan goes no further than the data set has samples.
_CARD = (
    "cifar10-grow-uncapped --set run.device=cuda --set run.compile=false "
    "--set run.micro_batch_size=1024 --set schedule.epochs=6 "
    "--set schedule.curve={name='MultiStepLR',milestones=[0.3,1,2],gamma=0.15}"
)
_HOST = (
    "digits --set run.device=cpu --set schedule.epochs=1 --set growth.max_batch_size=128 "
    "--set schedule.curve={name='MultiStepLR',milestones=[0.3,0.6],gamma=0.25}"
)
_MOST = 0.01  # the goal is none; this is what marking it costs


def _command(machine: Machine) -> Command:
    asked = _CARD if machine.has_card else _HOST
    return python("tests.device_check.growth_waits", *asked.split())


def _shares(stdout: str, machine: Machine) -> list[Figure]:
    found = json.loads(stdout)
    most = goal(machine, _MOST)
    changes = [
        Figure(f"waiting from {each['from']} to {each['to']}", each["share"], most=most)
        for each in found["changes"]
    ]
    return [*changes, Figure("elsewhere", found["elsewhere"])]


PART = Part("waiting at growth", "no update waits for data", 60, _command, _shares)
