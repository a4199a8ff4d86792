"""Two processes make one update together."""

import numpy as np
import torch

from tests.hosts.lightning.module import Module, data, trainer
from tests.hosts.reference import reference_run, require_same


class Writes(Module):
    """Leaves what its rank made in a folder."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def on_train_end(self):
        super().on_train_end()
        torch.save((self.run, self.sizes), self.folder / f"{self.global_rank}.pt")


def test_two_processes_make_the_updates_of_one(tmp_path):
    runs = trainer(strategy="ddp_fork", devices=2)
    runs.fit(Writes(tmp_path), datamodule=data(3))
    (run, sizes), (other, its_sizes) = (
        torch.load(tmp_path / f"{rank}.pt", weights_only=False) for rank in range(2)
    )
    require_same([run, other], reference_run())
    np.testing.assert_array_equal(run.weights, other.weights)
    # Of the last 7 one has 4 in two micro-batches, the other 3 and as many again of weight 0.
    assert (sizes[-2:], its_sizes[-2:]) == ([3, 1], [3, 3])
