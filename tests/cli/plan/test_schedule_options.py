"""`bsgrow plan` with a schedule written on the command line."""

import csv
import json

import pytest
from typer.testing import CliRunner

from bsgrow.cli.app import app
from bsgrow.errors import InputError

WRITTEN = ["--samples", "50000", "--epochs", "200", "--batch-size", "128", "--lr", "0.1"]
COSINE = ["--curve", "CosineAnnealingLR", "--curve-arg", "T_max=200"]


def plan(*arguments):
    return CliRunner().invoke(app, ["plan", *arguments], catch_exceptions=True)


def plan_json(*arguments):
    result = plan(*arguments, "--format", "json")
    assert result.exit_code == 0, result.exception
    return json.loads(result.stdout)


def sizes(written):
    return [phase["global_batch_size"] for phase in written["phases"]]


def test_a_schedule_without_a_recipe():
    written = plan_json(*WRITTEN, *COSINE, "--max-batch-size", "1024", "--momentum", "0.9")
    assert sizes(written) == [128, 256, 512, 1024]
    assert written["phases"][0]["momentum"] == 0.9
    first, last = written["phases"][0]["lr"]
    assert (first, last) == (0.1, pytest.approx(0.05, rel=1e-3))


def test_set_has_the_last_word():
    assert sizes(plan_json(*WRITTEN, *COSINE, "--set", "growth.factor=8")) == [128, 1024, 5000]
    assert plan_json(*WRITTEN, "--set", "schedule.epochs=3")["epochs"] == 3


def test_the_options_change_a_recipe():
    written = plan_json("cifar10-grow", "--epochs", "180", "--max-batch-size", "640")
    assert (written["epochs"], sizes(written)) == (180, [128, 640, 640, 640])
    other = plan_json("cifar10-grow", "--curve-arg", "gamma=0.5")
    assert sizes(other) == [128, 256, 512, 1024]


def test_everyday_flags_change_the_usual_recipe_where_none_is_named():
    flags = ["--epochs", "3", "--batch-size", "32", "--lr", "0.05", "--curve-arg", "milestones=[1]"]
    assert plan_json(*flags[:6], "--set", "schedule.curve.milestones=[1]") == plan_json(
        "digits", *flags
    )
    assert "no recipe is named, so that these change digits" in plan(*flags[:4], "--lr=1").stderr
    assert "no recipe is named" not in plan("digits", *flags).stderr


def test_positions_in_another_unit():
    updates = ["--curve", "CosineAnnealingLR", "--curve-arg", "T_max=78125", "--unit", "updates"]
    assert plan_json(*WRITTEN, *updates)["phases"] == plan_json(*WRITTEN, *COSINE)["phases"]


def test_the_table_shows_where_lr_moves():
    result = plan(*WRITTEN, *COSINE)
    assert "0.1 → 0.05" in result.stdout


def test_csv_of_phases_is_flat():
    result = plan(*WRITTEN, *COSINE, "--format", "csv")
    rows = list(csv.DictReader(result.stdout.splitlines()))
    assert [int(row["global_batch_size"]) for row in rows][:2] == [128, 256]
    assert float(rows[0]["lr"]) == 0.1
    assert float(rows[0]["last_lr"]) == pytest.approx(0.05, rel=1e-3)
    assert float(rows[0]["last_sgd_noise_scale"]) < float(rows[0]["sgd_noise_scale"])


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (WRITTEN[:6], "schedule.lr: is missing", "--samples, --epochs, --batch-size and --lr"),
        (
            [*WRITTEN[2:], *COSINE],
            "data.num_samples: is missing",
            "--samples, --epochs, --batch-size",
        ),
        ([*WRITTEN, "--curve-arg", "T_max"], "--curve-arg T_max: not of the form", "T_max=200"),
        ([*WRITTEN, "--curve", "Cosine"], "schedule.curve.name = 'Cosine': no such curve", None),
        ([*WRITTEN, "--curve", "CosineAnnealingLR"], "schedule.curve.T_max: is missing", None),
        ([*WRITTEN, "--unit", "steps"], "schedule.unit = 'steps': must be 'epochs'", None),
        ([*WRITTEN, "--samples", "0"], "data.num_samples = 0: must be greater than 0", None),
    ],
)
def test_what_is_wrong_is_named(arguments, message, hint):
    error = plan(*arguments).exception
    assert isinstance(error, InputError)
    assert message in error.message
    assert (hint or "") in (error.hint or "")
