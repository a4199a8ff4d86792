"""Arms against each other: the figures, and what is drawn of them."""

import re
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from scipy.stats import ttest_ind

from bsgrow.reporting.comparison import Arm, comparison_as_dict
from bsgrow.reporting.comparison_plot import comparison_figure, plot_comparison
from bsgrow.reporting.difference import Difference, difference
from bsgrow.reporting.learning_curve import band, learning_curve, sample_std
from bsgrow.schedule import Growth, Reference, compile_plan
from bsgrow.training.events.events import Evaluated, Progress, RunFinished


def evaluated(num_updates, train_loss, test_accuracy):
    return Evaluated(num_updates, 10 * num_updates, num_updates / 5, train_loss, 0.5,
                     test_accuracy, 1.0)  # fmt: skip


def finished(test_accuracy, wall_seconds=2.0):
    return RunFinished(test_accuracy, 0.5, 10, 40, 100, wall_seconds, 50.0, "0" * 64, "out")


def arm(name, *accuracies, diverged=()):
    curves = tuple(
        learning_curve([evaluated(5, 1.0, 0.5), evaluated(10, 0.1 * (1 + k), accuracy)])
        for k, accuracy in enumerate(accuracies)
    )
    runs = tuple(finished(accuracy) for accuracy in accuracies)
    seeds = tuple(range(len(accuracies)))
    return Arm(name, 10, 40, seeds, runs, curves, dict.fromkeys(diverged, "the loss is nan"))


def test_a_learning_curve_holds_the_evaluations_alone():
    progress = Progress(7, 70, 1.4, 10, 0.1, 0.9, 0.5, 0.9, 100.0, 1.0, 2.0)
    curve = learning_curve([evaluated(5, 1.0, 0.5), progress, evaluated(10, 0.5, 0.75)])
    assert curve.updates.tolist() == [5, 10]
    assert curve.epochs.tolist() == [1, 2]
    assert curve.train_loss.tolist() == [1.0, 0.5]
    assert curve.test_accuracy.tolist() == [0.5, 0.75]


def test_a_band_is_mean_and_sample_standard_deviation():
    curves = arm("grow", 0.8, 0.9, 1.0).curves
    accuracy = band(curves, "test_accuracy")
    np.testing.assert_allclose(accuracy.mean, [0.5, 0.9])
    np.testing.assert_allclose(accuracy.std, [0.0, 0.1])


def test_a_single_run_has_no_spread():
    assert sample_std(np.array([[0.3, 0.4]])).tolist() == [0.0, 0.0]


def test_the_comparison_states_figures_and_machine():
    compared = comparison_as_dict([arm("grow", 0.8, 0.9, 1.0)])
    (row,) = compared["arms"]
    assert row["test_accuracy"] == {"mean": pytest.approx(0.9), "std": pytest.approx(0.1)}
    assert row["test_accuracy_median"] == 0.9
    assert (row["num_updates"], row["baseline_num_updates"]) == (10, 40)
    assert compared["hardware"]["processor"]
    assert compared["versions"]["torch"]


def test_the_difference_of_arms_has_its_uncertainty():
    compared = comparison_as_dict([arm("decay", 0.7, 0.75), arm("grow", 0.8, 0.9, 1.0)])
    (row,) = compared["differences"]
    assert (row["arm"], row["baseline"]) == ("grow", "decay")
    assert row["test_accuracy"]["mean"] == pytest.approx(0.175)
    assert row["test_accuracy"]["counts"] == (3, 2)
    assert row["test_accuracy"]["confidence"] == 0.95


def test_an_interval_is_welchs():
    """As scipy's own test gives it."""
    values, baseline = [0.8, 0.9, 1.0, 0.95], [0.7, 0.75, 0.72]
    expected = ttest_ind(values, baseline, equal_var=False).confidence_interval(0.95)
    assert difference(values, baseline).interval == pytest.approx(tuple(expected))


@pytest.mark.parametrize(
    ("values", "baseline", "expected"),
    [
        ([0.8], [0.7, 0.9], Difference(pytest.approx(0.0), None, (1, 2))),
        ([0.8, 0.8], [0.7, 0.7], Difference(pytest.approx(0.1), pytest.approx((0.1, 0.1)), (2, 2))),
        ([], [0.7], None),
    ],
)
def test_what_tells_no_uncertainty(values, baseline, expected):
    assert difference(values, baseline) == expected


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_picture_has_a_line_for_every_arm(tmp_path, suffix):
    path = tmp_path / f"compare.{suffix}"
    plot_comparison([arm("decay", 0.8, 0.9), arm("grow", 0.8, 0.9)], "title", path)
    assert path.stat().st_size > 5000
    if suffix == "svg":
        assert path.read_text().count("axes_") >= 4


@pytest.mark.parametrize(
    ("tokens", "label", "end"), [((None, None), "epochs", 2), ((64, None), "epochs", 2),
                                 ((64, 64), "tokens (millions)", 1.28)]
)  # fmt: skip
def test_a_run_is_as_long_as_its_plan_counts(tokens, label, end):
    plans = [compile_plan(Reference(2, 0.1, 8, tokens_per_sample=n), Growth(), 10**4)
             for n in tokens]  # fmt: skip
    figure = comparison_figure([replace(arm("grow", 0.8), plan=plan) for plan in plans], "")
    panel = figure.axes[2]
    assert panel.get_xlabel() == label
    assert [line.get_xdata()[-1] for line in panel.lines] == pytest.approx([end, end])


def test_runs_that_diverged_are_named_and_count_in_no_figure():
    with_one = arm("grow", 0.8, 0.9, 1.0, diverged=[7])
    assert with_one.count == "3 of 4"
    whole, some = (
        comparison_as_dict([each])["arms"][0] for each in (arm("grow", 0.8, 0.9, 1.0), with_one)
    )
    assert whole["diverged"] == []
    assert some == whole | {"diverged": [{"seed": 7, "reason": "the loss is nan"}]}


def test_an_arm_of_which_every_run_diverged_has_no_figures():
    (row,) = comparison_as_dict([arm("grow", diverged=[0, 1])])["arms"]
    assert row["test_accuracy"] is row["test_accuracy_median"] is row["wall_seconds"] is None
    assert (row["seeds"], row["test_accuracies"], row["num_updates"]) == ([], [], 10)


@pytest.mark.parametrize("others", [[], [arm("decay", 0.8, 0.9, diverged=[3])]])
def test_the_legend_says_how_many_diverged(tmp_path, others):
    path = tmp_path / "compare.svg"
    with mpl.rc_context({"svg.fonttype": "none"}):
        plot_comparison([*others, arm("grow", diverged=[0, 1])], "title", path)
    legend = re.findall(r"\w+: 10 updates, n = [^<]*", path.read_text())
    assert legend[-1] == "grow: 10 updates, n = 0, 2 diverged"
    assert legend[:-1] == ["decay: 10 updates, n = 2, 1 diverged"] * len(others)
