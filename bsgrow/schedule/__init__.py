"""Compiles learning-rate schedules into batch-growing ones; standard library only."""

from bsgrow.schedule.compile import compile_plan
from bsgrow.schedule.config import Growth, Reference
from bsgrow.schedule.curves import CURVES, Curve
from bsgrow.schedule.noise_scale import relative_noise, sgd_noise_scale
from bsgrow.schedule.notes import notes
from bsgrow.schedule.plan import Phase, Plan, Update
from bsgrow.schedule.serialize import as_dict, update_rows

__all__ = [
    "CURVES",
    "Curve",
    "Growth",
    "Phase",
    "Plan",
    "Reference",
    "Update",
    "as_dict",
    "compile_plan",
    "notes",
    "relative_noise",
    "sgd_noise_scale",
    "update_rows",
]
