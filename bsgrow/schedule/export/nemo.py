"""NeMo 2: a MegatronDataSampler with a ramp of the batch, and a learning-rate scheduler.

Read from NVIDIA/NeMo at 8cfedd720346 (20 September 2025; 2.6.0rc0): ``lightning/data.py``,
``lightning/pytorch/plugins/data_sampler.py``, ``lightning/pytorch/optim/lr_scheduler.py`` and
``core/optim/lr_scheduler.py``; the ramp itself from Megatron Core before 0.18, which NeMo 2 runs
on (from 0.18 on Megatron Core ignores it, see ``megatron``).

``rampup_batch_size = [first, increment, samples]`` adds the increment at equal distances until
the samples are over. The trainer stops at each change, to be started again from its checkpoint.

It cannot express: a batch that grows by ratios over more than one change; a batch that shrinks; a
learning rate that is not one of its curves over updates; a momentum that changes; a last update
that is cut.
"""

from dataclasses import replace

from bsgrow.errors import InputError
from bsgrow.schedule.export.lr_shape import LrShape, fit_lr, fitted_export
from bsgrow.schedule.export.target import (
    BatchSchedule,
    Export,
    Format,
    Target,
    batch_schedule,
    elsewhere,
    fixed_momentum,
    micro_batch_size,
    require_divisible,
    sequence_length,
)
from bsgrow.schedule.plan import Plan

SYSTEM = "NeMo"
_IMPORTS = """\
from nemo.lightning.pytorch.optim import lr_scheduler
from nemo.lightning.pytorch.plugins import MegatronDataSampler
"""
_ON_THE_RAMP = "a curve of one step"


def export_nemo(plan: Plan, target: Target) -> Export:
    """Return the data sampler and the scheduler as Python.

    Raises:
        InputError: no sequence length or micro-batch, a batch that the ranks do not divide, a
            changing momentum, or batches that are no arithmetic ramp.
    """
    require_divisible(plan, SYSTEM, target)
    fit = fit_lr(plan, "updates", warmup_origin=-1)
    lines = [
        _IMPORTS,
        *_sampler(plan, target),
        f"max_steps = {plan.num_updates}",
        *_optimizer(fit.shape, fixed_momentum(plan, SYSTEM)),
        f"scheduler = {_scheduler(fit.shape)}",
    ]
    export = fitted_export("\n".join(lines), plan, fit, SYSTEM, target, _ON_THE_RAMP)
    return replace(export, notes=_notes(batch_schedule(plan)) + export.notes)


def _sampler(plan: Plan, target: Target) -> list[str]:
    return [
        "data_sampler = MegatronDataSampler(",
        f"    seq_len={sequence_length(SYSTEM, target)},",
        f"    micro_batch_size={micro_batch_size(SYSTEM, target)},",
        f"    global_batch_size={plan.phases[-1].global_batch_size},",
        f"    rampup_batch_size={_ramp(plan)},",
        ")",
    ]


def _optimizer(shape: LrShape, momentum: float) -> list[str]:
    lines = [f"learning_rate = {shape.peak_lr!r}  # OptimizerConfig(lr=…)"]
    if momentum:
        lines.append(f"momentum = {momentum!r}  # OptimizerConfig(optimizer='sgd', …)")
    return lines


def _ramp(plan: Plan) -> list[int] | None:
    """Return [first, increment, samples]; None for a batch that does not change."""
    schedule = batch_schedule(plan)
    if len(schedule) == 1:
        return None
    (_, first), (start, second) = schedule[:2]
    increment, last = second - first, schedule[-1][0]
    for index, (sample, size) in enumerate(schedule):
        if increment < 0 or size != first + index * increment or sample != index * start:
            raise InputError(
                f"{SYSTEM} only adds a fixed increment to the batch at equal distances: "
                f"{size} from sample {sample} is not on the ramp from {first} over {second} "
                f"at {start}",
                hint=elsewhere(plan, SYSTEM, _ON_THE_RAMP),
            )
    return [first, increment, last]


def _scheduler(shape: LrShape) -> str:
    steps = f"max_steps={shape.end}"
    if shape.style == "constant":
        return f"lr_scheduler.WarmupPolicyScheduler(warmup_steps={shape.warmup}, {steps})"
    if shape.style == "cosine":
        return (
            f"lr_scheduler.CosineAnnealingScheduler({steps}, warmup_steps={shape.warmup}, "
            f"constant_steps=0, min_lr={shape.min_lr!r})"
        )
    return (
        f"lr_scheduler.WarmupHoldAnnealScheduler({steps}, "
        f"warmup_ratio={_ratio(shape.warmup, shape.end)!r}, "
        f"hold_ratio={_ratio(shape.decay_start - shape.warmup, shape.end)!r}, "
        f'decay_schedule="linear", min_lr={shape.min_lr!r})'
    )


def _ratio(num_updates: int, num_total: int) -> float:
    """Return the ratio that NeMo truncates to that many updates, away from the edge."""
    return (num_updates + 0.5) / num_total if num_updates else 0.0


def _notes(schedule: BatchSchedule) -> tuple[str, ...]:
    if len(schedule) == 1:
        return ()
    return (
        f"{SYSTEM} stops at each change of batch: start it again from its checkpoint",
        f"{SYSTEM} does not count its first update until after the second, so a change may "
        "come one update late",
        "the ramp needs Megatron Core before 0.18",
    )


FORMAT = Format(SYSTEM, "2.6.0rc0, 8cfedd720346", export_nemo)
