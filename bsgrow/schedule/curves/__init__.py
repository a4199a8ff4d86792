"""Learning-rate schedules as functions of a continuous position, under torch's names.

A curve builder takes the base learning rate and the keyword arguments of the scheduler of the
same name in ``torch.optim.lr_scheduler``, and returns a ``Curve``. A new curve is one function
with its formula in the docstring and ``@register`` on top, in a module named below.
"""

from bsgrow.schedule.curves import composite, cyclic, decay, one_cycle, step, table, warmup
from bsgrow.schedule.curves.curve import CURVES, ENDS, Curve, build_curve, exact

__all__ = [
    "CURVES",
    "ENDS",
    "Curve",
    "build_curve",
    "composite",
    "cyclic",
    "decay",
    "exact",
    "one_cycle",
    "step",
    "table",
    "warmup",
]
