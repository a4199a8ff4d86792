"""Megatron-LM: arguments of ``pretrain_*.py``.

Read from NVIDIA/Megatron-LM at d98e8a64ddf3 (22 August 2026; Megatron Core 0.20.0):
``core/num_microbatches_calculator.py``, ``core/optimizer_param_scheduler.py``,
``core/optimizer/__init__.py``, ``training/arguments.py`` and ``training/training.py``.
``--step-batch-size-schedule`` came with Megatron Core 0.18; before it there was only the
arithmetic ``--rampup-batch-size`` (see ``nemo``).

The training script counts thresholds in tokens, and takes ``int(float(number) * suffix)`` of them
divided down by the sequence length. The learning rate is a function of the samples consumed
before an update, and knows nothing of the batch size. By default it takes Adam, a weight decay of
0.01 and clips gradients at 1: all three are written.

It cannot express: a learning rate that is not one of its curves (levels of growth leave a
sawtooth); a batch that shrinks, as its training loop asserts that the number of micro-batches
increases; a momentum that changes; Nesterov's momentum; Adam with an L2 penalty; a last update
that is cut; a threshold closer than a float resolves.
"""

from itertools import pairwise

from bsgrow.errors import InputError
from bsgrow.schedule.export.draft import Draft, Export, runs_of
from bsgrow.schedule.export.lr_shape import LrShape, fit_lr, no_curve
from bsgrow.schedule.export.noise import tile
from bsgrow.schedule.export.optimizer import (
    Optimizer,
    decay_note,
    require_no_l2_adam,
    require_no_nesterov,
)
from bsgrow.schedule.export.target import (
    BatchSchedule,
    Format,
    Target,
    batch_changes,
    batch_schedule,
    cut_last_update,
    fixed_momentum,
    require_divisible,
    sequence_length,
)
from bsgrow.schedule.plan import Plan
from bsgrow.text.printable import cut

SYSTEM = "Megatron-LM"
_MAX_NUMBER = 2**63
_SUFFIXES = {"T": 10**12, "B": 10**9, "M": 10**6, "K": 10**3}


