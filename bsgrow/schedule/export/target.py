"""What an export is made for, and what it hands back."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from bsgrow.errors import InputError
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
        approximate: write what the system cannot express exactly as comments, instead of refusing.
    """

    sequence_length: int | None = None
    micro_batch_size: int | None = None
    world_size: int = 1
    lr_tolerance: float = 1e-4
    approximate: bool = False

    def __post_init__(self) -> None:
        for key in ("sequence_length", "micro_batch_size", "world_size"):
            value = getattr(self, key)
            if value is not None and value < 1:
                raise InputError(f"{key} = {value}: must be at least 1")
        if not 0 < self.lr_tolerance < 1:
            raise InputError(f"lr_tolerance = {self.lr_tolerance:g}: must be between 0 and 1")


@dataclass(frozen=True)
class Export:
    """A plan in another system's syntax.

    Attributes:
        text: the configuration; in every format a line that starts with ``#`` is a comment.
        deviations: where the system would run something else than the plan, a sentence each.
        notes: what the user must know or do besides, a sentence each.
        advice: what would be exact or close instead, where a deviation is large; for a hint.
    """

    text: str
    deviations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """A system that a plan can be written for.

    Attributes:
        name: the system's own name.
        version: the version and commit that its syntax was read from.
        export: writes a plan; raises InputError for what it cannot write at all.
    """

    name: str
    version: str
    export: Callable[[Plan, Target], Export]


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


def micro_batch_size(system: str, target: Target) -> int:
    """Return the samples of one forward pass on a rank; raises InputError if unset."""
    if target.micro_batch_size is None:
        raise InputError(
            f"{system} needs the micro-batch size, which it keeps for the whole run",
            hint="pass micro_batch_size, the samples of one forward pass on a rank",
        )
    return target.micro_batch_size


def elsewhere(plan: Plan, system: str, steps: str) -> str:
    """Return the ways out where a system with named curves cannot follow a plan.

    Args:
        plan: the plan.
        system: its name.
        steps: the curves whose growth it does follow.
    """
    others = "take deepspeed, for any batch and lr, or olmo-core, which comes close at momentum 0"
    if len(batch_changes(plan)) == 1:
        return others
    return (
        f"{others} and growth.factor=2; {system} itself follows a linear or cosine decay with "
        f"growth.mode=decay, and {steps} with growth.mode=grow"
    )


def momentum_note(momentum: float) -> tuple[str, ...]:
    """Return a note for a configuration that leaves the optimizer to the user."""
    return (f"the optimizer's momentum must be {momentum!r}",) if momentum else ()


def fixed_momentum(plan: Plan, system: str) -> float:
    """Return the momentum coefficient of the plan; raises InputError where it changes."""
    first = plan.phases[0]
    for phase in plan.phases:
        if phase.momentum != first.momentum:
            raise InputError(
                f"{system} holds the momentum coefficient for the whole run; the plan changes it "
                f"from {first.momentum:g} to {phase.momentum:g} at sample {phase.start_sample}",
                hint="raise the momentum at the start of the run, or not at all",
            )
    return first.momentum


def refuse_sgd_momentum(plan: Plan, system: str, optimizers: str) -> None:
    """Raise InputError for a plan with momentum, where a system has no SGD that takes it."""
    if (momentum := fixed_momentum(plan, system)) > 0:
        raise InputError(
            f"{system} has no SGD with momentum ({optimizers}); the plan's is {momentum:g}",
            hint="plan with optimizer.momentum = 0, as for Adam",
        )


def require_divisible(plan: Plan, system: str, target: Target) -> None:
    """Raise InputError where a batch is not whole micro-batches on every rank."""
    unit = (target.micro_batch_size or 1) * target.world_size
    for phase in plan.phases:
        if phase.global_batch_size % unit:
            raise InputError(
                f"{system} divides a batch into micro-batches of {target.micro_batch_size or 1} "
                f"on {target.world_size} ranks: {phase.global_batch_size} (from sample "
                f"{phase.start_sample}) is not a multiple of {unit}",
                hint=f"plan with growth.multiple_of = {unit}",
            )


def micro_batches(plan: Plan, system: str, target: Target) -> int:
    """Return the micro-batch size; raises InputError if unset or a batch is not whole ones."""
    micro = micro_batch_size(system, target)
    require_divisible(plan, system, target)
    return micro


def cut_last_update(plan: Plan, system: str) -> tuple[str, ...]:
    """Return a note where the plan's last update is cut: no system here runs less than a batch."""
    size = plan.update(plan.num_updates - 1).global_batch_size
    planned = plan.phases[-1].global_batch_size
    if size == planned:
        return ()
    return (f"the plan cuts its last update to {size} samples; {system} runs it whole, {planned}",)


def epoch_remainders(plan: Plan) -> list[int]:
    """Return the batch sizes that do not divide the training set, for runs over an epoch long."""
    if Fraction(plan.num_total_samples, plan.num_samples) <= 1:
        return []
    sizes = sorted({phase.global_batch_size for phase in plan.phases})
    return [size for size in sizes if plan.num_samples % size]
