"""The language model of the examples learns, in about half as many updates."""

import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples/language_model.py"


def test_a_language_model_learns_in_fewer_updates(capsys):
    assert len(EXAMPLE.read_text().splitlines()) < 60
    names = runpy.run_path(str(EXAMPLE))
    plan = names["plan"]
    assert (plan.num_updates, plan.baseline_num_updates) == (108, 200)
    lrs = [group["lr"] for group in names["optimizer"].param_groups]
    assert lrs == pytest.approx([plan.update(107).lr])
    assert names["loss"] < 3.0  # 5.5 with no training
    assert "108 updates, 200 before" in capsys.readouterr().out
