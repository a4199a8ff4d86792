"""What all tests run under."""

import os

import pytest

from tests.conftest import hides_devices


@pytest.mark.parametrize(
    ("marks", "hidden"),
    [
        ("", True),
        ("cuda", False),
        ("cuda and not memory", False),
        ("not cuda", True),
        ("not forks and not memory", True),
    ],
)
def test_only_the_tests_of_a_device_see_one(marks, hidden):
    assert hides_devices(marks) == hidden


def test_devices_are_hidden_from_this_one():
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
