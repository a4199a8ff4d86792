"""Training that learns, resumes, takes its micro-batch by trials, and waits for nothing."""

from tests.device_check.commands import cuda_tests, pytest
from tests.device_check.figures import passed_tests
from tests.device_check.part import Command, Machine, Part


def _command(machine: Machine) -> Command:
    if machine.has_card:
        return cuda_tests("tests/training/test_cuda.py", "tests/training/test_step.py")
    return pytest("tests/training/test_training_keys.py", "-k", "stopped_and_resumed")


PART = Part("training", "it learns, goes on, and waits for nothing", 120, _command, passed_tests)
