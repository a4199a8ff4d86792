"""The loop of the README before and after: what changes in it, and that it is the same loop."""

import difflib
import re
from pathlib import Path

import pytest
import torch
from torch.utils.data import dataloader

from bsgrow.stream import SampleStream

ROOT = Path(__file__).parents[2]
BEFORE, AFTER = (ROOT / "examples" / name for name in ("plain_loop.py", "growing_loop.py"))


class StreamOrder:
    """The order of the stream, in place of torch's own shuffling, for each epoch in turn."""

    def __init__(self, dataset, **_):
        self._stream, self._epoch = SampleStream(len(dataset), 0), 0

    def __iter__(self):
        start = self._epoch * self._stream.num_samples
        self._epoch += 1
        return iter(self._stream[start : start + self._stream.num_samples].samples.tolist())

    def __len__(self):
        return self._stream.num_samples


def run(program):
    torch.manual_seed(0)
    names = {}
    exec(compile(program, "example", "exec"), names)
    return names


def loop_of(path):
    """Return the lines of code up to where the training ends."""
    lines = path.read_text().partition('"""\n\n')[2].partition("\n\naccuracy")[0].splitlines()
    return [line for line in lines if line]


def test_at_most_eight_lines_of_the_loop_change():
    changed = list(difflib.ndiff(loop_of(BEFORE), loop_of(AFTER)))
    assert len([line for line in changed if line.startswith("+ ")]) <= 8
    assert len([line for line in changed if line.startswith("- ")]) <= 8


def from_optimizer_on(path):
    lines = loop_of(path)
    return lines[[line.startswith("optimizer") for line in lines].index(True) :]


def test_the_readme_shows_what_changes():
    (shown,) = re.findall(r"```diff\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    lines = shown.splitlines()
    assert [line[1:] for line in lines if line[:1] in "- "] == from_optimizer_on(BEFORE)
    assert [line[1:] for line in lines if line[:1] in "+ "] == from_optimizer_on(AFTER)


def test_with_growth_off_both_give_the_same_weights_to_the_bit(monkeypatch):
    monkeypatch.setattr(dataloader, "RandomSampler", StreamOrder)
    before = run(BEFORE.read_text())
    text = AFTER.read_text()
    off = text.replace("epochs=12", "epochs=12, growth=bsgrow.Growth('decay')")
    assert off != text
    after = run("import bsgrow\n" + off)
    assert after["plan"].num_updates == 576
    for name, value in before["model"].state_dict().items():
        assert torch.equal(value, after["model"].state_dict()[name]), name


@pytest.mark.parametrize("size", [32, 16])
def test_it_learns_as_well_with_fewer_updates(size, capsys):
    names = run(AFTER.read_text().replace("micro_batch_size=32", f"micro_batch_size={size}"))
    assert names["plan"].num_updates == 333
    assert names["accuracy"] > 0.88
    assert "333 updates" in capsys.readouterr().out
