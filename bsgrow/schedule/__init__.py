"""Compiles learning-rate schedules into batch-growing ones; standard library only."""

from bsgrow.schedule.allowance import Allowance, allowance
from bsgrow.schedule.as_reference import as_reference
from bsgrow.schedule.compile import compile_plan
from bsgrow.schedule.config import Growth, Reference
from bsgrow.schedule.curves import CURVES, Curve, build_curve
from bsgrow.schedule.noise_scale import relative_noise, sgd_noise_scale
from bsgrow.schedule.notes import notes
from bsgrow.schedule.plan import Phase, Plan, Update
from bsgrow.schedule.report import Report, report
from bsgrow.schedule.serialize import as_dict, phase_rows, plan_from_dict, update_rows

__all__ = [
    "CURVES",
    "Allowance",
    "Curve",
    "Growth",
    "Phase",
    "Plan",
    "Reference",
    "Report",
    "Update",
    "allowance",
    "as_dict",
    "as_reference",
    "build_curve",
    "compile_plan",
    "notes",
    "phase_rows",
    "plan_from_dict",
    "relative_noise",
    "report",
    "sgd_noise_scale",
    "update_rows",
]
