"""Back to the last finished update, where a sample of the one under way cannot be had."""

import copy

import torch

from bsgrow.training.job import Job
from bsgrow.training.state import State


class Savepoint:
    """What micro-batches change before their update is made: the model's buffers, and the totals.

    Nothing is kept where no sample can be bad: arrays in memory, or ``data.on_error = "skip"``.

    Args:
        job: says whether samples can be bad.
        state: put back; its gradients are not, since a checkpoint has none.
    """

    def __init__(self, job: Job, state: State) -> None:
        self._needed = job.loader.may_fail_midway
        self._state, self._totals = state, state.totals
        self._buffers = list(state.model.buffers()) if self._needed else []
        self._kept = [torch.empty_like(buffer) for buffer in self._buffers]

    def keep(self) -> None:
        """Keep the state before an update; does not wait for the device."""
        if self._needed:
            self._totals = copy.deepcopy(self._state.totals)
            for kept, buffer in zip(self._kept, self._buffers, strict=True):
                kept.copy_(buffer)

    def put_back(self) -> None:
        """Put back what was kept last."""
        if self._needed:
            self._state.totals = self._totals
            for kept, buffer in zip(self._kept, self._buffers, strict=True):
                buffer.copy_(kept)
