"""A small drawing of a plan in the terminal: the batch as a staircase over the run."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from bsgrow.reporting.position_axis import PositionAxis, position_axis
from bsgrow.schedule import Plan

_BLOCKS = " ▁▂▃▄▅▆▇█"
_EIGHTHS = len(_BLOCKS) - 1
_MAX_COLUMNS = 72
_MIN_COLUMNS = 16
_GAP = 4  # between two numbers of the axis, at least


def sketch(plan: Plan, width: int, num_lines: int = 5) -> str:
    """Return the batch size over the run, drawn in blocks on a logarithmic scale.

    Args:
        plan: the plan; one update is looked at in each column.
        width: characters of the terminal.
        num_lines: height of the drawing, its axis not counted.

    Returns:
        Lines of at most width characters, batch sizes on their left and positions under them;
        nothing where the terminal is too narrow.
    """
    margin = len(str(max(phase.global_batch_size for phase in plan.phases))) + 2
    num_columns = min(width - margin, _MAX_COLUMNS)
    if num_columns < _MIN_COLUMNS:
        return ""
    sizes = _sizes(plan, num_columns)
    num_lines = num_lines if len(set(sizes)) > 1 else 1
    heights = _heights(sizes, num_lines)
    labels = _labels(sizes, heights, num_lines)
    lines = [
        f"{labels[row]:>{margin - 1}} {_row(heights, row)}" for row in reversed(range(num_lines))
    ]
    return "\n".join([*lines, " " * margin + _axis(plan, sizes), _caption(plan, margin)])


def _sample(plan: Plan, column: int, num_columns: int) -> int:
    """Return the sample that a column shows, from the first to the last of the run."""
    return (plan.num_total_samples - 1) * column // (num_columns - 1)


def _sizes(plan: Plan, num_columns: int) -> list[int]:
    """Return the batch size of each column."""
    updates = (plan.at(_sample(plan, column, num_columns)) for column in range(num_columns))
    return [_planned(plan, update.index, update.global_batch_size) for update in updates]


def _planned(plan: Plan, index: int, size: int) -> int:
    """Return the size of an update, were the last one of the run not cut."""
    return plan.phases[-1].global_batch_size if index == plan.num_updates - 1 else size


def _heights(sizes: Sequence[int], num_lines: int) -> list[int]:
    """Return the height of each column in eighths of a line; the smallest batch has half a one."""
    low, high = min(sizes), max(sizes)
    foot, span = _EIGHTHS // 2, math.log(high / low)
    room = num_lines * _EIGHTHS - foot
    return [foot + (round(room * math.log(size / low) / span) if span else 0) for size in sizes]


def _row(heights: Sequence[int], row: int) -> str:
    filled = (min(max(height - row * _EIGHTHS, 0), _EIGHTHS) for height in heights)
    return "".join(_BLOCKS[eighths] for eighths in filled).rstrip()


def _labels(sizes: Sequence[int], heights: Sequence[int], num_lines: int) -> list[str]:
    """Return what stands left of each line, from below: the largest batch that ends in it.

    The lowest line has the smallest batch, which the run starts at.
    """
    labels = [""] * num_lines
    for size, height in sorted(zip(sizes, heights, strict=True)):
        labels[(height - 1) // _EIGHTHS] = str(size)
    return [str(min(sizes)), *labels[1:]]


def _axis(plan: Plan, sizes: Sequence[int]) -> str:
    """Return where the batch changes, as far as the numbers do not touch, between 0 and the end."""
    axis = position_axis([plan])
    end = f"{axis.position(plan, plan.num_total_samples):g}"
    line, limit = "0", len(sizes) - len(end)
    for column, (size, following) in enumerate(pairwise(sizes), start=1):
        text = _number(axis, plan, _start(plan, column, len(sizes)))
        fits = len(line) + _GAP <= column and column + len(text) < limit
        if size != following and fits:
            line = line.ljust(column) + text
    return line.ljust(limit) + end


def _start(plan: Plan, column: int, num_columns: int) -> int:
    """Return where the batch of a column begins."""
    sample = _sample(plan, column, num_columns)
    index = bisect_right(plan.phases, sample, key=lambda phase: phase.start_sample) - 1
    size = plan.phases[index].global_batch_size
    while index and plan.phases[index - 1].global_batch_size == size:
        index -= 1
    return plan.phases[index].start_sample


def _number(axis: PositionAxis, plan: Plan, sample: int) -> str:
    """Return a position in three digits, and no exponent for the common ones."""
    return f"{float(f'{axis.position(plan, sample):.3g}'):g}"


def _caption(plan: Plan, margin: int) -> str:
    return " " * margin + f"global batch size over {position_axis([plan]).label}"
