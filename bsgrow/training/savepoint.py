"""Back to the last finished update, where a sample of the one under way cannot be had."""

import copy
from types import TracebackType

import torch

from bsgrow.data import SampleError
from bsgrow.loading import MicroBatch
from bsgrow.schedule import Update
from bsgrow.training.job import Job
from bsgrow.training.state import State


class Savepoint:
    """While entered, a SampleError leaves the state as after the last finished update.

    Micro-batches change two things before their update is made: the buffers of the model, such as
    running statistics, and the totals. Both are kept at the first micro-batch of several. Nothing
    is kept where no sample can be bad: arrays in memory, or ``data.on_error = "skip"``.

    Args:
        job: says whether samples can be bad.
        state: put back; its gradients are not, since a checkpoint has none.
    """

    def __init__(self, job: Job, state: State) -> None:
        self._needed = job.loader.may_fail_midway
        self._state = state
        self._buffers = list(state.model.buffers()) if self._needed else []
        self._kept = [torch.empty_like(buffer) for buffer in self._buffers]
        self._totals = state.totals
        self._num_updates = -1

    def before(self, update: Update, micro_batch: MicroBatch) -> None:
        """Keep the state, if this micro-batch is the first of several; does not wait for it."""
        opens = micro_batch.start == update.start
        if self._needed and opens and not micro_batch.is_last:
            for kept, buffer in zip(self._kept, self._buffers, strict=True):
                kept.copy_(buffer)
            self._totals = copy.deepcopy(self._state.totals)
            self._num_updates = self._state.num_updates

    def __enter__(self) -> None:
        """Begin to watch."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        in_update = self._num_updates == self._state.num_updates
        if isinstance(error, SampleError) and in_update:
            for kept, buffer in zip(self._kept, self._buffers, strict=True):
                buffer.copy_(kept)
            self._state.totals = self._totals
