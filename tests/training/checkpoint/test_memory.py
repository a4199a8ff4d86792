"""Loading maps the file: its pages are shared, and nothing of it is held once it is loaded."""

import re
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from torch import nn

from bsgrow.training.checkpoint.checkpoint import load_checkpoint, save_checkpoint
from bsgrow.training.checkpoint.folder import map_whole
from bsgrow.training.checkpoint.reading import Run, largest_checkpoint, read_checked
from bsgrow.training.optimizers import build_optimizer
from bsgrow.training.update import apply
from tests.training.checkpoint.checkpoint_files import ADAM, IDENTITY, MOMENTUM, PLAN, position

_MAPS, _ROLLUP = Path("/proc/self/maps"), Path("/proc/self/smaps_rollup")


def large_run(config):
    """A model of 16 MiB after an update, and its optimizer."""
    model = nn.Linear(2**11, 2**11, bias=False)
    optimizer = build_optimizer(config, model.parameters(), lr=0.1)
    model.weight.grad = torch.full_like(model.weight, 1e-3)
    apply(optimizer, PLAN.update(0))
    return model, optimizer


def anonymous_bytes():
    """What this process has to itself."""
    return int(re.search(r"Anonymous: +(\d+) kB", _ROLLUP.read_text())[1]) * 1024


@pytest.mark.skipif(not _ROLLUP.exists(), reason="no such figure on this system")
@pytest.mark.memory
@pytest.mark.parametrize("config", [MOMENTUM, ADAM])
def test_what_is_read_of_a_checkpoint_takes_no_memory_of_its_own(tmp_path, config):
    model, optimizer = large_run(config)
    path = save_checkpoint(tmp_path, IDENTITY, position(1), model, optimizer)
    run = Run(asdict(IDENTITY), PLAN, model, optimizer)
    before = anonymous_bytes()
    saved = read_checked(map_whole(path, largest_checkpoint(run)), run, 1)
    taken = anonymous_bytes() - before
    assert torch.equal(saved.model["weight"], model.weight)
    assert path.stat().st_size > 2**25
    assert taken < 2**23, "bytes; it held the file once more"


@pytest.mark.skipif(not _MAPS.exists(), reason="no such list on this system")
@pytest.mark.parametrize("config", [MOMENTUM, ADAM])
def test_a_file_that_was_loaded_is_let_go(tmp_path, config):
    """So that whatever becomes of it changes nothing of the run."""
    model, optimizer = large_run(config)
    path = save_checkpoint(tmp_path, IDENTITY, position(1), model, optimizer)
    other, other_optimizer = large_run(config)
    load_checkpoint(path, IDENTITY, PLAN, other, other_optimizer)
    assert str(path) not in _MAPS.read_text()
    path.write_bytes(b"")
    assert torch.equal(other.weight, model.weight)
