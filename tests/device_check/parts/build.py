"""The native modules, built from source for the card that is there."""

import json

from tests.device_check.commands import python
from tests.device_check.part import Command, Figure, Machine, Part


def _command(machine: Machine) -> Command:
    return python("tests.device_check.building", *(["--for-card"] if machine.has_card else []))


def _modules(stdout: str, machine: Machine) -> list[Figure]:
    works = json.loads(stdout)
    needed = {"_native", *(["_native_cuda"] if machine.has_card else [])}
    return [Figure(name, ok, 1 if name in needed else None) for name, ok in works.items()]


PART = Part("build", "the modules are built for the card", 240, _command, _modules)
