"""How long a plan will take on any number of ranks, from what one device and a network do.

An update of B samples over W ranks takes what the busiest rank computes, what of the all-reduce of
the gradients is not hidden behind it, what the slowest of the ranks takes longer, and the agreement
of all on the update. See ``WallClock.update``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bsgrow.reporting.all_reduce import Algorithm, AllReduce
from bsgrow.reporting.interference import NO_INTERFERENCE, Interference
from bsgrow.reporting.throughput import Throughput
from bsgrow.schedule import Phase, Plan
from bsgrow.stream import Share

_VOTE_BYTES = 4  # of a rank, on what is to be done after an update
_BACKWARD = 2 / 3  # of forward and backward: two products of matrices for each one of the forward


@dataclass(frozen=True, slots=True)
class UpdateTime:
    """What an update is predicted to take.

    Attributes:
        world_size: number of ranks, W.
        samples_per_rank: samples of the busiest rank.
        compute_seconds: what they take on one device, while others compute too.
        all_reduce_seconds: what summing the gradients takes, hidden or not.
        all_reduce_algorithm: the faster one; None of one rank, and where nothing is known of it.
        hidden_seconds: the part of all_reduce_seconds that passes during the backward.
        wait_seconds: what the slowest rank takes longer than they do on average.
        agreement_seconds: what the ranks take to agree on what is done after it.
    """

    world_size: int
    samples_per_rank: int
    compute_seconds: float
    all_reduce_seconds: float = 0.0
    all_reduce_algorithm: Algorithm | None = None
    hidden_seconds: float = 0.0
    wait_seconds: float = 0.0
    agreement_seconds: float = 0.0

    @property
    def exposed_seconds(self) -> float:
        """What ranks wait for each other: for the slowest, for the sum, and for what all decide."""
        communication = self.all_reduce_seconds - self.hidden_seconds + self.agreement_seconds
        return communication + self.wait_seconds

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.compute_seconds + self.exposed_seconds


@dataclass(frozen=True)
class WallClock:
    """What a prediction is made from.

    Attributes:
        throughput: samples per second of one device, by the samples that it has in an update.
        all_reduce: the network; None counts communication as free.
        gradient_bytes: what is summed in each update.
        ghost_batch_size: samples that stay on one rank.
        micro_batch_size: samples per forward and backward, whole ghost batches.
        interference: what ranks that compute at the same time cost each other.
    """

    throughput: Throughput
    all_reduce: AllReduce | None = None
    gradient_bytes: int = 0
    ghost_batch_size: int = 1
    micro_batch_size: int = 1
    interference: Interference = NO_INTERFERENCE

    def update(self, global_batch_size: int, world_size: int) -> UpdateTime:
        """Return what an update of so many samples takes on so many ranks.

        The busiest rank, the first, computes as fast as one device at a batch of its share, but for
        ``interference``, which also says what the slowest of the ranks with samples takes longer.
        The sum of the gradients can begin in the backward of the last micro-batch, as all others
        add to the same gradient: ``all_reduce.overlap`` is the part of that backward which hides
        it, and the backward two thirds of the micro-batch. Loss and statistics are summed beside
        the gradient, at no time of their own; then all agree by an all-reduce of a few bytes.
        Evaluation and checkpoints come on top.
        """
        samples = self.samples_per_rank(global_batch_size, world_size)
        compute = self._compute_seconds(samples, samples, world_size)
        if world_size == 1:
            return UpdateTime(world_size, samples, compute)
        num_busy = min(world_size, -(-global_batch_size // self.ghost_batch_size))
        wait = self.interference.wait_seconds(compute, num_busy)
        if self.all_reduce is None:
            return UpdateTime(world_size, samples, compute, wait_seconds=wait)
        seconds, algorithm = self.all_reduce.time(self.gradient_bytes, world_size)
        agreement = self.all_reduce.time(_VOTE_BYTES, world_size).seconds
        last = (samples - 1) % self.micro_batch_size + 1
        backward = _BACKWARD * compute * last / samples
        hidden = min(seconds, self.all_reduce.overlap * backward)
        return UpdateTime(world_size, samples, compute, seconds, algorithm, hidden, wait, agreement)

    def _compute_seconds(self, num_samples: float, share: int, world_size: int) -> float:
        """Return what a rank takes for samples in updates of which it has a share."""
        slowdown = self.interference.slowdown if world_size > 1 else 1.0
        return slowdown * num_samples / self.throughput.at(share)

    def samples_per_rank(self, global_batch_size: int, world_size: int) -> int:
        """Return the samples of the busiest rank."""
        first, last = Share(0, world_size, self.ghost_batch_size).run(0, global_batch_size)
        return last - first

    def efficiency(self, global_batch_size: int, world_size: int) -> float:
        """Return samples per second, against those of as many devices that each work alone."""
        alone = self.update(global_batch_size, 1).seconds
        return alone / (world_size * self.update(global_batch_size, world_size).seconds)

    def seconds(
        self, num_samples: int, num_updates: int, global_batch_size: int, world_size: int
    ) -> float:
        """Return what updates of one size take; a cut one is as fast as a whole one by sample."""
        each = self.update(global_batch_size, world_size)
        busiest = num_samples * each.samples_per_rank / global_batch_size
        compute = self._compute_seconds(busiest, each.samples_per_rank, world_size)
        return compute + num_updates * each.exposed_seconds


def phase_seconds(phase: Phase, clock: WallClock, world_size: int = 1) -> float:
    """Return the predicted seconds of a phase."""
    num_samples = phase.stop_sample - phase.start_sample
    return clock.seconds(num_samples, phase.num_updates, phase.global_batch_size, world_size)


def seconds_of_phases(
    plan: Plan, clock: WallClock, world_sizes: int | Sequence[int] = 1
) -> Iterator[float]:
    """Yield the predicted seconds of each phase.

    Args:
        plan: the plan.
        clock: what the prediction is made from.
        world_sizes: number of ranks, or one for each phase.
    """
    if isinstance(world_sizes, int):
        world_sizes = [world_sizes] * len(plan.phases)
    for phase, world_size in zip(plan.phases, world_sizes, strict=True):
        yield phase_seconds(phase, clock, world_size)


def total_seconds(plan: Plan, clock: WallClock, world_sizes: int | Sequence[int] = 1) -> float:
    """Return the predicted seconds of all updates; evaluation and checkpoints come on top."""
    return sum(seconds_of_phases(plan, clock, world_sizes))


def baseline_seconds(plan: Plan, clock: WallClock, world_size: int = 1) -> float:
    """Return the predicted seconds of the reference at its fixed batch size."""
    num_samples = plan.num_total_samples - plan.wait.num_samples
    batch = plan.reference.global_batch_size
    return clock.seconds(num_samples, plan.baseline_num_updates, batch, world_size)
