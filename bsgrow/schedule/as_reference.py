"""A plan read back as a schedule of fixed batch: its noise scale, whatever its batches were."""

import math

from bsgrow.schedule.config import Reference
from bsgrow.schedule.curves import exact
from bsgrow.schedule.plan import Phase, Plan


def as_reference(plan: Plan) -> Reference:
    """Return the fixed-batch run that has the noise scale of a plan at each of its updates.

    Its curve is a table with one row per phase, or per update where the learning rate moves;
    compiled with the plan's own growth, less its repair, it gives the plan again.
    """
    starts = [start for phase in plan.phases for start in _starts(plan, phase)]
    lrs = [plan.reference_lr(start) for start in starts]
    return Reference(
        epochs=_epochs(plan),
        lr=plan.reference.lr,
        global_batch_size=plan.reference.global_batch_size,
        momentum=plan.reference.momentum,
        curve={"name": "TableLR", "positions": starts, "lrs": lrs},
        unit="samples",
    )


def _epochs(plan: Plan) -> float:
    """Return the epochs that make up the samples of a plan, which is a matter of rounding."""
    epochs = plan.epochs
    while math.ceil(exact(epochs) * plan.num_samples) > plan.num_total_samples:
        epochs = math.nextafter(epochs, 0)
    return epochs


def _starts(plan: Plan, phase: Phase) -> range:
    """Return the samples that the rows of a phase begin at."""
    moves = phase.lr != plan.last_lr(phase)
    stop = phase.stop_sample if moves else phase.start_sample + 1
    return range(phase.start_sample, stop, phase.global_batch_size)
