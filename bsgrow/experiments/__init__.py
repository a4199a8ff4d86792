"""Experiments: arms of a recipe over optimizers and seeds, their runs, and what these came to.

What needs torch is imported when it is first asked for.
"""

from typing import TYPE_CHECKING

from bsgrow.experiments.config import ArmConfig, Experiment, Margin, OptimizerConfig
from bsgrow.experiments.reading import experiment_as_toml, is_experiment, load_experiment
from bsgrow.experiments.runs import Part, RunKey, recipe_of, runs_in_order
from bsgrow.lazy import importing

if TYPE_CHECKING:
    from bsgrow.experiments.records import (
        ExperimentRecord,
        RunRecord,
        RunState,
        read_experiment,
        record_of,
    )

__all__ = [
    "ArmConfig",
    "Experiment",
    "ExperimentRecord",
    "Margin",
    "OptimizerConfig",
    "Part",
    "RunKey",
    "RunRecord",
    "RunState",
    "experiment_as_toml",
    "is_experiment",
    "load_experiment",
    "read_experiment",
    "recipe_of",
    "record_of",
    "runs_in_order",
]

__getattr__, __dir__ = importing(
    __name__, {"records": "ExperimentRecord RunRecord RunState read_experiment record_of"}
)
