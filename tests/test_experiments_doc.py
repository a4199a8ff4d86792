"""The example in docs/experiments.md, and the experiments in benchmarks/."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

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


@pytest.mark.parametrize(
    ("name", "num_runs"),
    [
        ("digits", 315),
        ("digits-ema", 24),
        ("digits-noisy", 140),
        ("fashion-mnist", 24),
        ("fashion-mnist-wrn", 15),
    ],
)
def test_the_experiments_can_be_planned(tmp_path, name, num_runs):
    experiment = load_experiment(ROOT / "benchmarks" / "experiments" / f"{name}.toml")
    comparison = look(experiment, Part(), tmp_path / "runs", OpenedData())
    assert len(comparison.tasks) == num_runs
    updates = {pair: each.plan.num_updates for pair, each in comparison.planned.items()}
    for (arm, optimizer), number in updates.items():
        if arm in ("hybrid", "grow"):
            assert number < updates["decay", optimizer] * 0.7
        if arm in ("cut-short", "compressed"):
            assert number == updates["grow", optimizer]
    assert experiment.margin.measure == "test_accuracy"


def test_the_language_model_is_planned_at_equal_tokens(tmp_path):
    experiment = load_experiment(ROOT / "benchmarks" / "experiments" / "language_model.toml")
    comparison = look(experiment, Part(), tmp_path / "runs", OpenedData())
    plans = {arm: each.plan for (arm, _), each in comparison.planned.items()}
    assert len(comparison.tasks) == 5 * len(plans) == 40
    assert {plan.num_total_samples for plan in plans.values()} == {19903}
    curve = experiment.recipe.schedule.curve
    assert curve["milestones"][0] + curve["schedulers"][1]["T_max"] == 19903 * 64
    updates = {arm: plan.num_updates for arm, plan in plans.items()}
    assert updates["sqrt"] < updates["seesaw"] == updates["linear"] < 0.7 * updates["decay"]


def test_the_language_model_tells_each_byte_from_those_before(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "experiments"))
    import language_model

    monkeypatch.setattr(language_model, "_docstrings", lambda: iter(["a docstring"]))
    text = language_model.load(num_sequences=3)
    (first, label), (second, _) = text[0], text[1]
    assert (len(text), [*first[1:], second[0]]) == (3, label.tolist())
    model = language_model.LanguageModel(256).eval()
    tokens = torch.from_numpy(np.stack([first, second]))
    changed = tokens.clone()
    changed[:, 40] += 1
    same = torch.isclose(model(tokens), model(changed), atol=1e-5).all(dim=1).all(dim=0)
    assert same.tolist() == [place < 40 for place in range(64)]


def test_noise_is_in_its_share_of_the_labels(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "experiments"))
    from noisy_digits import load

    (_, clean), held_out = load(0.0)
    (_, noisy), same = load(0.3)
    assert 0.2 < (clean != noisy).mean() < 0.3  # a tenth of what is drawn is what it was
    assert (held_out[1] == same[1]).all()
