"""The example of the Trainer runs."""

import runpy
from pathlib import Path

EXAMPLE = Path(__file__).parents[3] / "examples/transformers_digits.py"


def test_the_example_learns_in_fewer_updates(capsys):
    assert len(EXAMPLE.read_text().splitlines()) < 60
    names = runpy.run_path(str(EXAMPLE))
    assert names["plan"].baseline_num_updates == 576
    assert names["found"] > 0.85
    assert "310 updates" in capsys.readouterr().out
