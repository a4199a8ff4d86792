"""A plan as plain values, for JSON and CSV, and back."""

from collections.abc import Iterator, Mapping
from typing import Any

from bsgrow.errors import InputError
from bsgrow.schedule.compile import compile_plan
from bsgrow.schedule.config import Growth, Reference
from bsgrow.schedule.noise_scale import sgd_noise_scale
from bsgrow.schedule.plan import Phase, Plan


def as_dict(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain values, ready for JSON; positions in samples and in epochs.

    A phase in which the learning rate moves has ``lr`` and ``sgd_noise_scale`` as [first, last].
    """
    return {
        "num_samples": plan.num_samples,
        "epochs": plan.epochs,
        "num_updates": plan.num_updates,
        "baseline_num_updates": plan.baseline_num_updates,
        "phases": [_phase_as_dict(plan, phase) for phase in plan.phases],
    }


def plan_from_dict(value: Mapping[str, Any], reference: Reference, growth: Growth) -> Plan:
    """Return the plan that ``as_dict`` wrote: compiled anew, and compared with what is written.

    What stands beside its keys, as `bsgrow plan --format json` has it, is not looked at.

    Args:
        value: what ``as_dict`` returned, also after JSON.
        reference: the run as published that the plan was compiled from.
        growth: how it was spent in batch size.

    Raises:
        InputError: the plan is not the one that reference and growth give.
    """
    num_samples = value.get("num_samples")
    if not isinstance(num_samples, int):
        raise InputError(
            f"num_samples = {num_samples!r}: not a plan", "`bsgrow plan --format json` writes one"
        )
    plan = compile_plan(reference, growth, num_samples)
    if not _has_all(value, as_dict(plan)):
        raise InputError(
            "the plan is not the one that its reference and growth give",
            hint="it was edited, or another version wrote it; compile it anew from its recipe",
        )
    return plan


def _has_all(written: object, own: object) -> bool:
    """Whether plain values have all of a plan's own; more may stand in a table."""
    if isinstance(own, dict) and isinstance(written, Mapping):
        return all(key in written and _has_all(written[key], own[key]) for key in own)
    if isinstance(own, list) and isinstance(written, list):
        return len(written) == len(own) and all(map(_has_all, written, own))
    return written == own


def phase_rows(plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield one flat row per phase, for CSV; last_ is for the last update of the phase."""
    for phase in plan.phases:
        row = _phase_as_dict(plan, phase)
        row["lr"] = phase.lr
        row["sgd_noise_scale"], last = plan.sgd_noise_scales(phase)
        yield {**row, "last_lr": plan.last_lr(phase), "last_sgd_noise_scale": last}


def update_rows(plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield one row per update, lazily; sgd_noise_scale is that of its own size and lr."""
    for update in plan.updates():
        size = update.global_batch_size
        yield {
            "index": update.index,
            "start_sample": update.start,
            "stop_sample": update.stop,
            "global_batch_size": size,
            "lr": update.lr,
            "momentum": update.momentum,
            "sgd_noise_scale": sgd_noise_scale(update.lr, size, update.momentum, plan.num_samples),
        }


def _phase_as_dict(plan: Plan, phase: Phase) -> dict[str, Any]:
    return {
        "start_sample": phase.start_sample,
        "stop_sample": phase.stop_sample,
        "start_epoch": phase.start_sample / plan.num_samples,
        "stop_epoch": phase.stop_sample / plan.num_samples,
        "global_batch_size": phase.global_batch_size,
        "lr": _range(phase.lr, plan.last_lr(phase)),
        "momentum": phase.momentum,
        "sgd_noise_scale": _range(*plan.sgd_noise_scales(phase)),
        "num_updates": phase.num_updates,
    }


def _range(first: float, last: float) -> float | list[float]:
    return first if first == last else [first, last]
