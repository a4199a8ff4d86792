"""Levanter: the ``trainer`` and ``optimizer`` blocks of its YAML.

Read from marin-community/levanter at 9263f81e8b45 (26 September 2025; 1.2): ``schedule.py``,
``trainer.py`` and ``optim/config.py``. Before pull request 887 of February 2025 a step of the
schedule was ``{until, value}``, the last one open with -1; that form is read too.

Steps are updates. A warm-up starts from 0; a number up to 1 is a share of the run, so a warm-up or
decay of one update cannot be written.

It cannot express: a learning rate that is not one of its curves over updates; a warm-up that does
not start from 0; a momentum; a last update that is cut.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from bsgrow.errors import InputError
from bsgrow.schedule.export.lr_shape import LrShape, fit_lr, fitted_export
from bsgrow.schedule.export.target import (
    BatchSchedule,
    Export,
    Format,
    Target,
    batch_changes,
    refuse_sgd_momentum,
    require_divisible,
)
from bsgrow.schedule.plan import Plan

SYSTEM = "Levanter"
_FIELD = re.compile(r"""["']?\b(start|until|value)["']?\s*:\s*(-?\d+)\b""")


def export_levanter(plan: Plan, target: Target) -> Export:
    """Return the schedule as YAML.

    Raises:
        InputError: a batch that the ranks do not divide, or a momentum above 0.
    """
    require_divisible(plan, SYSTEM, target)
    refuse_sgd_momentum(plan, SYSTEM, "its optimizers are Adam and its kin")
    fit = fit_lr(plan, "updates", warmup_origin=0)
    steps = [
        line
        for phase in batch_changes(plan)
        for line in (f"    - start: {phase.first_index}", f"      value: {phase.global_batch_size}")
    ]
    lines = ["trainer:", "  train_batch_size:", *steps, f"  num_train_steps: {plan.num_updates}"]
    if target.micro_batch_size is not None:
        lines.append(f"  per_device_parallelism: {target.micro_batch_size}")
    lines += ["optimizer:", *(f"  {key}: {value}" for key, value in _lr(fit.shape).items())]
    export = fitted_export("\n".join(lines), plan, fit, SYSTEM, target)
    return replace(export, deviations=export.deviations + _one_update(fit.shape))


def parse_levanter(text: str) -> BatchSchedule:
    """Read a ``train_batch_size`` list, as YAML or JSON, or one number.

    Raises:
        InputError: what Levanter would refuse too, or would misread.
    """
    if text.strip().isdigit():
        return read_levanter([{"start": 0, "value": int(text)}])
    fields = [(name, int(number)) for name, number in _FIELD.findall(text)]
    if not fields or len(fields) % 2:
        raise _refused(text, "a step is {start, value}")
    return read_levanter([dict(fields[at : at + 2]) for at in range(0, len(fields), 2)])


def read_levanter(steps: Sequence[Mapping[str, int]]) -> BatchSchedule:
    """Read ``[{start, value}, …]``, or the older ``[{until, value}, …, {until: -1, value}]``.

    Returns:
        Where each batch size starts, in samples.

    Raises:
        InputError: what Levanter would refuse too, or would misread.
    """
    starts = _starts(steps)
    if starts[:1] != [0]:
        raise _refused(steps, "the first step must start at 0")
    if any(after <= before for before, after in pairwise(starts)):
        raise _refused(steps, "the steps must be in ascending order")
    schedule, sample = [], 0
    for index, step in enumerate(steps):
        if step["value"] < 1:
            raise _refused(step, "a batch size is at least 1")
        schedule.append((sample, step["value"]))
        if index + 1 < len(starts):
            sample += (starts[index + 1] - starts[index]) * step["value"]
    return schedule


def _starts(steps: Sequence[Mapping[str, int]]) -> list[int]:
    keys = {frozenset(step) for step in steps}
    if keys == {frozenset(("start", "value"))}:
        return [step["start"] for step in steps]
    if keys == {frozenset(("until", "value"))}:
        return [0, *(step["until"] for step in steps[:-1])]
    raise _refused(steps, "each step is {start, value}")


def _refused(steps: object, reason: str) -> InputError:
    return InputError(
        f"levanter batch schedule {steps}: {reason}",
        hint='for example [{"start": 0, "value": 64}, {"start": 1000, "value": 128}]',
    )


def _lr(shape: LrShape) -> dict[str, str]:
    values: dict[str, float | str] = {
        "learning_rate": shape.peak_lr,
        "lr_schedule": shape.style,
        "warmup": shape.warmup,
    }
    if shape.style != "constant":
        values["decay"] = shape.end - shape.decay_start
        values["min_lr_ratio"] = shape.min_lr / shape.peak_lr
    return {key: json.dumps(value) for key, value in values.items()}


def _one_update(shape: LrShape) -> tuple[str, ...]:
    if 1 in (shape.warmup, shape.end - shape.decay_start):
        return (f"{SYSTEM} reads a warm-up or decay of 1 as the whole run, not as one update",)
    return ()


FORMAT = Format(SYSTEM, "1.2, 9263f81e8b45", export_levanter)
