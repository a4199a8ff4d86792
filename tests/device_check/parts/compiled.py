"""Training compiled, across boundaries of growth: no graph is made after the first update."""

from tests.device_check.commands import cuda_tests, pytest
from tests.device_check.figures import passed_tests
from tests.device_check.part import Command, Machine, Part


def _command(machine: Machine) -> Command:
    file = "tests/training/test_compiled.py"
    if machine.has_card:
        return cuda_tests(file)
    return pytest(file, "-k", "after_warm_up or compile_nothing and small")


PART = Part("compiled training", "growing compiles nothing", 150, _command, passed_tests)
