"""The axis that a plan is drawn over: epochs, or tokens where it says how many a sample has."""

from collections.abc import Sequence
from dataclasses import dataclass

from bsgrow.schedule import Plan

_TOKEN_SCALES = ((10**12, "trillions"), (10**9, "billions"), (10**6, "millions"))


@dataclass(frozen=True)
class PositionAxis:
    """How a position in samples reads on the axis.

    Attributes:
        label: what the axis counts.
        scale: what one unit of the axis is, in ``unit``.
        unit: ``epochs`` or ``tokens``.
    """

    label: str
    scale: int
    unit: str

    def position(self, plan: Plan, sample: float) -> float:
        """Return where a sample of a plan is on the axis."""
        if self.unit == "tokens":
            return sample * (plan.reference.tokens_per_sample or 1) / self.scale
        return sample / plan.num_samples


def position_axis(plans: Sequence[Plan]) -> PositionAxis:
    """Return the axis for plans that are drawn together: tokens where each of them counts them."""
    lengths = [_num_tokens(plan) for plan in plans]
    if not lengths or not all(lengths):
        return PositionAxis("epochs", 1, "epochs")
    for scale, name in _TOKEN_SCALES:
        if max(lengths) >= scale:
            return PositionAxis(f"tokens ({name})", scale, "tokens")
    return PositionAxis("tokens", 1, "tokens")


def _num_tokens(plan: Plan) -> int:
    """Return the length of a run in tokens; 0 where a sample has no length."""
    return plan.num_total_samples * (plan.reference.tokens_per_sample or 0)
