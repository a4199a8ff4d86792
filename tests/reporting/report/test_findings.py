"""What follows from results: gaps, verdicts, and whether arms came as expected."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from bsgrow.reporting.learning_curve import LearningCurve
from bsgrow.reporting.report.as_json import report_as_dict
from bsgrow.reporting.report.findings import findings
from bsgrow.reporting.report.folder import read_results
from bsgrow.reporting.report.gap import largest_gap
from bsgrow.reporting.report.results import Results, Run, Series
from bsgrow.reporting.report.rows import rows_of
from bsgrow.reporting.report.statements import progress, sensitivity, statement, summary, verdict
from bsgrow.reporting.report.units import listed
from bsgrow.training.events.events import RunFinished


def curve(epochs, accuracy):
    epochs, accuracy = np.array(epochs, float), np.array(accuracy, float)
    return LearningCurve(epochs, 10 * epochs, 1 - accuracy, accuracy, 1 - accuracy)


def run(seed, accuracy, state="finished"):
    if state != "finished":
        return Run(seed, state, f"it is {state}", f"run/{seed}", None, None, {})
    ended = RunFinished(accuracy, 0.5, 10, 40, 100, 2.0, 50.0, "0" * 64, "out")
    return Run(seed, state, "", f"run/{seed}", ended, curve([1, 2], [0.5, accuracy]), {})


def series(arm, *accuracies, expect=None, group="main", lost=()):
    runs = [run(seed, accuracy) for seed, accuracy in enumerate(accuracies)]
    runs += [run(100 + number, math.nan, state) for number, state in enumerate(lost)]
    return Series(arm, arm, group, "", "decay", expect, None, None, "", None, tuple(runs))


def results(*arms, margin=0.01):
    return Results("name", "", "folder", "test_accuracy", margin, {"": ""}, arms, (), "")


DECAY = series("decay", 0.90, 0.902, 0.904)
SAME, HIGHER = (0.901, 0.902, 0.903), (0.907, 0.9075, 0.908)
WORSE, WIDE = (0.80, 0.802, 0.804), (0.85, 0.90, 0.95)


@pytest.mark.parametrize(
    ("accuracies", "expect", "lost", "came"),
    [
        (SAME, "same", (), "yes"),
        (SAME, "differs", (), "no"),
        (WORSE, "same", (), "no"),
        (WORSE, "differs", (), "yes"),
        (WIDE, "same", (), "cannot tell"),
        (WIDE, "differs", (), "cannot tell"),
        (SAME, None, (), None),
        ((), "same", ("missing",), "cannot tell"),
        ((), "differs", ("diverged",), "yes"),
        (SAME, "same", ("diverged",), "no"),
        (SAME, "same", ("unfinished",), "yes"),
    ],
)
def test_whether_an_arm_came_as_expected(accuracies, expect, lost, came):
    (found,) = findings(results(DECAY, series("arm", *accuracies, expect=expect, lost=lost)))
    assert found.came == came


@pytest.mark.parametrize(
    ("accuracies", "lost", "margin", "said"),
    [
        (SAME, (), 0.01, "equivalent to decay within ±1 points"),
        (HIGHER, (), 0.01, "equivalent to decay within ±1 points, though not equal"),
        (WORSE, (), 0.01, "different from decay"),
        (WIDE, (), 0.01, "not enough seeds to tell"),
        (SAME, (), None, "not told apart from decay"),
        (WORSE, (), None, "different from decay"),
        ((), ("missing",), 0.01, "no finished runs to compare"),
        ((), ("diverged",), 0.01, "1 of 1 runs diverged"),
        (WORSE, ("diverged",), 0.01, "1 of 4 runs diverged; of the others: different from decay"),
    ],
)  # fmt: skip
def test_verdicts_in_words(accuracies, lost, margin, said):
    given = results(DECAY, series("arm", *accuracies, lost=lost), margin=margin)
    (found,) = findings(given)
    assert verdict(found, given) == said
    assert said in statement(found, given)
    assert f"arm – {said}" in summary("", [found], given)


def test_a_statement_says_interval_tests_seeds_and_gap():
    given = results(DECAY, series("arm", *WIDE))
    assert statement(findings(given)[0], given) == (
        "arm: not enough seeds to tell. The mean test accuracy is 0.20 points lower, 90 % interval "
        "−8.62 to +8.22 (TOST p = 0.4, difference p = 0.95, n = 3 and 3). At this spread about 255 "
        "seeds of each would tell. The mean curves of the test accuracy are at most 0.1 standard "
        "deviations of the seeds apart, at epoch 2 (−0.20 points). Those of the training loss are "
        "at most 0.1, at epoch 2."
    )


def test_seeds_that_are_all_alike_have_no_spread():
    given = results(series("decay", 0.9, 0.9), series("arm", 0.9, 0.9, 0.9))
    assert "is the same, the seeds of each are all alike" in statement(findings(given)[0], given)


def test_what_shows_that_a_difference_would_be_seen():
    told, untold = series("bad", *WORSE, expect="differs"), series("odd", *WIDE, expect="differs")
    assert sensitivity("", findings(results(DECAY, told))) == (
        "A difference would be seen. What ought to differ, and did: bad."
    )
    both = sensitivity("", findings(results(DECAY, told, untold)))
    assert both.endswith("and did: bad. What cannot be told, or came out the same: odd.")
    assert "where one was expected (odd)" in sensitivity("", findings(results(DECAY, untold)))
    begun = series("late", expect="differs", lost=["unfinished"])
    assert "(late) are not finished" in sensitivity("", findings(results(DECAY, begun)))
    assert sensitivity("", findings(results(DECAY))).startswith("No run that is known")


def test_an_arm_without_its_baseline_is_no_baseline():
    decay, alone = rows_of(results(DECAY), [DECAY, replace(DECAY, arm="arm", baseline="x")], [])
    assert (decay.verdict, alone.verdict) == ("baseline", "no x with this optimizer to compare")


@pytest.mark.parametrize(
    ("names", "said"),
    [("a", "a"), ("ab", "a and b"), ("abc", "a, b and c"), (("a, b", "c"), "a, b; c")],
)
def test_names_in_a_sentence(names, said):
    assert listed([*names]) == said


def test_progress_names_what_is_missing():
    assert progress(results(DECAY)) == "All 3 runs are finished."
    partial = results(DECAY, series("arm", 0.9, lost=["missing", "diverged", "missing"]))
    assert progress(partial) == "Partial: 4 of 7 runs are finished; 2 missing and 1 diverged."


def test_the_gap_is_in_units_of_the_spread_at_its_epoch():
    """The arm is evaluated a little later, as where its batch crosses the end of an epoch."""
    base = [curve([1, 2, 3], [0.5, 0.7 + d, 0.9 + d]) for d in (-0.01, 0.01)]
    arm = [curve([1, 2.5, 3.5], [0.5, 0.8 + d, 1.0 + d]) for d in (-0.01, 0.01)]
    gap = largest_gap(arm, base, "test_accuracy")
    assert gap.difference == pytest.approx(0.0, abs=1e-9)
    shifted = [curve([1, 2, 3], [0.5, 0.7 + d, 0.87 + d]) for d in (-0.02, 0.02)]
    gap = largest_gap(shifted, base, "test_accuracy")
    spread = math.sqrt((0.01**2 + 0.02**2) / 2) * math.sqrt(2)
    assert (gap.epoch, gap.difference) == (3, pytest.approx(-0.03))
    assert (gap.spread, gap.spreads) == (pytest.approx(spread), pytest.approx(0.03 / spread))


@pytest.mark.parametrize(
    "curves",
    [
        [curve([1, 2], [0.5, 0.6])],
        [curve([1, 2], [0.5, 0.6])] * 2,
        [curve([], [])] * 2,
        [curve([8, 9], [0.5, 0.6]), curve([8, 9], [0.5, 0.7])],
        [curve([1, 2], [0.5, math.nan]), curve([1, 2], [0.5, 0.7])],
    ],
)
def test_without_a_spread_or_a_shared_epoch_there_is_no_gap(curves):
    base = [curve([1, 2], [0.5, 0.6])] * 2
    assert largest_gap(curves, base, "test_accuracy") is None


def test_all_of_it_as_json(partial):
    given = read_results(partial)
    read = json.loads(json.dumps(report_as_dict(given, findings(given)), allow_nan=False))
    assert read["margin"] == 0.01
    by_arm = {(each["arm"], each["optimizer"]): each for each in read["arms"]}
    grow = by_arm["grow", "momentum"]
    assert [each["state"] for each in grow["runs"]] == [
        *("finished", "unfinished", "missing", "finished"),
    ]
    assert grow["test_accuracy"]["n"] == 2
    assert (grow["num_updates"], grow["baseline_num_updates"]) == (1932, 4311)
    assert grow["paper"]["test_accuracy"] == "94.4 %"
    assert by_arm["grow", "sgd"]["paper"] is None
    assert grow["curves"]["epochs"] == [1, 24, 48]
    assert len(grow["curves"]["test_accuracy"]["std"]) == 3
    worse = next(each for each in read["findings"] if each["arm"] == "worse")
    assert (worse["num_diverged"], worse["as_expected"]) == (1, "yes")
    assert read["starts"][0]["command"][0] == "compare"
