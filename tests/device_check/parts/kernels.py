"""The kernels against the CPU's bits: drawn shapes, dtypes, layouts, pointers and streams."""

from tests.device_check.commands import cuda_tests, pytest
from tests.device_check.figures import passed_tests
from tests.device_check.part import Command, Machine, Part


def _command(machine: Machine) -> Command:
    if machine.has_card:
        return cuda_tests("tests/native/test_cuda.py", "tests/native/test_cuda_pointers.py")
    drawn = "equals_the_reference or cursor or many_samples"
    return pytest("tests/native/test_cuda_host.py", "-k", drawn)


PART = Part("kernels", "a card gives the bits of the reference", 90, _command, passed_tests)
