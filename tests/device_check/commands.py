"""Commands that several parts have in common."""

import sys

from tests.device_check.part import Command


def python(module: str, *arguments: str) -> Command:
    """Return what runs a module of Python."""
    return (sys.executable, "-m", module, *arguments)


def script(path: str, *arguments: str) -> Command:
    """Return what runs a file of the repository."""
    return (sys.executable, path, *arguments)


def pytest(*arguments: str) -> Command:
    """Return what runs tests, all of them whether or not one fails."""
    # A warning of other versions than those that the project is tested with is no failure here.
    options = ("-q", "--tb=short", "-p", "no:cacheprovider", "-W", "default")
    return python("pytest", *options, *arguments)


def cuda_tests(*arguments: str) -> Command:
    """Return what runs those tests that need a card."""
    return pytest("-m", "cuda", *arguments)
