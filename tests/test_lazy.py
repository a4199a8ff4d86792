"""Names that are imported when they are asked for: the face of bsgrow, and its packages'."""

import subprocess
import sys
from importlib import import_module

import pytest

from bsgrow.lazy import importing

LAZY = ["bsgrow", "bsgrow.data", "bsgrow.models", "bsgrow.native", "bsgrow.stream"]
LAZY += ["bsgrow.training"]


@pytest.mark.parametrize("name", LAZY)
def test_every_name_of_a_package_is_there(name):
    package = import_module(name)
    for exported in package.__all__:
        assert getattr(package, exported) is not None, exported


def test_the_stream_is_there_by_its_full_name():
    draw = "import bsgrow; print(bsgrow.stream.sample_rng(0, 0, 0).integers(9) < 9)"
    shown = subprocess.run([sys.executable, "-c", draw], check=True, capture_output=True, text=True)
    assert shown.stdout == "True\n"


@pytest.mark.parametrize("name", LAZY)
def test_another_name_is_none_of_it(name):
    with pytest.raises(AttributeError, match=rf"module '{name}' has no attribute 'grwoth'"):
        import_module(name).grwoth  # noqa: B018 - to be asked for is enough


@pytest.mark.parametrize("name", LAZY)
def test_a_package_shows_its_names_before_they_are_asked_for(name):
    show = f"import {name} as package; print(not {{*package.__all__}} - {{*dir(package)}})"
    shown = subprocess.run([sys.executable, "-c", show], check=True, capture_output=True, text=True)
    assert shown.stdout == "True\n"


def test_a_name_is_looked_up_once(monkeypatch):
    find, _ = importing("bsgrow.schedule", {"noise_scale": "relative_noise", "plan": "Plan Phase"})
    from bsgrow.schedule.plan import Phase

    assert find("Phase") is Phase
    monkeypatch.setattr("bsgrow.schedule.plan.Phase", None)
    assert import_module("bsgrow.schedule").Phase is Phase
