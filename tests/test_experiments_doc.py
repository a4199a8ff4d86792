"""The example in docs/experiments.md, and the experiments in benchmarks/."""

import re
from pathlib import Path

import pytest

from bsgrow.experiments import load_experiment, runs_in_order
from bsgrow.experiments.comparing import look
from bsgrow.experiments.config import ArmConfig, Margin, OptimizerConfig
from bsgrow.experiments.runs import Part
from bsgrow.recipe import OpenedData

ROOT = Path(__file__).parent.parent
EXAMPLE = re.search(r"```toml\n(.*?)```", (ROOT / "docs/experiments.md").read_text(), re.S)[1]


@pytest.fixture
def experiment(tmp_path):
    (tmp_path / "experiment.toml").write_text(EXAMPLE)
    return load_experiment(tmp_path / "experiment.toml")


def test_the_example_can_be_planned(experiment, tmp_path):
    comparison = look(experiment, Part(), tmp_path / "runs", OpenedData())
    assert len(comparison.tasks) == 3 * 2 * 3 + 2 + 2
    updates = {pair: each.plan.num_updates for pair, each in comparison.planned.items()}
    assert updates["decay", "adam"] == updates["low-lr", "momentum"] == 1078
    assert updates["grow", "momentum"] < updates["cap-64", "momentum"] < 1078
    assert updates["higher-lr", "adam"] < updates["grow", "adam"]


@pytest.mark.parametrize("kind", [ArmConfig, OptimizerConfig, Margin])
def test_the_example_has_every_key(kind):
    missing = [
        key for key in kind.model_fields if not re.search(rf"\b{key}\b.*=|\.{key}\]", EXAMPLE)
    ]
    assert missing == []


def test_the_first_seed_comes_first(experiment):
    seeds = [key.seed for key in runs_in_order(experiment)]
    assert seeds == sorted(seeds)
