"""Two processes that train together, by NCCL or, without a card, by Gloo."""

import json

from tests.device_check.commands import python
from tests.device_check.part import Command, Figure, Machine, NotPossibleError, Part

_TRAIN = "-m bsgrow train digits --set schedule.epochs=2 --set growth.max_batch_size=64"
_MILESTONES = "--set schedule.curve={name='MultiStepLR',milestones=[1],gamma=0.25}"
_LEAST = 0.7  # right of the held-out digits, after two epochs; a tenth is chance


def _command(machine: Machine) -> Command:
    if machine.num_cards == 1:
        raise NotPossibleError("NCCL refuses two processes on one card")
    device = "cuda" if machine.has_card else "cpu"
    asked = f"{_TRAIN} {_MILESTONES} --set run.device={device} --format json"
    out = str(machine.scratch / "two-processes")
    processes = ("--standalone", "--nproc-per-node", "2")
    return python("torch.distributed.run", *processes, *asked.split(), "--out", out)


def _accuracy(stdout: str, machine: Machine) -> list[Figure]:
    return [Figure("test accuracy", json.loads(stdout)["test_accuracy"], least=_LEAST)]


PART = Part("two processes", "they train as one", 90, _command, _accuracy, {"OMP_NUM_THREADS": "1"})
