"""What a system did, held against what the plan says of every update."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.exports.case import Update

LR_TOLERANCE = 1e-4  # of the plan's highest rate: the default of Target.lr_tolerance


@dataclass(frozen=True)
class Comparison:
    """Largest differences over the updates that both have.

    Attributes:
        num_run: updates that the system made.
        num_planned: updates of the plan.
        num_compared: those of both; a last update that the plan cuts is run whole, and left out.
        batch_size: samples.
        lr: relative to the plan's highest rate.
        consumed_samples: before an update.
    """

    num_run: int
    num_planned: int
    num_compared: int
    batch_size: int
    lr: float
    consumed_samples: int

    @property
    def is_followed(self) -> bool:
        exact = self.num_run == self.num_planned and not self.batch_size
        return exact and not self.consumed_samples and self.lr <= LR_TOLERANCE


def compare(ran: Sequence[Update], planned: Sequence[Update], *, is_cut: bool) -> Comparison:
    """Return the largest differences between the updates of a run and of a plan."""
    num_compared = min(len(ran), len(planned) - is_cut)
    pairs = list(zip(ran[:num_compared], planned, strict=False))
    peak = max(lr for _, _, lr in planned)
    return Comparison(
        num_run=len(ran),
        num_planned=len(planned),
        num_compared=num_compared,
        batch_size=max(abs(run[1] - plan[1]) for run, plan in pairs),
        lr=max(abs(run[2] - plan[2]) for run, plan in pairs) / peak,
        consumed_samples=max(abs(run[0] - plan[0]) for run, plan in pairs),
    )
