"""Processes of a run beside each other: what differs from the first is named by rank."""

import pytest

from bsgrow.reporting.doctor import examine
from bsgrow.reporting.doctor.finding import Finding
from bsgrow.reporting.doctor.ranks import describe_process, differences, verdict_on_all

ALPHA = {"machine": "alpha", "device": "H200", "threads": 8, "lacks": [], "torch": "2.13.0"}
BETA = ALPHA | {"machine": "beta"}


@pytest.mark.parametrize(
    ("processes", "differ", "words"),
    [
        ([ALPHA, ALPHA, BETA], {}, "3 processes on 2 machines, all alike"),
        (
            [ALPHA, BETA | {"torch": "2.12.0", "threads": 4}, BETA | {"torch": "2.11.0"}],
            {"threads": [1], "torch": [1, 2]},
            "which differ from rank 0 in threads (rank 1), torch (ranks 1, 2)",
        ),
        ([ALPHA, ALPHA | {"pillow": "13"}], {"pillow": [1]}, "in pillow (rank 1)"),
        ([ALPHA | {"pillow": "13"}, ALPHA], {"pillow": [1]}, "in pillow (rank 1)"),
    ],
)
def test_what_differs_is_named_with_its_ranks(processes, differ, words):
    assert differences(processes) == differ
    assert words in verdict_on_all(processes)


def test_a_process_says_where_it_computes_and_what_with():
    findings = examine()
    described = describe_process(findings)
    assert described["device"] == "cpu"
    assert described["threads"] >= 1
    assert described["memory_bytes"] > 2**28
    assert described["lacks"] == []
    assert {"bsgrow", "python", "torch", "numpy"} <= described.keys()


def test_what_is_broken_stands_in_the_place_of_its_version():
    machine = Finding("machine", "alpha", "works", facts={"bsgrow": "1", "python": "3.11"})
    numpy = Finding("package", "numpy", "broken", needed=True, facts={"version": "2"})
    described = describe_process([machine, numpy])
    assert (described["numpy"], described["lacks"]) == ("broken", ["numpy"])
