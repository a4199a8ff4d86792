"""Levanter: the ``trainer`` and ``optimizer`` blocks of its YAML.

Read from marin-community/levanter at 9263f81e8b45 (26 September 2025; 1.2): ``schedule.py``,
``trainer.py`` and ``optim/config.py``. Before pull request 887 of February 2025 a step of the
schedule was ``{until, value}``, the last one open with -1; that form is read too.

Steps are updates. A warm-up starts from 0. A number up to 1 is a share of the run, so one update is
written as one and a half over the run's. By default it takes Adam, a weight decay of 0.1 and clips
gradients at 1: all three are written.

It has no SGD: ``type: sgd`` is an optimizer that the exported comment registers, and that Levanter
refuses by name where it is not registered.

It cannot express: a learning rate that is not one of its curves over updates; a warm-up that does
not start from 0; a momentum that changes; Adam with an L2 penalty; a last update that is cut.
"""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from bsgrow.errors import InputError
from bsgrow.schedule.export.draft import Draft, Export, planned_runs
from bsgrow.schedule.export.lr_shape import LrShape, fit_lr, no_curve
from bsgrow.schedule.export.optimizer import Optimizer, require_no_l2_adam
from bsgrow.schedule.export.target import (
    BatchSchedule,
    Format,
    Target,
    batch_changes,
    cut_last_update,
    fixed_momentum,
    require_divisible,
)
from bsgrow.schedule.plan import Plan
from bsgrow.text.printable import cut

SYSTEM = "Levanter"
_SGD = """\
SGD for Levanter, to run before its main function:
from dataclasses import dataclass
import optax
from levanter.optim import OptimizerConfig
@OptimizerConfig.register_subclass("sgd")
@dataclass(frozen=True)
class SgdConfig(OptimizerConfig):
    momentum: float = 0.0
    nesterov: bool = False
    def build(self, num_train_steps):
        def sgd(learning_rate):
            decay = optax.add_decayed_weights(self.weight_decay)  # before the momentum: L2
            step = optax.sgd(learning_rate, self.momentum or None, self.nesterov)
            return optax.chain(decay, step)
        return optax.inject_hyperparams(sgd)(learning_rate=self.lr_scheduler(num_train_steps))"""
_NO_SGD = (
    f'{SYSTEM} has no SGD, and refuses "type: sgd" unless what stands at the end is run before it'
)
_REGISTERED = [f"# {line}" for line in _SGD.splitlines()]
_MAX_DIGITS = 18  # which 64 bits hold
_FIELD = re.compile(r"""["']?\b(start|until|value)["']?\s*:\s*(-?\d+)\b""")


def draft_levanter(plan: Plan, target: Target) -> Draft:
    """Return what Levanter would run.

    Raises:
        InputError: a momentum that changes.
    """
    momentum = fixed_momentum(plan, SYSTEM)
    shape = fit_lr(plan, "updates", warmup_origin=0)
    return Draft(
        runs=planned_runs(plan),
        lr=lambda index, start, size: shape.lr(index),
        write=lambda: _write(plan, target, shape, momentum),
        lr_reasons=(no_curve(shape, SYSTEM),),
    )


def _write(plan: Plan, target: Target, shape: LrShape, momentum: float) -> Export:
    require_no_l2_adam(target.optimizer, SYSTEM)
    require_divisible(plan, SYSTEM, target)
    steps = [
        line
        for phase in batch_changes(plan)
        for line in (f"    - start: {phase.first_index}", f"      value: {phase.global_batch_size}")
    ]
    lines = ["trainer:", "  train_batch_size:", *steps, f"  num_train_steps: {plan.num_updates}"]
    if target.micro_batch_size is not None:
        lines.append(f"  per_device_parallelism: {target.micro_batch_size}")
    values = {**_optimizer(target.optimizer, momentum), **_lr(shape)}
    lines += ["optimizer:", *(f"  {key}: {json.dumps(value)}" for key, value in values.items())]
    notes = cut_last_update(plan, SYSTEM)
    if target.optimizer.name == "sgd":
        lines += _REGISTERED
        notes = (_NO_SGD, *notes)
    return Export("\n".join(lines), notes)


def parse_levanter(text: str) -> BatchSchedule:
    """Read a ``train_batch_size`` list, as YAML or JSON, or one number.

    Raises:
        InputError: what Levanter would refuse too, or would misread.
    """
    if text.strip().isdecimal():
        return read_levanter([{"start": 0, "value": _integer(text.strip())}])
    fields = [(name, _integer(number)) for name, number in _FIELD.findall(text)]
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


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise _refused(text, f"a number has at most {_MAX_DIGITS} digits")
    return int(text)


def _starts(steps: Sequence[Mapping[str, int]]) -> list[int]:
    keys = {frozenset(step) for step in steps}
    if keys == {frozenset(("start", "value"))}:
        return [step["start"] for step in steps]
    if keys == {frozenset(("until", "value"))}:
        return [0, *(step["until"] for step in steps[:-1])]
    raise _refused(steps, "each step is {start, value}")


def _refused(steps: object, reason: str) -> InputError:
    return InputError(
        f"levanter batch schedule {cut(str(steps))}: {reason}",
        hint='for example [{"start": 0, "value": 64}, {"start": 1000, "value": 128}]',
    )


def _lr(shape: LrShape) -> dict[str, object]:
    values: dict[str, object] = {
        "learning_rate": shape.peak_lr,
        "lr_schedule": shape.style,
        "warmup": _updates(shape.warmup, shape.end),
    }
    if shape.style != "constant":
        values["decay"] = _updates(shape.end - shape.decay_start, shape.end)
        values["min_lr_ratio"] = shape.min_lr / shape.peak_lr
    return values


def _updates(number: int, num_total: int) -> float:
    """Return what Levanter reads as that many updates: up to 1 it takes for a share of the run."""
    return 1.5 / num_total if number == 1 and num_total > 1 else number


def _optimizer(optimizer: Optimizer, momentum: float) -> dict[str, object]:
    if optimizer.name == "sgd":
        own: dict[str, object] = {"momentum": momentum, "nesterov": optimizer.nesterov}
    else:
        beta1, beta2 = optimizer.betas
        own = {"beta1": beta1, "beta2": beta2, "epsilon": optimizer.eps, "max_grad_norm": None}
        if optimizer.weight_decay:  # which by default norms, embeddings and biases have not
            own["default_weight_decay_mask"] = False
    return {"type": optimizer.family, **own, "weight_decay": optimizer.weight_decay}


FORMAT = Format(SYSTEM, "1.2, 9263f81e8b45", draft_levanter)
