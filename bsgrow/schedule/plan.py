"""The plan: which samples make up each parameter update, at which learning rate and momentum."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from bsgrow.schedule.config import Growth, Reference
from bsgrow.schedule.noise_scale import sgd_noise_scale
from bsgrow.schedule.reference_lr import NO_WAIT, ReferenceLr, Wait, build_reference_lr
from bsgrow.schedule.rescaling import weight_decay_ratio
from bsgrow.schedule.scaling import matching_lr


@dataclass(frozen=True, slots=True)
class Update:
    """One parameter update over samples [start, stop) of the endless stream of samples.

    Attributes:
        index: position in the run, from 0.
        start: first sample consumed.
        stop: one past the last sample consumed.
        lr: learning rate ε.
        momentum: momentum coefficient m.
        batch_ratio: its samples over those of an update of the reference, κ.
        weight_decay_ratio: what a decoupled weight decay is multiplied by, see
            ``rescaling.weight_decay_ratio``.
    """

    index: int
    start: int
    stop: int
    lr: float
    momentum: float
    batch_ratio: float = 1.0
    weight_decay_ratio: float = 1.0

    @property
    def global_batch_size(self) -> int:
        """Samples in this update."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Phase:
    """A run of updates of equal global_batch_size and momentum, and one learning rate.

    Where the learning rate moves inside it, it moves in one direction, so that its first and
    last value bound it.

    Attributes:
        first_index: index of its first update.
        num_updates: how many updates start in it.
        start_sample: where its first update starts.
        stop_sample: where its last update stops.
        global_batch_size: samples per update; the last update of the run may be cut.
        momentum: momentum coefficient m.
        lr: learning rate ε of its first update; ``Plan.last_lr`` gives that of its last.
    """

    first_index: int
    num_updates: int
    start_sample: int
    stop_sample: int
    global_batch_size: int
    momentum: float
    lr: float

    @property
    def last_start(self) -> int:
        """First sample of its last update."""
        return self.start_sample + (self.num_updates - 1) * self.global_batch_size


@dataclass(frozen=True)
class Plan:
    """A compiled schedule; equal inputs give an equal plan, byte for byte.

    Attributes:
        num_samples: size of the training set, N.
        reference: the schedule as published.
        growth: how it was spent in batch size; levels and cap are filled in.
        phases: the phases in order; they tile [0, num_total_samples).
        num_total_samples: samples consumed by the whole run, epochs · N rounded up.
        wait: samples over which the reference stands still, to repair a raised momentum; they
            come on top of its epochs.
    """

    num_samples: int
    reference: Reference
    growth: Growth
    phases: tuple[Phase, ...]
    num_total_samples: int
    wait: Wait = NO_WAIT

    @property
    def epochs(self) -> float:
        """Length of the run in passes over the training set."""
        return self.reference.epochs + self.wait.num_samples / self.num_samples

    @property
    def num_updates(self) -> int:
        """Parameter updates of the whole run."""
        return self.phases[-1].first_index + self.phases[-1].num_updates

    @property
    def baseline_num_updates(self) -> int:
        """Parameter updates of the reference: its epochs at its fixed batch size."""
        num_samples = self.num_total_samples - self.wait.num_samples
        return -(-num_samples // self.reference.global_batch_size)

    def updates(self, first_index: int = 0) -> Iterator[Update]:
        """Yield the updates from first_index to the end, lazily."""
        for phase in self.phases:
            end = phase.first_index + phase.num_updates
            for index in range(max(first_index, phase.first_index), end):
                yield self._update(phase, index)

    def update(self, index: int) -> Update:
        """Return the update of that index; raises IndexError outside [0, num_updates)."""
        if not 0 <= index < self.num_updates:
            raise IndexError(f"update {index} of a plan of {self.num_updates}")
        return self._update(self.phases[bisect_right(self._first_indices, index) - 1], index)

    def _update(self, phase: Phase, index: int) -> Update:
        start = phase.start_sample + (index - phase.first_index) * phase.global_batch_size
        stop = min(start + phase.global_batch_size, self.num_total_samples)
        is_whole = stop - start == phase.global_batch_size
        if is_whole and not self.is_smooth:
            lr = phase.lr  # exact positions take over twice as long as all the rest
        else:
            lr = self._lr(start, stop - start, phase.momentum)
        return Update(index, start, stop, lr, phase.momentum, *self._ratios(stop - start, phase))

    def first_update(self, phase: Phase) -> Update:
        """Return the first update of a phase, were it not cut."""
        start, size = phase.start_sample, phase.global_batch_size
        index, ratios = phase.first_index, self._ratios(size, phase)
        return Update(index, start, start + size, phase.lr, phase.momentum, *ratios)

    def _ratios(self, global_batch_size: int, phase: Phase) -> tuple[float, float]:
        """Return batch_ratio and weight_decay_ratio of an update of so many samples."""
        batch_ratio = global_batch_size / self.reference.global_batch_size
        lr_ratio = self._matching_lr(1.0, global_batch_size, phase.momentum)
        return batch_ratio, weight_decay_ratio(batch_ratio, lr_ratio)

    def at(self, sample: int) -> Update:
        """Return the update that consumes a sample; raises IndexError outside the run."""
        if not 0 <= sample < self.num_total_samples:
            raise IndexError(f"sample {sample} of a run of {self.num_total_samples}")
        phase = self.phases[bisect_right(self._start_samples, sample) - 1]
        offset = (sample - phase.start_sample) // phase.global_batch_size
        return self.update(phase.first_index + offset)

    def sgd_noise_scale(self, phase: Phase) -> float:
        """Return the noise scale g = ε (N/B − 1) / (1 − m) at the start of a phase."""
        return sgd_noise_scale(phase.lr, phase.global_batch_size, phase.momentum, self.num_samples)

    def sgd_noise_scales(self, phase: Phase) -> tuple[float, float]:
        """Return the noise scale at the first and at the last update of a phase."""
        lr, size = self.last_lr(phase), phase.global_batch_size
        last = sgd_noise_scale(lr, size, phase.momentum, self.num_samples)
        return self.sgd_noise_scale(phase), last

    def last_lr(self, phase: Phase) -> float:
        """Return the learning rate of a phase's last update, were it not cut.

        It is the phase's own lr unless the reference moves within the phase.
        """
        return self._lr(phase.last_start, phase.global_batch_size, phase.momentum)

    @property
    def is_smooth(self) -> bool:
        """Whether the learning rate of the reference moves between its milestones."""
        return self._published.curve.smooth and not self._published.hold

    def reference_lr(self, sample: int) -> float:
        """Return the learning rate of the reference where the plan has consumed a sample."""
        return self._published.lr(sample)

    @cached_property
    def _published(self) -> ReferenceLr:
        return build_reference_lr(self.reference, self.num_samples, self.wait)

    @cached_property
    def _first_indices(self) -> list[int]:
        return [phase.first_index for phase in self.phases]

    @cached_property
    def _start_samples(self) -> list[int]:
        return [phase.start_sample for phase in self.phases]

    def _lr(self, sample: int, global_batch_size: int, momentum: float) -> float:
        return self._matching_lr(self.reference_lr(sample), global_batch_size, momentum)

    def _matching_lr(self, reference_lr: float, global_batch_size: int, momentum: float) -> float:
        return matching_lr(
            reference_lr,
            self.reference,
            global_batch_size,
            momentum,
            self.growth,
            self.num_samples,
        )
