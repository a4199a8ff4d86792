"""The gradient of an update summed over the processes, while its last backward still runs.

DistributedDataParallel does this too, and is in the way here: it takes the mean of what each
process has, which is wrong for shares of different size; it waits for ever for a process whose
share of an update is empty, since that runs no backward; and one that fails half way, as by a bad
sample, leaves the others in a sum that never ends, where they should all decide the same. Buckets
and their order are as it makes them (Li et al. 2020, arXiv 2006.15704, section 3.2.3).

A compiled backward is one node of the graph and has all gradients at its end: no sum begins before.
"""

from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from itertools import accumulate, pairwise

import torch
from torch import Tensor, nn

from bsgrow.training.group.process_group import LostProcessError, ProcessGroup, Summing
from bsgrow.training.update_sums import UpdateSums

FIRST_BUCKET_BYTES = 2**20
"""Small, so that the sum begins early."""

BUCKET_BYTES = 25 * 2**20
"""What DistributedDataParallel takes by default."""


class GradientSum:
    """Sums the gradients of parameters over a group, in buckets from the last layer to the first.

    A sum is made in memory of its own, as large as the gradient; ``grad`` is then a view of it. All
    processes sum the same buckets in the same order, whatever each of them has to add, if only
    zeros. With one process nothing is done, and ``grad`` stays what backward made.

    A parameter that has no gradient on any process, as of a layer that the update does not come to,
    has none in the end either: zeros would let momentum and weight decay move it, which one process
    alone leaves as it is. Which these are the processes learn from the reduction by which they
    decide on the update: each says which gradients it has, and ``forget`` takes what any has.

    Args:
        parameters: of the model, in its order, alike on all processes.
        group: that sums.

    Attributes:
        num_bits: of ``present``, one for each parameter that is summed.
        present: bits, set for the parameters that had a gradient on this process, once summed.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], group: ProcessGroup) -> None:
        self._group = group
        wanted = [each for each in parameters if each.requires_grad]
        self._parameters = wanted if group.world_size > 1 else []
        parts = split_into_buckets(self._parameters)
        firsts = accumulate(map(len, parts), initial=0)
        self._buckets = [_Bucket(part, first) for part, first in zip(parts, firsts, strict=False)]
        self._bucket_of = {id(p): bucket for bucket in self._buckets for p in bucket.parameters}
        self._begun: list[Summing] = []
        self._is_last = False
        self.num_bits, self.present = len(self._parameters), 0
        for parameter in self._parameters:
            register = parameter.register_post_accumulate_grad_hook
            register(self._on_gradient)  # type: ignore[no-untyped-call]  # torch leaves it untyped

    @contextmanager
    def of_an_update(self, sums: UpdateSums) -> Generator[None, None, None]:
        """Sum when the context ends what was not summed until then, after an error too.

        Args:
            sums: of the update, summed beside the gradient.

        Raises:
            LostProcessError: another process does not answer.
        """
        for bucket in self._buckets:
            bucket.missing = len(bucket.parameters)
        self._begun, self._is_last, self.present = [], False, 0
        try:
            yield
        except Exception:  # what the others have begun must end
            with suppress(LostProcessError):  # the error says more
                self._finish(sums)
            raise
        self._finish(sums)

    def expect_last_backward(self) -> None:
        """Sum each bucket in the next backward as soon as it is complete."""
        self._is_last = True

    def forget(self, present: int) -> None:
        """Leave no gradient where none was on any process.

        Args:
            present: the bits that any process has set.
        """
        if present != (1 << self.num_bits) - 1:
            in_order = (p for bucket in self._buckets for p in bucket.parameters)
            for number, parameter in enumerate(in_order):
                if not present >> number & 1:
                    parameter.grad = None

    def _on_gradient(self, parameter: Tensor) -> None:
        if self._is_last:
            self._bucket_of[id(parameter)].missing -= 1
            while (done := len(self._begun)) < len(self._buckets) and not self._buckets[
                done
            ].missing:
                self._begin_next()

    def _begin_next(self) -> None:
        bucket = self._buckets[len(self._begun)]
        for number, parameter in enumerate(bucket.parameters, start=bucket.first):
            self.present |= (parameter.grad is not None) << number
        self._begun.append(self._group.begin_sum(bucket.filled()))

    def _finish(self, sums: UpdateSums) -> None:
        """Begin all that is not begun, take no memory meanwhile, and only then wait for it."""
        self._is_last = False
        if self._group.world_size == 1:
            return
        while len(self._begun) < len(self._buckets):
            self._begin_next()
        for begun in (*self._begun, sums.begin_sum(self._group)):
            begun.wait()
        for bucket in self._buckets:
            bucket.give()
        sums.give()


class _Bucket:
    """Parameters whose gradients are summed at once.

    Attributes:
        parameters: of one dtype and device.
        first: how many are in the buckets before.
        missing: how many have no gradient yet.
    """

    def __init__(self, parameters: list[nn.Parameter], first: int) -> None:
        self.parameters, self.first, self.missing = parameters, first, 0
        sizes = [parameter.numel() for parameter in parameters]
        kind = parameters[0]
        self._numbers = torch.zeros(sum(sizes), dtype=kind.dtype, device=kind.device)
        parts = torch.split(self._numbers, sizes)
        # Strided as the parameter is, which kernels of optimizers rely on.
        self._views = [
            part.as_strided(p.shape, p.stride(), part.storage_offset())
            for part, p in zip(parts, parameters, strict=True)
        ]

    @torch.no_grad()
    def filled(self) -> Tensor:
        """Return the gradients in memory of their own; zeros for those that are not there."""
        for parameter, view in zip(self.parameters, self._views, strict=True):
            if parameter.grad is None:
                view.zero_()
            else:
                view.copy_(parameter.grad)
        return self._numbers

    def give(self) -> None:
        """Make the sum the gradient."""
        for parameter, view in zip(self.parameters, self._views, strict=True):
            parameter.grad = view


def split_into_buckets(parameters: Iterable[nn.Parameter]) -> list[list[nn.Parameter]]:
    """Return the parameters in buckets, the last parameter first, as backward comes to them.

    A bucket ends where it is full, and where dtype or device change.
    """
    reverse, buckets, num_bytes = list(parameters)[::-1], list[list[nn.Parameter]](), 0
    for before, parameter in pairwise([None, *reverse]):
        assert parameter is not None
        limit = BUCKET_BYTES if len(buckets) > 1 else FIRST_BUCKET_BYTES
        if before is None or num_bytes >= limit or _kind(before) != _kind(parameter):
            buckets.append([])
            num_bytes = 0
        buckets[-1].append(parameter)
        num_bytes += parameter.nbytes
    return buckets


def _kind(parameter: Tensor) -> tuple[torch.dtype, torch.device]:
    return parameter.dtype, parameter.device
