"""Names that are imported when they are asked for: the face of bsgrow, and its packages'."""

from importlib import import_module

import pytest

import bsgrow
from bsgrow.lazy import importing

LAZY = ["bsgrow", "bsgrow.data", "bsgrow.models", "bsgrow.native", "bsgrow.stream"]
LAZY += ["bsgrow.training"]


@pytest.mark.parametrize("name", LAZY)
def test_every_name_of_a_package_is_there(name):
    package = import_module(name)
    for exported in package.__all__:
        assert getattr(package, exported) is not None, exported


@pytest.mark.parametrize("name", LAZY)
def test_another_name_is_none_of_it(name):
    with pytest.raises(AttributeError, match=rf"module '{name}' has no attribute 'grwoth'"):
        import_module(name).grwoth  # noqa: B018 - to be asked for is enough


def test_the_face_shows_its_names():
    assert set(bsgrow.__all__) <= set(dir(bsgrow))


def test_a_name_is_looked_up_once(monkeypatch):
    find = importing("bsgrow.schedule", {"noise_scale": "relative_noise", "plan": "Plan Phase"})
    from bsgrow.schedule.plan import Phase

    assert find("Phase") is Phase
    monkeypatch.setattr("bsgrow.schedule.plan.Phase", None)
    assert import_module("bsgrow.schedule").Phase is Phase
