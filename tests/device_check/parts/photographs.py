"""JPEG files decoded by bsgrow on the host, and delivered on the card."""

from tests.device_check.commands import cuda_tests, pytest
from tests.device_check.figures import passed_tests
from tests.device_check.part import Command, Machine, Part


def _command(machine: Machine) -> Command:
    machine.require(what="bsgrow._native_jpeg")
    if machine.has_card:
        return cuda_tests("tests/loading/test_decoders_cuda.py", "-k", "native")
    return pytest("tests/loading/test_native_decoder.py")


PART = Part("photographs", "the CPU's bits on the card", 60, _command, passed_tests)
