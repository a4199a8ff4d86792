"""The kernels under compute-sanitizer: no access out of bounds, whatever the pointers."""

from tests.device_check.commands import cuda_tests
from tests.device_check.figures import passed_tests
from tests.device_check.part import Command, Figure, Machine, Part

_CHECKED = "views or cursor or replays or large"


def _command(machine: Machine) -> Command:
    machine.require(card=True, what="compute-sanitizer")
    tests = cuda_tests("tests/native/test_cuda.py", "-k", _CHECKED)
    return ("compute-sanitizer", "--tool", "memcheck", "--error-exitcode", "1", *tests)


def _passed(stdout: str, machine: Machine) -> list[Figure]:
    ours = [line for line in stdout.splitlines() if line.strip() and not line.startswith("====")]
    return passed_tests("\n".join(ours), machine)


PART = Part("memory checker", "no access out of bounds", 90, _command, _passed)
