"""What goes with the batch has its columns in each form of a plan."""

import csv
import json

from tests.reporting.test_moved_constants import EMA, SQRT


def test_columns_in_the_table_json_and_csv(bsgrow):
    lines = bsgrow("plan", "digits", settings=SQRT).out.splitlines()
    assert lines[0].split()[-6:] == ["updates", "β₁", "β₂", "ε", "weight", "decay"]
    assert lines[2].split()[-4:] == ["0.6561", "0.99601", "5e-09", "0.2"]
    phases = json.loads(bsgrow("plan", "digits", "--format", "json", settings=SQRT).out)["phases"]
    assert [phase["weight_decay"] for phase in phases][:2] == [0.1, 0.2]
    rows = csv.DictReader(
        bsgrow("plan", "digits", "--format", "csv", settings=SQRT).out.splitlines()
    )
    assert [float(row["beta1"]) for row in rows] == [phase["beta1"] for phase in phases]


def test_plans_side_by_side_share_the_columns_of_all(bsgrow):
    shown = bsgrow(
        "plan",
        "digits",
        "digits-adam-grow",
        "--format",
        "csv",
        settings=["growth.rule=sqrt", "growth.batch_exponent=1.0"],
    )
    rows = list(csv.DictReader(shown.out.splitlines()))
    assert {row["recipe"]: row["beta1"] == "" for row in rows} == {
        "digits": True,
        "digits-adam-grow": False,
    }


def test_an_update_of_a_csv_has_what_moves(bsgrow):
    shown = bsgrow("plan", "digits", "--format", "csv", "--every", "update", settings=[EMA])
    assert shown.out.splitlines()[0].endswith(",momentum,sgd_noise_scale,ema_decay")
