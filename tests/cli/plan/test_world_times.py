"""The wall-clock over ranks, as `bsgrow plan` shows it."""

import csv
import io
import json
from pathlib import Path

import pytest

from bsgrow.cli.numbers import duration

ROWS = [
    {"case": "train", "system": "bsgrow", "global_batch_size": size, "samples_per_second": 1000.0}
    for size in (64, 8192)
]
NETWORK = {
    "latency_seconds": 1e-3,
    "bandwidth_bytes_per_second": 1e9,
    "gradient_bytes": 1_000_000,
    "world_size": 2,
    "transport": "gloo",
}
WORDS = ("plan", "cifar10-grow", "--throughput", "bench.json", "--world-size", "1,8,64,1024")
GIVEN = ("--all-reduce", "latency=1ms,bandwidth=1GB/s,gradient=1MB")


@pytest.fixture
def planned(bsgrow):
    """Run the command on a file of measurements."""

    def planned(*words, **measured):
        Path("bench.json").write_text(json.dumps({"rows": ROWS, **measured}))
        return bsgrow(*WORDS, *words)

    return planned


def line(done, start):
    return next(line for line in done.out.splitlines() if line.startswith(start))


def test_a_row_for_each_phase_and_the_whole_run(planned):
    done = planned(all_reduce=NETWORK)
    assert done.code == 0, done.err
    start = done.out.index("pays up to")
    rows = done.out[start:].splitlines()[1:]
    assert rows[0].split("  ")[0] == "0 – 60"
    assert [row.split("  ")[-1].strip() for row in rows[:4]] == [
        "1 rank",
        "1 rank",
        *["8 ranks"] * 2,
    ]
    assert "50 min 00 s, 100 %" in rows[0]
    assert [row.split()[0] for row in rows[4:7]] == ["all", "decaying", "faster"]
    factors = [float(word.rstrip("×")) for word in rows[6].split()[1:]]
    assert factors == sorted(factors)
    assert factors[0] == 1
    assert factors[-1] > 2


def test_what_pays_is_said_in_words(planned):
    done = planned(all_reduce=NETWORK)
    assert line(done, "8 ranks pay") == (
        "8 ranks pay from epoch 120 on, at a batch of 3200; 64 ranks in no phase; "
        "1024 ranks in no phase"
    )
    assert "256 samples or more for each (run.min_samples_per_device)" in done.out
    assert "an efficiency of 50 % or more (--efficiency)" in done.out
    low = planned(
        *("--efficiency", "0.01", "--set", "run.min_samples_per_device=1"), all_reduce=NETWORK
    )
    assert line(low, "8 ranks pay from epoch 60 on, at a batch of 640; 64 ranks from epoch 60 on")
    high = planned("--efficiency", "1", all_reduce=NETWORK)
    assert line(high, "8 ranks pay in no phase; 64 ranks in no phase")


def test_communication_is_said_with_its_algorithm(planned):
    done = planned(all_reduce=NETWORK)
    assert line(done, "all-reduce") == (
        "all-reduce of 977 KiB: 8 ranks 8 ms (tree), 64 ranks 14 ms (tree), "
        "1024 ranks 22 ms (tree); hidden: none"
    )
    ring = planned("--all-reduce", "latency=1ns,overlap=0.25", all_reduce=NETWORK)
    assert "8 ranks 1.75 ms (ring)" in line(ring, "all-reduce")
    assert line(ring, "all-reduce").endswith("hidden: behind 25 % of the last backward")


def test_given_by_an_option_or_by_the_file_is_the_same(planned):
    assert planned(*GIVEN).out == planned(all_reduce=NETWORK).out
    Path("two.json").write_text(json.dumps({"all_reduce": NETWORK}))
    assert planned("--all-reduce", "two.json").out == planned(*GIVEN).out


def test_without_either_communication_is_free_and_that_is_said(planned):
    done = planned()
    assert done.code == 0
    assert any("communication counts as free" in note for note in done.notes)
    assert "all-reduce of" not in done.out
    assert not any("communication counts as free" in note for note in planned(*GIVEN).notes)


def test_what_ranks_cost_each_other_is_of_the_file_that_has_the_all_reduce(planned):
    cost, other = {"slowdown": 1.25, "dispersion_seconds": 1e-3}, {"slowdown": 2}
    done = planned(all_reduce=NETWORK, interference=cost)
    said = line(done, "an update of 5120 waits for the slowest: 8 ranks ")
    assert said.endswith("take 1.25 times as long as one alone")
    Path("two.json").write_text(json.dumps({"all_reduce": NETWORK, "interference": other}))
    words, texts = ("--format", "json"), [(), GIVEN, ("--all-reduce", "two.json")]
    found = [planned(*each, *words, interference=cost).out for each in texts]
    first, second, third = (json.loads(text)["interference"] for text in found)
    assert first == second == cost
    assert third == {"slowdown": 2, "dispersion_seconds": 0.0}
    rows = json.loads(found[0])["world_sizes"]
    assert [row["wait_seconds"] > 0 for row in rows[:4]] == [False] * 4, "a ghost batch"
    assert [row["wait_seconds"] > 0 for row in rows[4:8]] == [False, True, True, True]
    assert "the slowest" not in planned(all_reduce=NETWORK).out