def draft_megatron(plan: Plan, target: Target) -> Draft:
    """Return what Megatron-LM would run.

    Raises:
        InputError: a momentum that changes, or a batch that shrinks.
    """
    momentum = fixed_momentum(plan, SYSTEM)
    _require_growth(plan)
    shape = fit_lr(plan, "samples")
    tiles = tile(batch_schedule(plan), plan.num_total_samples)
    return Draft(
        runs=runs_of([(size, (stop - start) // size) for start, stop, size in tiles]),
        lr=lambda index, start, size: shape.lr(start),
        write=lambda: _write(plan, target, shape, momentum),
        lr_reasons=(no_curve(shape, SYSTEM),),
    )


def _require_growth(plan: Plan) -> None:
    for before, after in pairwise(batch_changes(plan)):
        if after.global_batch_size < before.global_batch_size:
            raise InputError(
                f"{SYSTEM} asserts that the batch grows: the plan lets it fall from "
                f"{before.global_batch_size} to {after.global_batch_size} at sample "
                f"{after.start_sample}"
            )


def _write(plan: Plan, target: Target, shape: LrShape, momentum: float) -> Export:
    require_no_nesterov(target.optimizer, SYSTEM)
    require_no_l2_adam(target.optimizer, SYSTEM)
    schedule = _schedule(plan, target)
    require_divisible(plan, SYSTEM, target)
    arguments = {
        "--step-batch-size-schedule": f'"{schedule}"',
        "--train-samples": plan.num_total_samples,
        **_micro_batch(target),
        **_lr(shape),
        **_optimizer(target.optimizer, momentum),
    }
    lines = [f"  {name} {value}" for name, value in arguments.items()]
    notes = (
        f"--seq-length must be {target.sequence_length}",
        *decay_note(target.optimizer, SYSTEM, "biases and one-dimensional weights"),
        *cut_last_update(plan, SYSTEM),
    )
    return Export("\n".join(["SCHEDULE_ARGS=(", *lines, ")"]), notes)


def parse_megatron(text: str, sequence_length: int) -> BatchSchedule:
    """Read ``--step-batch-size-schedule`` as Megatron-LM does.

    Args:
        text: ``"THRESHOLD:BATCH …"``, parted by blanks or commas, in any order; numbers may carry
            K, M, B or T (10^3 … 10^12), in either case.
        sequence_length: tokens per sample, by which thresholds are divided down, for Megatron-LM's
            training script always counts tokens; 1 where they are samples already.

    Returns:
        Where each batch size starts, in samples.

    Raises:
        InputError: what Megatron-LM would refuse too.
    """
    entries = text.replace(",", " ").split()
    schedule = sorted(_entry(entry, sequence_length) for entry in entries)
    starts = [start for start, _ in schedule]
    if not starts or starts[0] != 0:
        raise _refused(text, "the first threshold must be 0")
    if len(set(starts)) < len(starts):
        raise _refused(text, "two thresholds fall on the same sample")
    return schedule


def _entry(entry: str, sequence_length: int) -> tuple[int, int]:
    threshold, colon, batch_size = entry.partition(":")
    if not colon:
        raise _refused(entry, "an entry is THRESHOLD:BATCH_SIZE")
    start, size = _number(threshold) // sequence_length, _number(batch_size)
    if start < 0 or size < 1:
        raise _refused(entry, "a threshold is at least 0 and a batch size at least 1")
    return start, size


def _number(text: str) -> int:
    digits, unit = text.strip().upper(), 1
    if digits[-1:] in _SUFFIXES:
        digits, unit = digits[:-1], _SUFFIXES[digits[-1]]
    try:
        number = int(float(digits) * unit)
    except (ValueError, OverflowError):
        raise _refused(text, "not a number with an optional K, M, B or T") from None
    if abs(number) >= _MAX_NUMBER:
        raise _refused(text, f"a number is below {_MAX_NUMBER}")
    return number


def _refused(text: str, reason: str) -> InputError:
    return InputError(
        f'megatron batch schedule "{cut(text)}": {reason}', hint='for example "0:768 250B:1536"'
    )


def _schedule(plan: Plan, target: Target) -> str:
    tokens = sequence_length(SYSTEM, target)
    return " ".join(f"{_threshold(start, tokens)}:{size}" for start, size in batch_schedule(plan))


def _threshold(start: int, sequence_length: int) -> str:
    """Return the shortest text that Megatron-LM reads as this sample."""
    tokens = start * sequence_length
    for suffix, unit in _SUFFIXES.items():
        if tokens and tokens % unit == 0 and _number(f"{tokens // unit}{suffix}") == tokens:
            return f"{tokens // unit}{suffix}"
    for candidate in (tokens, tokens + sequence_length // 2):
        if _number(str(candidate)) // sequence_length == start:
            return str(candidate)
    raise InputError(
        f"megatron: sample {start} of {sequence_length} tokens is past what its thresholds, "
        "read as floats, tell apart"
    )


def _micro_batch(target: Target) -> dict[str, object]:
    return (
        {} if target.micro_batch_size is None else {"--micro-batch-size": target.micro_batch_size}
    )


def _optimizer(optimizer: Optimizer, momentum: float) -> dict[str, object]:
    own: dict[str, object] = (
        {"--sgd-momentum": momentum}
        if optimizer.name == "sgd"
        else {
            "--adam-beta1": optimizer.betas[0],
            "--adam-beta2": optimizer.betas[1],
            "--adam-eps": optimizer.eps,
        }
    )
    decay = {"--weight-decay": optimizer.weight_decay, "--clip-grad": 0.0}
    return {"--optimizer": optimizer.family, **own, **decay}


def _lr(shape: LrShape) -> dict[str, object]:
    arguments: dict[str, object] = {"--lr": shape.peak_lr}
    if shape.warmup:
        arguments["--lr-warmup-samples"] = shape.warmup
        arguments["--lr-warmup-init"] = shape.initial_lr
    if shape.style == "constant":
        # Its warm-up must end before its decay, also where there is none.
        ends = {"--lr-decay-samples": shape.warmup + 1} if shape.warmup >= shape.end else {}
        return {**arguments, **ends, "--lr-decay-style": "constant"}
    arguments |= {"--min-lr": shape.min_lr, "--lr-decay-samples": shape.end}
    if shape.decay_start == shape.warmup:
        return {**arguments, "--lr-decay-style": shape.style}
    return {
        **arguments,
        "--lr-decay-style": "WSD",
        "--lr-wsd-decay-style": shape.style,
        "--lr-wsd-decay-samples": shape.end - shape.decay_start,
    }


FORMAT = Format(SYSTEM, "Megatron Core 0.20.0, d98e8a64ddf3", draft_megatron)
