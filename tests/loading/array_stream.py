"""What the tests of loaders of arrays share: a loader, and updates."""

from functools import partial
from itertools import accumulate, pairwise

import torch

from bsgrow.loading import ArrayLoader, LoaderSettings, host_fill
from bsgrow.native import Augment
from bsgrow.schedule import Update

CPU = torch.device("cpu")


def array_loader(dataset, augment=None, make_fill=host_fill, **settings):
    values = {"seed": 3, "micro_batch_size": 64, "device": CPU}
    settings = LoaderSettings(augment=augment or Augment(), **(values | settings))
    return ArrayLoader(dataset, settings, make_fill)


def with_prefetch(prefetch_bytes):
    return partial(host_fill, prefetch_bytes=prefetch_bytes)


def updates(*sizes, first=0):
    edges = accumulate(sizes, initial=first)
    return [Update(k, *edge, 0.1, 0.9) for k, edge in enumerate(pairwise(edges))]
