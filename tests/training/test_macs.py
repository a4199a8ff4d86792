"""What a Mac's GPU lacks is not asked of it: float64, and copies by streams. None is here.

The CPU stands for it where numbers are computed, torch's ``meta`` where they only have to arrive.
"""

import os
from contextlib import closing
from dataclasses import replace
from itertools import islice

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import bsgrow
from bsgrow.data import find_spec
from bsgrow.loading import make_loader, micro_batches_of
from bsgrow.models import ghost_groups, sum_dtype
from bsgrow.training import measuring
from tests.loading.augmentations.test_mixing import DATASET, PLAN, SETTINGS
from tests.photo_folder import write_photographs

TWO_UPDATES = [f"schedule.epochs={(2 * 16 - 0.5) / 1437}", "schedule.curve.milestones=[0.01]"]


class NoFloat64(TorchDispatchMode):
    """Counts operations, and refuses those that make float64."""

    num_operations = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        made = operation(*args, **(kwargs or {}))
        dtypes = {each.dtype for each in tree_leaves(made) if isinstance(each, torch.Tensor)}
        assert torch.float64 not in dtypes, operation
        self.num_operations += 1
        return made


def test_sums_are_float64_where_there_is_one():
    dtypes = {name: sum_dtype.sum_dtype(torch.device(name)) for name in ("cpu", "cuda", "mps")}
    assert dtypes == {"cpu": torch.float64, "cuda": torch.float64, "mps": torch.float32}


def test_training_computes_without_float64(tmp_path, monkeypatch):
    monkeypatch.setattr(sum_dtype, "_WITHOUT_FLOAT64", ("mps", "cpu"))
    monkeypatch.setattr(ghost_groups, "_has_kernels", lambda x: False)  # as where there are none
    with NoFloat64() as seen:
        finished = bsgrow.train("digits", out=tmp_path / "run", overrides=TWO_UPDATES)
    assert finished.num_updates == 2
    assert seen.num_operations > 1000


def photographs(folder):
    return find_spec("folder").open(write_photographs(folder, num_train=20, num_test=3))


def test_all_memory_counts_where_the_system_does_not_say_what_is_free(monkeypatch):
    page, all_pages = (os.sysconf(name) for name in ("SC_PAGE_SIZE", "SC_PHYS_PAGES"))
    monkeypatch.setattr(os, "sysconf_names", {"SC_PHYS_PAGES": 0})
    assert measuring._free_on_host() == page * all_pages


@pytest.mark.parametrize("open_in", [lambda folder: DATASET, photographs], ids=["arrays", "files"])
def test_loaders_hand_over_on_the_device(open_in, tmp_path):
    settings = replace(SETTINGS, device=torch.device("meta"), decoder="native")
    loader = make_loader(open_in(tmp_path), settings)
    with closing(micro_batches_of(loader, PLAN)) as batches:
        made = list(islice(batches, 2))
    assert {tensor.device.type for each in made for tensor in (each.images, each.labels)} == {
        "meta"
    }
