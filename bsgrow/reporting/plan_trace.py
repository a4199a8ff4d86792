"""The outline of a plan: few enough points to draw, whatever the number of its updates."""

from collections.abc import Iterator
from dataclasses import dataclass

from bsgrow.schedule import Growth, Phase, Plan, compile_plan, sgd_noise_scale

_MAX_POINTS = 4096
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True)
class Point:
    """A corner of the outline: what the plan does at a sample.

    Attributes:
        sample: position; two points at one sample are a jump.
        global_batch_size: samples per update, B.
        lr: learning rate ε.
        momentum: momentum coefficient m.
    """

    sample: int
    global_batch_size: int
    lr: float
    momentum: float


def outline(plan: Plan, max_points: int = _MAX_POINTS) -> list[Point]:
    """Return corners to join with straight lines.

    A phase of one learning rate is two corners, so that steps stay steps. Where it moves within a
    phase, each update is a step of its own, or a corner where there are too many of them. A plan
    of very many phases is sampled over its length. A cut last update is drawn whole or not at
    all.

    Args:
        plan: the plan.
        max_points: about how many points are returned at most.
    """
    if 4 * len(plan.phases) > max_points:
        return list(_sampled(plan, max_points // 2))
    share = max_points // (2 * len(plan.phases))
    return [point for phase in plan.phases for point in _corners(plan, phase, share)]


def reference_plan(plan: Plan) -> Plan:
    """Return the run as published, of fixed batch, as a plan of its own."""
    return compile_plan(plan.reference, Growth(mode="decay"), plan.num_samples)


def noise_at(point: Point, plan: Plan) -> float:
    """Return the SGD noise scale at a point of a plan's outline."""
    return sgd_noise_scale(point.lr, point.global_batch_size, point.momentum, plan.num_samples)


def _sampled(plan: Plan, num_points: int) -> Iterator[Point]:
    """Yield points at distances that no period of a curve keeps step with."""
    spacing = plan.num_total_samples / num_points
    for index in range(num_points):
        update = plan.at(int((index + index * _GOLDEN % 1) * spacing))
        if update.index < plan.num_updates - 1:  # the last one may be cut
            yield Point(update.start, update.global_batch_size, update.lr, update.momentum)


def _corners(plan: Plan, phase: Phase, share: int) -> Iterator[Point]:
    last_lr, last = plan.last_lr(phase), phase.num_updates - 1
    if phase.lr == last_lr:
        yield from _step(phase, 0, phase.lr, phase.num_updates)
        return
    stairs = last < share
    for i in range(last if stairs else share):
        index = i if stairs else last * i // share
        lr = plan.update(phase.first_index + index).lr
        yield from _step(phase, index, lr, 1 if stairs else 0)
    yield from _step(phase, last, last_lr, 1)


def _step(phase: Phase, index: int, lr: float, num_updates: int) -> Iterator[Point]:
    """Yield the ends of some whole updates of a phase; of none, where the next one starts."""
    size = phase.global_batch_size
    for end in (index, index + num_updates) if num_updates else (index,):
        yield Point(phase.start_sample + end * size, size, lr, phase.momentum)
