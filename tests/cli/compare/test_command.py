"""A comparison in which runs have diverged: shown, told apart, and a failure."""

import json

import pytest

from bsgrow.cli.compare.command import compare
from bsgrow.cli.format import Format
from bsgrow.errors import BsgrowError

SHORT = [
    "schedule.epochs=0.2",
    "schedule.global_batch_size=48",
    "schedule.curve={name='ConstantLR', factor=1.0}",
    "run.device=cpu",
]


def compared(folder, *settings, seeds="0,1", output=Format.JSON):
    return compare(
        "digits", seeds=seeds, overrides=[*SHORT, *settings], out_dir=folder, output=output, jobs=1
    )


@pytest.fixture(scope="module")
def one_diverged(tmp_path_factory):
    """A comparison, of which one run has ended with a loss that is not finite."""
    folder = tmp_path_factory.mktemp("compared")
    compared(folder)
    summary = folder / "grow" / "seed-1" / "summary.json"
    summary.write_text(json.dumps(json.loads(summary.read_text()) | {"test_loss": None}))
    return folder


def test_a_run_that_diverged_is_not_averaged(one_diverged, capsys):
    capsys.readouterr()
    with pytest.raises(
        BsgrowError, match=r"1 of 4 runs in .* in no .*; diverged: grow/seed-1(\n|$)"
    ):
        compared(one_diverged)
    printed, said = capsys.readouterr()
    decay, grow = json.loads(printed)["arms"]
    assert (decay["seeds"], decay["diverged"]) == ([0, 1], [])
    assert (grow["seeds"], len(grow["test_accuracies"])) == ([0], 1)
    assert grow["test_accuracy"] == {"mean": decay["test_accuracies"][0], "std": 0}
    (lost,) = grow["diverged"]
    assert lost["seed"] == 1
    assert "the test loss is nan after update" in lost["reason"]
    assert "grow/seed-1" not in said, "what is known to have diverged is not made again"
    assert json.loads((one_diverged / "compare.json").read_text()) == json.loads(printed)


def test_the_table_says_of_how_many_runs_it_is(one_diverged, capsys):
    with pytest.raises(BsgrowError) as caught:
        compared(one_diverged, output=Format.TABLE)
    assert caught.value.exit_code == 1
    of_two, of_one = capsys.readouterr().out.splitlines()[1:3]
    assert of_one.startswith("grow")
    assert " 1 of 2 " in of_one
    assert of_two.count(" ± ") == 2
    assert "±" not in of_one  # a single run has no deviation


def test_all_diverged(tmp_path, capsys):
    with pytest.raises(BsgrowError, match=r"2 of 2 runs in .*: decay/seed-0, grow/seed-0"):
        compared(tmp_path, "schedule.lr=1e30", seeds="0", output=Format.TABLE)
    printed = capsys.readouterr().out.splitlines()
    assert [row.split().count("diverged") for row in printed[1:3]] == [2, 2]
    assert (tmp_path / "compare.png").exists()
