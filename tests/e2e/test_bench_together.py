"""`bsgrow bench train` on two processes, as torchrun starts them, and what `plan` makes of it."""

import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest

from bsgrow.cli import main
from bsgrow.cli.bench.table import print_together
from tests.training.processes import run_ranks

WORDS = ["bench", "train", "digits", "--batch-sizes", "16,640", "--rounds", "1"]
WORDS += ["--seconds-per-round", "0", "--format", "json", "--set", "run.micro_batch_size=320"]


def measure(folder, words):
    """Run a command; what it prints is in files of the rank, and its exit code is returned."""
    rank = os.environ["RANK"]
    with (
        (folder / f"out-{rank}").open("w") as out,
        (folder / f"err-{rank}").open("w") as err,
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        sys.argv = ["bsgrow", *words]
        try:
            main()
        except SystemExit as ended:
            return ended.code or 0
    return 0


def printed(folder):
    return [(folder / f"out-{rank}").read_text() for rank in (0, 1)]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("together")
    codes = run_ranks(2, measure, folder, WORDS)
    assert codes == [0, 0], (folder / "err-0").read_text()
    return folder


def test_rank_0_alone_prints(measured):
    first, second = printed(measured)
    assert second == (measured / "err-1").read_text() == ""
    table = json.loads(first)
    assert {"hardware", "versions", "all_reduce", "interference", "rows"} == set(table)
    assert table["all_reduce"]["world_size"] == 2
    assert table["all_reduce"]["transport"] == "gloo"
    assert {row["world_size"] for row in table["rows"]} == {1, 2}


def test_plan_predicts_from_it_alone(measured, bsgrow):
    words = ["plan", "digits", "--throughput", str(measured / "out-0"), "--format", "json"]
    result = bsgrow(*words, "--world-size", "1,2,8")
    assert result.code == 0, result.err
    plan = json.loads(result.out)
    assert [each["world_size"] for each in plan["world_size_totals"]] == [1, 2, 8]
    divided = {each["world_size"]: each for each in plan["world_sizes"][:3]}
    assert divided[1]["all_reduce_seconds"] == 0
    assert 0 < divided[2]["all_reduce_seconds"] < divided[8]["all_reduce_seconds"]
    measured_cost = json.loads(printed(measured)[0])["interference"]
    assert {"slowdown": 1.0, "dispersion_seconds": 0.0} | measured_cost == plan["interference"]


def test_as_a_table(measured, capsys):
    print_together(json.loads(printed(measured)[0]))
    table = capsys.readouterr().out
    assert "all-reduce over 2 processes (gloo): latency" in table
    assert "processes that compute at the same time take" in table
    for column in ("processes", "efficiency", "communication"):
        assert column in table


def test_what_cannot_be_measured_is_said_once(tmp_path):
    codes = run_ranks(2, measure, tmp_path, [*WORDS, "--set", "run.micro_batch_size=7"])
    assert codes == [2, 2]
    assert "micro_batch_size" in (tmp_path / "err-0").read_text()
    assert (tmp_path / "err-1").read_text() == ""
