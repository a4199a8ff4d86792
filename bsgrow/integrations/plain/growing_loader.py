"""A loader for a training loop of one's own, over PyTorch's DataLoader."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset, TensorDataset

from bsgrow.errors import InputError
from bsgrow.integrations.plain.checks import require_fits, require_state, saying_ours
from bsgrow.integrations.plain.counts import counting
from bsgrow.integrations.plain.growing_lr import GrowingLR
from bsgrow.integrations.plain.loop_error import LoopError
from bsgrow.integrations.plain.loop_watch import LoopWatch, another_loop
from bsgrow.integrations.plain.plan_digest import plan_digest
from bsgrow.integrations.plain.share_of_process import require_sums, share_of_process
from bsgrow.loading.batch_sampler import UpdateCut, UpdateCuts, batches, read
from bsgrow.schedule import Plan
from bsgrow.stream import SampleStream, Share, torch_sample_rng
from bsgrow.validation.annotated import checked_class
from bsgrow.validation.kinds import UNCHECKED, Within

MicroBatches = Iterator[tuple[Any, UpdateCut]]

_FORMAT = 1
# They pass on no index as they are given it; integers alone take less time there.
_KEEP_NO_EPOCH = (TensorDataset, Subset, ConcatDataset)


@checked_class()
class GrowingLoader:
    """Yields the micro-batches of a plan from a map-style data set, each with its ``UpdateCut``.

    ``for data, cut in loader`` takes one epoch: the updates that begin in it, from where the run
    stands. Samples come in the order of ``bsgrow.stream.SampleStream(N, seed)``, in the epochs that
    follow on another, none left out at an end; batch, workers, prefetching and restarts move none.
    A data set is indexed with ``bsgrow.stream.SampleIndex``, an int that knows its epoch; torch's
    TensorDataset, Subset and ConcatDataset, which pass on none, with plain ints.

    Args:
        dataset: map-style, as long as the plan's training set.
        plan: what ``bsgrow.compile_plan`` returned.
        micro_batch_size: samples of a forward and backward pass; a multiple of ghost_batch_size.
        optimizer: whose lr and momentum follow the plan, and whose steps go on in it; absent, give
            it to ``lr_scheduler`` and step what that returns.
        seed: of the order.
        shuffle: False takes the samples of each epoch in order.
        ghost_batch_size: samples that ranks and micro-batches never cut apart.
        rank: of this process; absent, as torch.distributed says once it is initialised.
        world_size: number of processes; goes with rank.
        averages_gradients: whether the loop's gradients are averaged over the processes, as by
            DistributedDataParallel, rather than summed; ``weight`` then makes up for it.
        count: what a mean loss is the mean of where that is not samples: a number of each sample
            [N], or a function of a micro-batch's data, for which an update is held in memory.
        look_ahead: micro-batches that whoever iterates takes before it uses them.
        evens_out: whether every rank takes as many micro-batches of an update as the busiest, those
            that are short of samples some of weight 0: where all ranks meet in every forward pass.
        **dataloader: what DataLoader takes: num_workers, collate_fn, pin_memory, prefetch_factor,
            … Workers live and fetch across the ends of epochs unless persistent_workers is False.

    Raises:
        InputError: an argument is out of range or of another type, the data set is not as long as
            the plan's, or an argument of the DataLoader is what the plan decides, or wrong.
    """

    def __init__(
        self,
        dataset: Annotated[Dataset[Any], UNCHECKED],
        plan: Plan,
        *,
        micro_batch_size: Annotated[int, Within(1)],
        optimizer: Optimizer | None = None,
        seed: Annotated[int, Within(0, 2**64 - 1)] = 0,
        shuffle: bool = True,
        ghost_batch_size: Annotated[int, Within(1)] = 1,
        rank: int | None = None,
        world_size: int | None = None,
        averages_gradients: bool = False,
        count: object = None,
        look_ahead: Annotated[int, Within(0, 2**31 - 1)] = 0,
        evens_out: bool = False,
        **dataloader: Any,
    ) -> None:
        require_fits(dataset, plan, dataloader)
        self.dataset, self.plan, self.micro_batch_size = dataset, plan, micro_batch_size
        self.stream = SampleStream(plan.num_samples, seed, shuffle)
        self._keeps_workers = dataloader.pop("persistent_workers", True)
        self._dataloader = dataloader
        self._place = rank, world_size, ghost_batch_size
        self._averages_gradients, self._look_ahead = averages_gradients, look_ahead
        self._evens_out = evens_out
        self._count = None if count is None else counting(count, self.stream, self.share)
        self._followers: list[GrowingLR] = []
        self._begin_at(0)
        if rank is not None or world_size is not None:
            _ = self.share  # refuses what is wrong; else processes may meet later
        Share(0, 1, ghost_batch_size).check_micro_batch_size(micro_batch_size)
        with saying_ours():
            self._loader_of([])  # refuses what is wrong
        if optimizer is not None:
            self.lr_scheduler(optimizer)
            (follower,) = self._followers  # of which a host may have wrapped what was returned
            optimizer.register_step_post_hook(lambda *_: follower.follow())

    def lr_scheduler(self, optimizer: Optimizer) -> GrowingLR:
        """Return what sets lr and momentum of an optimizer, from where the run stands.

        It is told which updates are whole, so that a step too many or too early is refused.
        """
        follower = GrowingLR(
            optimizer,
            self.plan,
            num_updates=self.num_updates,
            num_whole=lambda: self._watch.num_whole,
        )
        self._followers.append(follower)
        return follower

    def skip_update(self) -> None:
        """Go on without a step in this update, as where GradScaler finds a gradient not finite.

        Raises:
            LoopError: the step was made, or the update is not whole.
        """
        for follower in self._followers:
            follower.skip()

    @property
    def share(self) -> Share:
        """What this process takes of each update."""
        return share_of_process(*self._place)

    @property
    def num_updates(self) -> int:
        """Updates that are made: those that every scheduler of this loader has gone past."""
        return min([each.last_epoch for each in self._followers], default=self._first)

    @property
    def epoch(self) -> int:
        """The epoch in which the next update begins, from 0; that after the last at the end."""
        if self.is_finished:
            return -(-self.plan.num_total_samples // self.plan.num_samples)
        return self.plan.update(self.num_updates).start // self.plan.num_samples

    @property
    def is_finished(self) -> bool:
        """Whether all updates of the plan are made."""
        return self.num_updates >= self.plan.num_updates

    def epochs(self) -> Iterator[int]:
        """Yield the epochs that are left, each in turn, until all updates are made."""
        while not self.is_finished:
            yield self.epoch

    def __len__(self) -> int:
        """Return how many micro-batches are left of the epoch in which the next update begins."""
        if self.is_finished:
            return 0
        cuts, first = self._cuts(), self.num_updates
        return cuts.count(first, cuts.end_of_epoch(first))

    def __iter__(self) -> MicroBatches:
        """Yield data and cut of each micro-batch of one epoch, from the next update on.

        Raises:
            LoopError: the loop does not do what the plan says.
        """
        self._require_followed()
        if self.num_updates > self._watch.num_whole:  # its scheduler was given a later state
            self._begin_at(self.num_updates)
        self._watch.require_begins_well(self.num_updates)
        if self.is_finished:
            return
        last = self._cuts().end_of_epoch(self.num_updates)
        source, self._loop = self._source(last), (this := object())
        while True:
            if self._loop is not this:
                raise another_loop()
            data, cut = self._take(source)
            yield data, cut
            if cut.closes_update and cut.update.index + 1 == last:
                break
        self._watch.require_ended_well(self.num_updates)

    def accumulating(self, model: nn.Module, cut: UpdateCut) -> AbstractContextManager[None]:
        """Return ``model.no_sync()`` for micro-batches that do not close their update.

        For forward and backward under DistributedDataParallel, which sums in every backward
        otherwise; a model that has no ``no_sync`` needs nothing.

        Raises:
            InputError: the model takes the mean of gradients, and ``averages_gradients`` is False.
        """
        if not self._averages_gradients and self.share.world_size > 1:
            require_sums(model)
        no_sync: Callable[[], AbstractContextManager[None]] = getattr(model, "no_sync", nullcontext)
        return nullcontext() if cut.closes_update else no_sync()

    def state_dict(self) -> dict[str, Any]:
        """Return where the run stands, after its last finished update; under 1 KiB."""
        num_updates = self.num_updates
        is_new = num_updates == 0
        return {
            "format": _FORMAT,
            "num_updates": num_updates,
            "consumed_samples": 0 if is_new else self.plan.update(num_updates - 1).stop,
            "seed": self.stream.seed,
            "shuffle": self.stream.shuffle,
            "plan": plan_digest(self.plan),
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where a state was taken, whatever the workers, micro-batch and world size were.

        Schedulers of this loader, made before or after this, go on from there too.

        Raises:
            InputError: the state is of another plan or order, or of a newer format.
        """
        own = self.state_dict()
        require_state(state_dict, self.plan)
        for key in ("format", "plan", "seed", "shuffle"):
            if state_dict.get(key) != own[key]:
                raise InputError(f"{key}: the state is of a loader with another one than this")
        self._begin_at(state_dict["num_updates"])
        for follower in self._followers:
            follower.move_to(state_dict["num_updates"])

    def __getstate__(self) -> None:
        """Refuse to be copied or pickled: what follows the loop would be another's.

        Raises:
            InputError: always.
        """
        raise InputError(
            "a GrowingLoader cannot be copied or pickled: it follows one loop and one optimizer",
            hint="its state can: state_dict(), for load_state_dict() of a loader made anew",
        )

    def _begin_at(self, num_updates: int) -> None:
        self._first = num_updates
        self._watch = LoopWatch(num_updates, self._look_ahead)
        self._running: MicroBatches | None = None

    def _require_followed(self) -> None:
        if not self._followers:
            raise LoopError(
                "no optimizer follows the plan, so that its learning rate would not be set",
                hint="GrowingLoader(…, optimizer=optimizer)",
            )

    def _take(self, source: MicroBatches) -> tuple[Any, UpdateCut]:
        """Return the next micro-batch; where that fails, the next loop opens a source anew."""
        try:
            data, cut = next(source)
            self._watch.hand_out(cut, self.num_updates)
        except BaseException:
            self._running = None
            raise
        return data, cut

    def _cuts(self) -> UpdateCuts:
        return UpdateCuts(self.plan, self.share, self.micro_batch_size, self._evens_out)

    def _source(self, last: int) -> MicroBatches:
        """Return the micro-batches from the next update on, to the end of the epoch or further."""
        if not self._keeps_workers:
            return self._opened(self.num_updates, last)
        if self._running is None:
            self._running = self._opened(self.num_updates, self.plan.num_updates)
        return self._running

    def _opened(self, first: int, last: int) -> MicroBatches:
        with_epochs = type(self.dataset) not in _KEEP_NO_EPOCH
        by_workers, rank = self._dataloader.get("num_workers", 0) > 0, self.share.rank

        def reader_of(cuts: Iterator[UpdateCut]) -> DataLoader[Any]:
            found = batches(self.stream, cuts, with_epochs=with_epochs, by_workers=by_workers)
            # Of its own, so that workers are seeded alike at each start, on each rank otherwise.
            return self._loader_of(found, torch_sample_rng(self.stream.seed, first, rank))

        return self._weighed(read(self._cuts().between(first, last), reader_of))

    def _loader_of(
        self, indices: Iterable[Sequence[int]], generator: torch.Generator | None = None
    ) -> DataLoader[Any]:
        arguments = {"generator": generator, "batch_sampler": indices, **self._dataloader}
        return DataLoader(self.dataset, **arguments)

    def _weighed(self, micro_batches: MicroBatches) -> MicroBatches:
        """Weigh by what the loss counts, and make up for gradients that are averaged."""
        if self._count is not None:
            micro_batches = self._count.weighed(micro_batches)
        factor = self.share.world_size if self._averages_gradients else 1
        if factor == 1:
            return micro_batches
        return ((data, cut._replace(weight=cut.weight * factor)) for data, cut in micro_batches)
