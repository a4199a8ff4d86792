"""The order of CUDA streams under load; what is left out of it must be seen."""

from tests.device_check.commands import cuda_tests, pytest
from tests.device_check.figures import passed_tests
from tests.device_check.part import Command, Machine, Part

_ON_CARD = (
    "tests/loading/test_racing_copies.py",
    "tests/loading/test_staging_on_device.py",
)


def _command(machine: Machine) -> Command:
    if machine.has_card:
        return cuda_tests(*_ON_CARD)
    return pytest(*_ON_CARD, "tests/loading/test_side_stream.py")


PART = Part("order of streams", "no copy comes early or late", 60, _command, passed_tests)
