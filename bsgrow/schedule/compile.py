"""Compiles a published schedule and a growth rule into a plan."""

from math import ceil, floor, isfinite

from bsgrow.errors import InputError
from bsgrow.schedule.config import Growth, Reference, planned_momentum, resolve
from bsgrow.schedule.curves import exact
from bsgrow.schedule.phases import lay_phases
from bsgrow.schedule.plan import Phase, Plan
from bsgrow.schedule.reference_lr import (
    NO_WAIT,
    ReferenceLr,
    Wait,
    build_reference_lr,
    require_num_samples,
)
from bsgrow.schedule.scaling import wanted_batch_size
from bsgrow.schedule.sizes import SLACK, Sizes
from bsgrow.validation.annotated import checked


@checked
def compile_plan(reference: Reference, growth: Growth, num_samples: int) -> Plan:
    """Compile a schedule into a plan that keeps its SGD noise scale.

    The batch grows by as much as the learning rate has decayed from its highest value so far;
    what the batch cannot take, because of levels, a cap or rounding, stays in the learning rate.
    Work and memory grow with the number of phases, not of updates.

    Args:
        reference: the run as published.
        growth: how its decay is spent in batch size.
        num_samples: size of the training set, N.

    Returns:
        The plan; its updates tile [0, epochs · N) without gaps, and the wait for a raised
        momentum where that is repaired. Its growth has factor and max_batch_size filled in.

    Raises:
        InputError: a value is out of range, or the values do not fit each other.

    Source:
        arXiv 1711.00489, sections 3 to 5.
    """
    require_num_samples(num_samples)
    published = build_reference_lr(reference, num_samples, NO_WAIT)
    _require_momentum_fits(reference, growth)
    sizes = Sizes(reference, _resolved(reference, growth, published), num_samples)
    plan = _compile(sizes, published)
    if not growth.repair:
        return plan
    return _compile(sizes, build_reference_lr(reference, num_samples, _wait(plan)))


def _compile(sizes: Sizes, published: ReferenceLr) -> Plan:
    phases = tuple(lay_phases(sizes, published))
    total, wait = published.num_total_samples, published.wait
    plan = Plan(sizes.num_samples, sizes.reference, sizes.growth, phases, total, wait)
    for phase in phases:
        _require_finite(plan, phase)
    return plan


def _require_finite(plan: Plan, phase: Phase) -> None:
    """Raise InputError where a learning rate or a noise scale overflows; the ends bound it."""
    numbers = phase.lr, plan.last_lr(phase), *plan.sgd_noise_scales(phase)
    if not all(map(isfinite, numbers)):
        epoch = phase.start_sample / plan.num_samples
        raise InputError(
            f"schedule.lr = {plan.reference.lr:g}: the learning rate or the noise scale of the "
            f"plan from epoch {epoch:g} on is beyond any number",
            hint="the plan multiplies it by growth.lr_scale, and by what the batch cannot take",
        )


def _resolved(reference: Reference, growth: Growth, published: ReferenceLr) -> Growth:
    num_samples, momentum = published.num_samples, planned_momentum(reference, growth)
    first = wanted_batch_size(1.0, reference, momentum, growth, num_samples)
    # An infinite one is refused by Sizes.
    whole = floor(first * SLACK) if isfinite(first) else num_samples
    return resolve(growth, published.curve, num_samples, whole)


def _require_momentum_fits(reference: Reference, growth: Growth) -> None:
    momentum = growth.momentum
    raised = momentum is not None and momentum > reference.momentum
    if (growth.momentum_at or growth.repair) and not raised:
        key = "momentum_at" if growth.momentum_at else "repair"
        raise InputError(
            f"growth.momentum = {momentum}: is not above optimizer.momentum = "
            f"{reference.momentum}, so growth.{key} has nothing to do"
        )
    if growth.momentum_at >= reference.epochs:
        raise InputError(
            f"growth.momentum_at = {growth.momentum_at:g}: is not before the end of the run, "
            f"schedule.epochs = {reference.epochs:g}"
        )


def _wait(plan: Plan) -> Wait:
    """Stand still for B / (1 − m) samples from the first update of raised momentum on.

    Source:
        arXiv 1711.00489, section 4: gradients are forgotten over B / (N (1 − m)) epochs.
    """
    first = next((p for p in plan.phases if p.momentum == plan.growth.momentum), None)
    if first is None:
        raise InputError(
            f"growth.momentum_at = {plan.growth.momentum_at:g}: no update starts after it"
        )
    return Wait(first.start_sample, ceil(first.global_batch_size / (1 - exact(first.momentum))))
