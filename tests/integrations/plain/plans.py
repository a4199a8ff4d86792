"""Small plans and data sets whose samples say which they are."""

import torch
from torch.utils.data import Dataset

from bsgrow.schedule import Growth, Reference, compile_plan

STEPS = {"name": "MultiStepLR", "milestones": [1, 2], "gamma": 0.5}


def plan_of(num_samples=101, epochs=3, batch=8, *, growth=None, curve=None, momentum=0.9):
    curve = STEPS if curve is None else curve
    reference = Reference(epochs, 0.1, batch, momentum, curve)
    return compile_plan(reference, growth or Growth(), num_samples)


class Numbered(Dataset):
    """Sample i is (features of i, its number, its epoch)."""

    def __init__(self, num_samples=101):
        self.features = torch.randn(num_samples, 4, generator=torch.Generator().manual_seed(1))

    def __len__(self):
        return len(self.features)

    def __getitem__(self, index):
        return self.features[index], int(index), getattr(index, "epoch", -1)


def follow(loader, optimizer=None):
    """Run a loop that makes no gradient over what is left; yields what it is handed out."""
    optimizer = optimizer or torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = loader.lr_scheduler(optimizer)
    for _ in loader.epochs():
        for data, cut in loader:
            yield data, cut
            if cut.closes_update:
                optimizer.step()
                scheduler.step()