def test_json_and_csv_have_the_same_numbers(planned):
    value = json.loads(planned(*GIVEN, "--format", "json").out)
    rows = list(csv.DictReader(io.StringIO(planned(*GIVEN, "--format", "csv").out)))
    for index, (row, phase) in enumerate(zip(rows, value["phases"], strict=True)):
        for time in value["world_sizes"][4 * index : 4 * index + 4]:
            world = time["world_size"]
            assert float(row[f"predicted_seconds_{world}"]) == time["predicted_seconds"]
            assert float(row[f"efficiency_{world}"]) == time["efficiency"]
        assert int(row["largest_paying_world_size"]) == phase["largest_paying_world_size"]
    assert value["all_reduce"]["gradient_bytes"] == 1_000_000
    assert [total["world_size"] for total in value["world_size_totals"]] == [1, 8, 64, 1024]


def test_several_recipes(planned):
    done = planned("cifar10-hybrid", *GIVEN, "--plot", "two.svg")
    assert done.code == 0, done.err
    assert done.out.count("pays up to") == 2
    assert "cifar10-hybrid: batch 128 to 640" not in done.out
    rows = list(csv.DictReader(io.StringIO(planned("digits", *GIVEN, "--format", "csv").out)))
    assert {row["recipe"] for row in rows} == {"cifar10-grow", "digits"}


def test_the_picture_is_of_the_wall_clock_only_where_it_is_predicted(planned, bsgrow):
    planned(*GIVEN, "--plot", "clock.svg")
    bsgrow(*WORDS[:2], *WORDS[4:], "--plot", "ranks.svg")
    bsgrow(*WORDS[:2], "--plot", "plan.svg")
    assert Path("ranks.svg").read_bytes() == Path("plan.svg").read_bytes()
    assert Path("clock.svg").read_bytes() != Path("plan.svg").read_bytes()


def test_an_unknown_gradient_is_an_error_before_anything_is_printed(planned):
    of_a_folder = ("--set", "data={name='mine', num_samples=50000}")
    done = planned(*of_a_folder, "--all-reduce", "latency=1ms,bandwidth=1GB/s", "--plot", "a.png")
    assert (done.code, done.out) == (2, "")
    assert done.error.startswith("data.name = 'mine': the size of the gradient follows from")
    assert not Path("a.png").exists()
    two = planned("cifar10-hybrid", *of_a_folder, "--all-reduce", "latency=1ms,bandwidth=1GB/s")
    assert (two.code, two.out) == (2, "")
    assert planned(*of_a_folder, *GIVEN).code == 0


@pytest.mark.parametrize(
    ("words", "measured", "message"),
    [
        (("--efficiency", "0"), {}, "--efficiency 0.0: must be above 0 and at most 1"),
        (("--efficiency", "1.5"), {}, "--efficiency 1.5: must be"),
        (("--efficiency", "nan"), {}, "--efficiency nan: must be"),
        (("--efficiency", "-1"), {}, "--efficiency -1.0: must be"),
        (("--all-reduce", ""), {}, ".: cannot be read"),
        (("--all-reduce", "none.json"), {}, "none.json: cannot be read"),
        (("--all-reduce", "latency=1ms"), {}, "latency=1ms: the bandwidth of an all-reduce"),
        (("--all-reduce", "bench.json"), {}, "no all_reduce is in this file"),
        ((), {"all_reduce": 3}, "bench.json, all_reduce = 3: must be an object"),
        ((), {"all_reduce": {"latency_seconds": -1}}, "all_reduce.latency_seconds = -1: must be"),
        ((), {"interference": [1]}, "bench.json, interference = [1]: must be an object"),
        ((), {"interference": {"slowdown": 0.5}}, "interference.slowdown = 0.5: must be a number"),
        ((), {"all_reduce": {"latency_seconds": 1}}, "bench.json: the bandwidth of an all-reduce"),
    ],
    ids=str,
)
def test_wrong_values(planned, words, measured, message):
    done = planned(*words, **measured)
    assert done.code == 2
    assert message in done.err
    assert done.hint
    assert done.out == ""


def test_one_rank_alone(bsgrow):
    Path("bench.json").write_text(json.dumps({"rows": ROWS}))
    done = bsgrow(*WORDS[:4], "--world-size", "1", "--plot", "one.png")
    assert done.code == 0
    assert " pay " not in done.out.rpartition("--efficiency")[2]


def test_the_plan_is_predicted_on_the_ranks_that_it_says(planned):
    done = planned("--set", "run.world_sizes=[1, 8, 64, 64]", all_reduce=NETWORK)
    phases, (_, *over_ranks) = done.out.split("\n\n")[0], done.out.split("pays up to\n")
    first = [phase.split("  ")[-1].strip() for phase in phases.splitlines()[1:5]]
    cells = [row.split("  ") for row in over_ranks[0].splitlines()[:4]]
    columns = [[cell.partition(",")[0].strip() for cell in row if "%" in cell] for row in cells]
    assert first == [row[i] for row, i in zip(columns, (0, 1, 2, 2), strict=True)]
    value = json.loads(
        planned(
            *("--set", "run.world_sizes=[1, 8, 64, 64]", "--format", "json"), all_reduce=NETWORK
        ).out
    )
    assert phases.splitlines()[6].startswith(f"{duration(value['predicted_seconds'])} predicted")
    ratio = value["baseline_predicted_seconds"] / value["predicted_seconds"]
    assert phases.splitlines()[6].endswith(f"({ratio:.2f}×)")
