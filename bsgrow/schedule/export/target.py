"""What an export is made for, and what several systems ask of a plan."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby
from math import gcd

from bsgrow.errors import InputError
from bsgrow.schedule.export.draft import Draft
from bsgrow.schedule.export.optimizer import Optimizer
from bsgrow.schedule.plan import Phase, Plan

BatchSchedule = list[tuple[int, int]]
"""Where each batch size starts: (start_sample, global_batch_size), in ascending order."""


@dataclass(frozen=True)
class Target:
    """The run in the other system, as far as its configuration depends on it.

    Attributes:
        sequence_length: tokens per sample; for systems that count in tokens.
        micro_batch_size: samples per rank in one forward pass, where the system must divide by it.
        world_size: data-parallel ranks.
        lr_tolerance: relative deviation of the learning rate that counts as equal.
        approximate: write what the system follows nearly, with what is off as comments.
        optimizer: the optimizer; plain SGD, at the plan's momentum, where nothing is said.
    """

    sequence_length: int | None = None
    micro_batch_size: int | None = None
    world_size: int = 1
    lr_tolerance: float = 1e-4
    approximate: bool = False
    optimizer: Optimizer = field(default_factory=Optimizer)

    def __post_init__(self) -> None:
        for key in ("sequence_length", "micro_batch_size", "world_size"):
            value = getattr(self, key)
            if value is not None and value < 1:
                raise InputError(f"{key} = {value}: must be at least 1")
        if not 0 < self.lr_tolerance < 1:
            raise InputError(f"lr_tolerance = {self.lr_tolerance:g}: must be between 0 and 1")


@dataclass(frozen=True)
class Format:
    """A system that a plan can be written for.

    Attributes:
        name: the system's own name.
        version: the version and commit that its syntax and its rules were read from.
        draft: what it would run of a plan; raises InputError where there is nothing near.
    """

    name: str
    version: str
    draft: Callable[[Plan, Target], Draft]


def batch_schedule(plan: Plan) -> BatchSchedule:
    """Return where each batch size of a plan starts, phases of equal batch size merged."""
    return [(phase.start_sample, phase.global_batch_size) for phase in batch_changes(plan)]


def batch_changes(plan: Plan) -> list[Phase]:
    """Return the phases whose batch size differs from the one before."""
    runs = groupby(plan.phases, key=lambda phase: phase.global_batch_size)
    return [next(run) for _, run in runs]


def sequence_length(system: str, target: Target, otherwise: str = "") -> int:
    """Return the tokens per sample that a system needs to be told; raises InputError if unset."""
    if target.sequence_length is None:
        raise InputError(
            f"{system} counts in tokens: the sequence length of a sample is not given",
            hint=f"pass sequence_length, the tokens that make up one sample{otherwise}",
        )
    return target.sequence_length


def fixed_momentum(plan: Plan, system: str) -> float:
    """Return the momentum coefficient of the plan; raises InputError where it changes."""
    first = plan.phases[0]
    for phase in plan.phases:
        if phase.momentum != first.momentum:
            raise InputError(
                f"{system} holds the momentum coefficient for the whole run; the plan changes it "
                f"from {first.momentum:g} to {phase.momentum:g} at sample {phase.start_sample}",
                hint="pass growth.momentum_at=0, which raises it at the start of the run",
            )
    return first.momentum


def micro_batches(plan: Plan, system: str, target: Target) -> int:
    """Return the micro-batch size; raises InputError if unset or a batch is not whole ones."""
    require_divisible(plan, system, target)
    if target.micro_batch_size is None:
        fits = fitting_micro_batch(plan, target.world_size)
        raise InputError(
            f"{system} needs the micro-batch size, which it keeps for the whole run",
            hint=f"pass micro_batch_size={fits}, or what else one forward pass on a rank takes",
        )
    return target.micro_batch_size


def require_divisible(plan: Plan, system: str, target: Target) -> None:
    """Raise InputError where a batch is not whole micro-batches on every rank."""
    micro, world = target.micro_batch_size or 1, target.world_size
    for phase in plan.phases:
        if phase.global_batch_size % (micro * world):
            raise InputError(
                f"{system} divides a batch into micro-batches of {micro} on {world} ranks: "
                f"{phase.global_batch_size} (from sample {phase.start_sample}) is not a multiple "
                f"of {micro * world}",
                hint=_dividing(plan, micro, world),
            )


def _dividing(plan: Plan, micro: int, world: int) -> str:
    """Return what makes the batches divide: the first batch is never below the multiple."""
    ways = []
    if micro * world <= plan.phases[0].global_batch_size:
        ways.append(f"growth.multiple_of={micro * world}")
    if _batch_gcd(plan) % world == 0:
        ways.append(f"micro_batch_size={fitting_micro_batch(plan, world, micro)}")
    if not ways:
        return f"take fewer ranks: their number must divide {_batch_gcd(plan)}"
    return "pass " + ", or ".join(ways)


def fitting_micro_batch(plan: Plan, world: int, limit: int = 64) -> int:
    """Return the largest micro-batch up to a limit that all batches are whole ones of."""
    share = max(1, _batch_gcd(plan) // world)
    return max(size for size in range(1, min(share, limit) + 1) if share % size == 0)


def _batch_gcd(plan: Plan) -> int:
    return gcd(*{phase.global_batch_size for phase in plan.phases})


def cut_last_update(plan: Plan, system: str) -> tuple[str, ...]:
    """Return a note where the plan's last update is cut: no system here runs less than a batch."""
    last, phase = plan.update(plan.num_updates - 1), plan.phases[-1]
    if last.global_batch_size == phase.global_batch_size:
        return ()
    return (
        f"the plan cuts its last update to {last.global_batch_size} samples, at the lr "
        f"{last.lr:.6g}; {system} runs it whole, {phase.global_batch_size} samples at the lr "
        f"{plan.last_lr(phase):.6g}",
    )


def epoch_remainders(plan: Plan) -> list[int]:
    """Return the batch sizes that do not divide the training set, for runs over an epoch long."""
    if Fraction(plan.num_total_samples, plan.num_samples) <= 1:
        return []
    sizes = sorted({phase.global_batch_size for phase in plan.phases})
    return [size for size in sizes if plan.num_samples % size]
