"""NeMo 2: a MegatronDataSampler with a ramp of the batch, and a learning-rate scheduler.

Read from NVIDIA/NeMo 2.7.3 (April 2026): ``lightning/data.py``,
``lightning/pytorch/plugins/data_sampler.py``, ``lightning/pytorch/optim/lr_scheduler.py``,
``core/optim/lr_scheduler.py`` and ``collections/llm/gpt/data/pre_training.py``; the ramp itself
from Megatron Core before 0.18 (from 0.18 on Megatron Core ignores it, see ``megatron``). NeMo 3.0.0
has no ``nemo.lightning.pytorch``: 2.7.3 is the last version that these module paths belong to.

``rampup_batch_size = [first, increment, samples]`` adds the increment at equal distances until
the samples are over. The trainer stops at each change, to be started again from its checkpoint.
Its count of samples leaves out the first update, so one change is written one first batch early;
on restarting it counts the update at which it stopped twice, so that of several changes the later
ones come early. By default it takes Adam, a weight decay of 0.01 and clips gradients at 1: all
three are written.

It cannot express: a batch that grows by ratios over more than one change; a batch that shrinks; a
learning rate that is not one of its curves over updates; a momentum that changes; Nesterov's
momentum; a last update that is cut.
"""

from bsgrow.errors import InputError
from bsgrow.schedule.export.draft import Draft, Export, Run, runs_of
from bsgrow.schedule.export.lr_shape import LrShape, fit_lr, no_curve
from bsgrow.schedule.export.optimizer import Optimizer, decay_note, require_no_nesterov
from bsgrow.schedule.export.target import (
    Format,
    Target,
    batch_schedule,
    cut_last_update,
    fixed_momentum,
    micro_batches,
    sequence_length,
)
from bsgrow.schedule.plan import Plan

SYSTEM = "NeMo"
_IMPORTS = """\
from megatron.core.optimizer import OptimizerConfig
from nemo.lightning.pytorch.optim import lr_scheduler
from nemo.lightning.pytorch.plugins import MegatronDataSampler
"""
_MODULES = (
    "these modules are NeMo 2's, 2.7.3 the last: NeMo 3.0.0 has no nemo.lightning.pytorch; there "
    "take --format megatron, whose arguments its Megatron Core reads",
)
_COUNT = (
    f"{SYSTEM} leaves its first update out of its count, and counts the one that it stops at twice"
)


def draft_nemo(plan: Plan, target: Target) -> Draft:
    """Return what NeMo would run.

    Raises:
        InputError: a changing momentum, or batches that are no arithmetic ramp.
    """
    momentum = fixed_momentum(plan, SYSTEM)
    ramp, shape = _ramp(plan), fit_lr(plan, "updates", warmup_origin=-1)
    return Draft(
        runs=_runs(plan, ramp),
        lr=lambda index, start, size: shape.lr(index),
        write=lambda: _write(plan, target, ramp, shape, momentum),
        reasons=(_COUNT,),
        lr_reasons=(no_curve(shape, SYSTEM),),
    )


def _runs(plan: Plan, ramp: list[int] | None) -> list[Run]:
    """Return the updates as NeMo counts them: the first not at all, each restart's stop twice."""
    last, left = plan.phases[-1].global_batch_size, plan.num_updates
    sizes: list[tuple[int, int]] = []
    if ramp is not None:
        size, increment, samples = ramp
        distance = samples / ((last - size) // increment)
        counted = -size
        for threshold in range(1, (last - size) // increment + 1):
            num_updates = max(1, -int((counted - threshold * distance) // size))
            sizes.append((size, min(num_updates, left)))
            left -= sizes[-1][1]
            size += increment
            counted += num_updates * sizes[-1][0] + size
    return runs_of([*sizes, (last, left)])


def _write(
    plan: Plan, target: Target, ramp: list[int] | None, shape: LrShape, momentum: float
) -> Export:
    require_no_nesterov(target.optimizer, SYSTEM)
    tokens, micro = sequence_length(SYSTEM, target), micro_batches(plan, SYSTEM, target)
    lines = [
        _IMPORTS,
        "data_sampler = MegatronDataSampler(",
        f"    seq_len={tokens},",
        f"    micro_batch_size={micro},",
        f"    global_batch_size={plan.phases[-1].global_batch_size},",
        f"    rampup_batch_size={ramp},",
        ")",
        f"max_steps = {plan.num_updates}",
        f"learning_rate = {shape.peak_lr!r}",
        f"optimizer_config = OptimizerConfig({_optimizer(target.optimizer, momentum)})",
        f"scheduler = {_scheduler(shape)}",
    ]
    exempt = decay_note(target.optimizer, SYSTEM, "biases and one-dimensional weights")
    notes = _MODULES + _stops(ramp) + exempt + cut_last_update(plan, SYSTEM)
    return Export("\n".join(lines), notes)


def _optimizer(optimizer: Optimizer, momentum: float) -> str:
    arguments: dict[str, object] = {"optimizer": optimizer.family}
    if optimizer.name == "sgd":
        arguments["sgd_momentum"] = momentum
    else:
        arguments["adam_beta1"], arguments["adam_beta2"] = optimizer.betas
        arguments |= {
            "adam_eps": optimizer.eps,
            "decoupled_weight_decay": optimizer.name == "adamw",
        }
    arguments |= {"weight_decay": optimizer.weight_decay, "clip_grad": 0.0}
    return ", ".join(["lr=learning_rate", *(f"{k}={v!r}" for k, v in arguments.items())])


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
                f"at {start}"
            )
    return [first, increment, last - first or last]  # the first update is not counted


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


def _stops(ramp: list[int] | None) -> tuple[str, ...]:
    if ramp is None:
        return ()
    return (
        f"{SYSTEM} stops at each change of batch: start it again from its checkpoint",
        "the ramp needs Megatron Core before 0.18",
    )


FORMAT = Format(SYSTEM, "2.7.3", draft_nemo)
