"""A plan as plain values, for JSON and CSV."""

from collections.abc import Iterator
from typing import Any

from bsgrow.schedule.noise_scale import sgd_noise_scale
from bsgrow.schedule.plan import Phase, Plan


def as_dict(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain values, ready for JSON; positions in samples and in epochs."""
    return {
        "num_samples": plan.num_samples,
        "epochs": plan.epochs,
        "num_updates": plan.num_updates,
        "baseline_num_updates": plan.baseline_num_updates,
        "phases": [_phase_as_dict(plan, phase) for phase in plan.phases],
    }


def _phase_as_dict(plan: Plan, phase: Phase) -> dict[str, Any]:
    return {
        "start_sample": phase.start_sample,
        "stop_sample": phase.stop_sample,
        "start_epoch": phase.start_sample / plan.num_samples,
        "stop_epoch": phase.stop_sample / plan.num_samples,
        "global_batch_size": phase.global_batch_size,
        "lr": phase.lr,
        "momentum": phase.momentum,
        "sgd_noise_scale": plan.sgd_noise_scale(phase),
        "num_updates": phase.num_updates,
    }


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
