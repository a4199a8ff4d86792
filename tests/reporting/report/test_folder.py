"""Which experiment a folder holds, and what is made of runs that are not whole."""

import shutil

import pytest

from bsgrow.errors import InputError
from bsgrow.recipe import load_recipe
from bsgrow.reporting.report.findings import findings
from bsgrow.reporting.report.folder import read_results
from bsgrow.reporting.report.paper import paper_figures
from tests.reporting.report.conftest import START


@pytest.fixture
def earlier(whole, tmp_path):
    """A comparison as it was kept before there were experiments."""
    folder = tmp_path / "compare-digits"
    for arm in ("grow", "decay"):
        for seed in (0, 2):
            run = folder / f"{arm}-seed{seed}"
            shutil.copytree(whole / arm / "momentum" / f"seed-{seed}", run)
    (folder / "other-seed1").mkdir()
    (folder / "compare.json").write_text("{}")
    return folder


def test_all_of_an_experiment_is_read(whole):
    results = read_results(whole)
    assert (results.name, results.measure, results.margin) == ("small", "test_accuracy", 0.01)
    assert results.optimizers == {"momentum": "momentum", "sgd": "sgd"}
    assert results.groups == ["main", "controls", "dose: growth factor"]
    assert [series.arm for series in results.of("sgd")] == ["decay", "grow"]
    assert {run.state for run in results.runs} == {"finished"}
    assert results.starts == (START,)
    assert 'recipe = "' not in results.text
    assert all(series.plan and "[schedule]" in series.text for series in results.series)
    twofold = next(series for series in results.series if series.arm == "twofold")
    assert (twofold.dose, twofold.group) == (2.0, "dose: growth factor")
    assert twofold.plan.growth.factor == 2


def test_a_comparison_of_an_earlier_version_is_one_too(earlier):
    results = read_results(earlier)
    assert (results.name, results.margin, results.optimizers) == ("digits", None, {"": ""})
    assert [series.arm for series in results.series] == ["decay", "grow"]
    assert [run.seed for run in results.series[1].runs] == [0, 2]
    (found,) = findings(results)
    assert found.tested.verdict == "not enough seeds"
    assert found.tested.p_equivalence is None


def test_without_an_experiment_it_says_how_to_make_one(tmp_path):
    with pytest.raises(InputError, match=r"holds no experiment"):
        read_results(tmp_path)


def test_a_curve_that_is_cut_short_counts_in_no_picture(whole, tmp_path):
    folder = tmp_path / "small"
    shutil.copytree(whole, folder)
    events = folder / "decay/sgd/seed-1/events.jsonl"
    lines = events.read_text().splitlines(keepends=True)
    events.write_text("".join(lines[1:]))
    decay = read_results(folder).of("sgd")[0]
    assert [bool(run.curve) for run in decay.runs] == [True, False, True, True]
    assert decay.runs[1].reason == "its events do not hold every evaluation"
    assert (len(decay.ended), len(decay.as_arm().curves)) == (4, 3)


def test_a_run_whose_events_are_damaged_is_named(whole, tmp_path):
    folder = tmp_path / "small"
    shutil.copytree(whole, folder)
    (folder / "grow/sgd/seed-3/events.jsonl").write_text("nothing\n" * 3)
    grow = read_results(folder).of("sgd")[1]
    assert (grow.runs[3].state, grow.runs[3].curve) == ("finished", None)
    assert "events.jsonl" in grow.runs[3].reason
    assert len(grow.ended) == 4


def test_a_plan_of_another_version_is_left_out(whole, tmp_path):
    folder = tmp_path / "small"
    shutil.copytree(whole, folder)
    (folder / "grow/sgd/seed-0/plan.json").write_text("{}")
    decay, grow = read_results(folder).of("sgd")
    assert decay.plan is not None
    assert grow.plan is None
    assert grow.as_arm().num_updates == 4000  # as its runs have ended


@pytest.mark.parametrize(
    ("name", "settings", "updates"),
    [
        ("cifar10-decay", (), "about 80 000"),
        ("cifar10-hybrid", (), ""),
        ("cifar10-grow", (), "about 29 000"),
        ("cifar10-grow-lr", (), "under 6500"),
        ("cifar10-grow-lr-momentum", (), "under 2500"),
        ("imagenet-decay", (), "about 14 000"),
        ("imagenet-grow-momentum-0.975", (), "under 2500"),
        ("cifar10-grow", ("optimizer.momentum=0.0",), None),
        ("cifar10-grow", ("growth.momentum=0.98",), None),
        ("cifar10-grow", ("schedule.curve={name='CosineAnnealingLR',T_max=200}",), None),
    ],
)
def test_the_paper_stands_beside_what_it_ran(name, settings, updates):

    found = paper_figures(load_recipe(name, settings))
    assert (found and found.updates) == updates
