"""The example runs, with either of the two packages that Lightning comes as."""

import runpy
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[3] / "examples/lightning_digits.py"


@pytest.mark.parametrize("package", ["lightning.pytorch", "pytorch_lightning"])
def test_the_example_learns_in_fewer_updates(package, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "bsgrow.integrations.lightning", raising=False)
    if package == "pytorch_lightning":
        monkeypatch.delitem(sys.modules, "lightning.pytorch", raising=False)
    text = EXAMPLE.read_text()
    assert len(text.splitlines()) < 60
    program = tmp_path / "example.py"
    program.write_text(text.replace("lightning.pytorch", package))
    names = runpy.run_path(str(program))
    assert names["trainer"].__module__.startswith(package)
    assert names["accuracy"] > 0.85
    assert "333 updates" in capsys.readouterr().out
