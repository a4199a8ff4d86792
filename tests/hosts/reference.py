"""What a host is held against: the same run as a loop over whole updates, and a record of both."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from bsgrow.schedule import Growth, Reference, compile_plan
from bsgrow.stream import SampleStream

NUM_SAMPLES = 101
STEPS = {"name": "MultiStepLR", "milestones": [0.6, 1.7], "gamma": 0.48}
GROWTH = Growth(momentum=0.92, momentum_at=1.7, multiple_of=8)
PLAN = compile_plan(Reference(3, 0.1, 8, 0.9, STEPS), GROWTH, NUM_SAMPLES)
"""8, 16 and 40 samples, each from within an epoch on; no epoch ends where an update does."""


class Samples(torch.utils.data.Dataset):
    """Sample i is (features of i, target of i, its number, its epoch)."""

    def __init__(self, dtype=torch.float64):
        features = torch.randn(NUM_SAMPLES, 4, generator=torch.Generator().manual_seed(1))
        self.features = features.to(dtype)

    def __len__(self):
        return len(self.features)

    def __getitem__(self, index):
        features = self.features[index]
        return features, features.sum().sin(), int(index), getattr(index, "epoch", -1)


def make_model(dtype=torch.float64):
    """A small network, the same each time."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0)).to(dtype)


def make_optimizer(model):
    """SGD with what PLAN begins with; the last bias in a group of its own, at a tenth of the lr."""
    *others, last = model.parameters()
    groups = [{"params": others}, {"params": [last], "lr": 0.01}]
    return torch.optim.SGD(groups, lr=0.1, momentum=0.9)


def loss_of(model, data):
    features, targets, *_ = data
    return nn.functional.mse_loss(model(features), targets)


def flat(tensors):
    """All numbers in a row; of NumPy, which a process can hand on and end."""
    whole = (each.full_tensor() if hasattr(each, "full_tensor") else each for each in tensors)
    return torch.cat([each.detach().flatten().double() for each in whole]).numpy()


@dataclass
class Run:
    """What a run did.

    Attributes:
        samples: (epoch, sample) of each update of those that were read, by index of the update.
        gradients: of each step of the optimizer.
        rates: lr and momentum of each group in each step.
        weights: at the end.
    """

    samples: dict
    gradients: list
    rates: list
    weights: np.ndarray | None = None

    @classmethod
    def of(cls, optimizer):
        """Return a record of all that an optimizer steps by."""
        run = cls({}, [], [])
        optimizer.register_step_pre_hook(lambda optimizer, args, kwargs: run.note(optimizer))
        return run

    def note(self, optimizer):
        """Note what an optimizer steps by next."""
        groups = optimizer.param_groups
        self.gradients.append(flat(p.grad for group in groups for p in group["params"]))
        self.rates.append([(group["lr"], group["momentum"]) for group in groups])

    def read(self, data, cut):
        """Note what a micro-batch holds."""
        if cut.num_samples:
            *_, numbers, epochs = data
            pairs = zip(epochs.tolist(), numbers.tolist(), strict=True)
            self.samples.setdefault(cut.update.index, []).extend(pairs)

    def since(self, first):
        """Return the part from the update of an index on."""
        samples = {index: each for index, each in self.samples.items() if index >= first}
        return Run(samples, self.gradients[first:], self.rates[first:], self.weights)


CLIPPED = 0.05
"""A norm below that of every gradient of the reference."""


def reference_run(dtype=torch.float64, clip=None):
    """The run as a loop over whole updates, in plain torch, without a loader."""
    model, samples, stream = make_model(dtype), Samples(dtype), SampleStream(NUM_SAMPLES, 0)
    optimizer = make_optimizer(model)
    run = Run.of(optimizer)
    for update in PLAN.updates():
        places = stream[update.start : update.stop]
        run.samples[update.index] = list(
            zip(places.epochs.tolist(), places.samples.tolist(), strict=True)
        )
        for group, lr in zip(optimizer.param_groups, (update.lr, update.lr / 10), strict=True):
            group["lr"], group["momentum"] = lr, update.momentum
        data = torch.utils.data.default_collate([samples[int(i)] for i in places.samples])
        optimizer.zero_grad()
        loss_of(model, data).backward()
        if clip is not None:
            assert nn.utils.clip_grad_norm_(model.parameters(), clip) > clip
        optimizer.step()
    run.weights = flat(model.parameters())
    return run


def require_same(runs, expected, tolerance=1e-12):
    """Hold the ranks of a run against another: samples exactly, the rest within rounding.

    Returns:
        The largest difference of a gradient and of a weight.
    """
    together = {}
    for run in runs:
        for index, pairs in run.samples.items():
            together.setdefault(index, []).extend(pairs)
    assert together == expected.samples
    largest = 0.0
    for run in runs:
        assert np.shape(run.gradients) == np.shape(expected.gradients)
        assert np.allclose(run.rates, expected.rates, rtol=1e-12, atol=0)
        differences = np.subtract(run.gradients, expected.gradients), run.weights - expected.weights
        largest = max(largest, *(float(np.abs(each).max()) for each in differences))
    assert largest < tolerance
    return largest
