"""JPEG files decoded by DALI on the card, within its bound of bsgrow's own decoder."""

from tests.device_check.commands import cuda_tests
from tests.device_check.figures import passed_tests
from tests.device_check.part import Command, Machine, Part


def _command(machine: Machine) -> Command:
    machine.require(card=True, what="nvidia.dali")
    return cuda_tests("tests/loading/test_decoders_cuda.py", "-k", "dali or kind or fault")


PART = Part("DALI", "its pixels are near, its memory flat", 90, _command, passed_tests)
