"""Experiments: arms of a recipe over optimizers and seeds, their runs, and what these came to."""

from bsgrow.experiments.config import ArmConfig, Experiment, Margin, OptimizerConfig
from bsgrow.experiments.reading import experiment_as_toml, is_experiment, load_experiment
from bsgrow.experiments.records import (
    ExperimentRecord,
    RunRecord,
    RunState,
    read_experiment,
    record_of,
)
from bsgrow.experiments.runs import Part, RunKey, recipe_of, runs_in_order

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
