"""Every placement of arrays: the CPU's samples and bits, in memory that stays as it is."""

from tests.device_check.commands import cuda_tests, pytest
from tests.device_check.figures import passed_tests
from tests.device_check.part import Command, Machine, Part


def _command(machine: Machine) -> Command:
    if machine.has_card:
        files = ("test_device_loaders_cuda.py", "augmentations/test_on_cuda.py")
        return cuda_tests(*(f"tests/loading/{each}" for each in files))
    return pytest("tests/loading/test_device_loaders.py")


PART = Part("loaders", "resident, streamed and host give the same", 90, _command, passed_tests)
