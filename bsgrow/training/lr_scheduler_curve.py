"""A live torch learning-rate scheduler as a curve, read without changing it."""

import copy
import warnings
from itertools import chain, groupby
from math import nextafter
from typing import Any

import torch
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from bsgrow.errors import InputError

_SMOOTH_RUN = 3  # moves in a row; milestones may be neighbours, a warm-up has more steps


def lr_scheduler_curve(
    scheduler: LRScheduler, num_steps: int, *, param_group: int = 0
) -> dict[str, Any]:
    """Return the curve that a scheduler will follow from where it stands, as a TableLR.

    A copy is stepped, over copies of the optimizer's settings and without its parameters; the
    scheduler, its optimizer and the random state are left as they were found.

    Args:
        scheduler: any scheduler whose learning rate is a function of its steps.
        num_steps: how often it is going to be stepped.
        param_group: the parameter group whose learning rate counts.

    Returns:
        What ``Reference(curve=…)`` takes, its positions counted in steps of the scheduler: set
        ``unit`` to what the code steps it by, ``"updates"`` or ``"epochs"``. A scheduler that
        moves at three steps in a row or more becomes a smooth curve, straight between those and
        with jumps where it moves at fewer; ``hold = "epoch"`` keeps it constant between steps.
        Any other is a step curve, which keeps each value until the next.

    Raises:
        InputError: num_steps is below 1, or the scheduler needs more than its step to move, or
            raises an error before the last.
    """
    return curve_of([lr for lr, _ in read_steps(scheduler, num_steps, param_group)])


def curve_of(lrs: list[float]) -> dict[str, Any]:
    """Return the curve of the learning rate before each step; see ``lr_scheduler_curve``."""
    runs = _runs_of_moves(lrs)
    smooth = any(len(run) >= _SMOOTH_RUN for run in runs)
    points = _joined_points(lrs, runs) if smooth else _step_points(lrs, runs)
    return {
        "name": "TableLR",
        "positions": list(points),
        "lrs": list(points.values()),
        "interpolation": "linear" if smooth else "step",
    }


def _runs_of_moves(lrs: list[float]) -> list[list[int]]:
    """Return the steps that change the learning rate, in runs of consecutive ones."""
    steps = groupby(range(1, len(lrs)), key=lambda i: lrs[i] != lrs[i - 1])
    return [list(run) for moves, run in steps if moves]


def _step_points(lrs: list[float], runs: list[list[int]]) -> dict[float, float]:
    """Return position and learning rate of each constant stretch."""
    return {i: lrs[i] for i in chain([0], *runs)}


def _joined_points(lrs: list[float], runs: list[list[int]]) -> dict[float, float]:
    """Return the points that straight lines join; a jump is between two neighbouring floats."""
    points: dict[float, float] = {0: lrs[0]}
    for run in runs:
        if len(run) >= _SMOOTH_RUN:
            points |= {i: lrs[i] for i in [run[0] - 1, *run]}
            continue
        for i in run:
            points |= {nextafter(i, 0): lrs[i - 1], i: lrs[i]}
    return points


def _detached(scheduler: LRScheduler) -> LRScheduler:
    """Return a deep copy that drives an optimizer of its own, with no parameters in it."""
    optimizer = scheduler.optimizer
    if isinstance(scheduler, ReduceLROnPlateau):
        raise InputError(
            "ReduceLROnPlateau: moves with a metric, and is no function of the step",
            hint="give a MultiStepLR with the steps at which it lowered the learning rate before",
        )
    stand_in = torch.optim.SGD([torch.zeros(0)])
    stand_in.defaults = copy.deepcopy(optimizer.defaults)
    stand_in.param_groups = [
        {key: [] if key == "params" else copy.deepcopy(value) for key, value in group.items()}
        for group in optimizer.param_groups
    ]
    return copy.deepcopy(scheduler, {id(optimizer): stand_in})


def read_steps(
    scheduler: LRScheduler, num_steps: int, param_group: int
) -> list[tuple[float, float]]:
    """Return learning rate and momentum (of Adam β₁) before each of num_steps steps.

    Args, Raises: as ``lr_scheduler_curve``.
    """
    if num_steps < 1:
        raise InputError(f"num_steps = {num_steps}: must be at least 1")
    scheduler = _detached(scheduler)
    group = scheduler.optimizer.param_groups[param_group]
    read = [_lr_and_momentum(group)]
    with warnings.catch_warnings():  # of steps without an optimizer's, which is the point here
        warnings.simplefilter("ignore")
        for step in range(1, num_steps):
            _step(scheduler, step, num_steps)
            read.append(_lr_and_momentum(group))
    return read


def _lr_and_momentum(group: dict[str, Any]) -> tuple[float, float]:
    momentum = group["momentum"] if "momentum" in group else group.get("betas", (0.0,))[0]
    return float(group["lr"]), float(momentum)


def _step(scheduler: LRScheduler, step: int, num_steps: int) -> None:
    try:
        scheduler.step()
    except Exception as error:  # of torch's, or of a function of the user
        raise InputError(
            f"{type(scheduler).__name__}: step {step} of the {num_steps} in the run raised "
            f"{type(error).__name__}: {error}",
            hint="it has to go on as long as the run; a loop steps it once an epoch or once an "
            "update",
        ) from error
