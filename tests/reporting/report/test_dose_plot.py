"""Dose and response: what is drawn, and behind it the baseline or the baselines."""

from dataclasses import replace

import pytest

from bsgrow.reporting.report.dose_plot import dose_figure, dosed
from tests.reporting.report.test_findings import DECAY, results, series


def at(dose, *accuracies, baseline="decay", arm="grow"):
    return replace(series(f"{arm}-{dose}", *accuracies), dose=dose, baseline=baseline)


@pytest.mark.parametrize("largest", [3, 16])
def test_the_axis_has_the_doses(largest):
    arms = [at(largest, 0.8, 0.9), at(2, 0.9, 1.0), at(1, 0.5), at(5)]
    given = results(DECAY, *arms)
    shown = dosed(given.series, "main", "test_accuracy")
    assert [each.dose for each in shown] == [1, 2, largest]
    (panel,) = dose_figure(given, shown, "$factor").axes
    assert panel.get_xscale() == ("linear" if largest < 4 else "log")
    assert list(panel.get_xticks()) == [1, 2, largest]
    assert panel.get_xlabel() == r"\$factor"
    assert 0.5 in [y for line in panel.lines for y in line.get_ydata()]


def labels(*arms):
    given = results(DECAY, *arms)
    (panel,) = dose_figure(given, dosed(given.series, "main", "test_accuracy"), "dose").axes
    return panel.get_legend_handles_labels()[1]


def test_one_baseline_is_a_band_and_several_a_line():
    others = [replace(series(f"decay-{k}", 0.9, 0.91), baseline=f"decay-{k}") for k in (2, 4)]
    own = [at(k, 0.9, 0.92, baseline=f"decay-{k}") for k in (2, 4)]
    assert labels(at(2, 0.9), at(4, 0.8)) == ["decay"]
    assert labels(*others, *own) == ["baseline at the same dose"]
    assert labels(at(2, 0.9, baseline="none"), at(4, 0.8, baseline="none")) == []


def test_a_baseline_of_another_group_is_no_response():
    """Though it has a dose itself."""
    other = replace(at(2, 0.9, arm="decay"), group="decaying")
    assert [
        each.arm for each in dosed([other, at(2, 0.8), at(4, 0.8)], "main", "test_accuracy")
    ] == [
        *("grow-2", "grow-4"),
    ]
