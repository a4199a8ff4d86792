"""`bsgrow doctor` in several processes: rank 0 writes one table of all."""

import json
import os
import sys

import torch

from bsgrow.cli import findings_of_all
from bsgrow.processes.launched import rank
from tests.in_process import Shell
from tests.training.processes import run_ranks


def examined(*words, odd=""):
    """Run the doctor on this rank; on rank 1 a module may be hidden, or threads be others."""
    os.environ["TORCHELASTIC_RUN_ID"] = "none"
    if rank() == 1 and odd == "threads":
        torch.set_num_threads(7)
    elif rank() == 1 and odd:
        sys.modules[odd] = None
    done = Shell()("doctor", *words)
    return done.code, done.out, done.err


def examined_with_other_threads():
    return examined(odd="threads")


def examined_without_the_core():
    return examined("--format", "json", odd="bsgrow._native")


def examined_without_torch():
    findings_of_all._SECONDS_TO_MEET = 0.5
    return examined(odd="torch")


def rows(out):
    return {words[0]: words[1:] for words in map(str.split, out.splitlines()) if words}


def test_rank_0_writes_a_row_for_each():
    (code, out, err), *others = run_ranks(3, examined)
    assert (code, err) == (0, "")
    assert rows(out)["0"] == rows(out)["1"] == rows(out)["2"]
    assert {"machine", "device", "threads", "memory", "torch"} <= {*out.splitlines()[0].split()}
    assert out.endswith("\n3 processes on 1 machine, all alike\n")
    assert others == [(0, "", "")] * 2


def test_what_differs_is_marked():
    (code, out, _), _ = run_ranks(2, examined_with_other_threads)
    assert code == 0
    assert rows(out)["0"][2] == "1"
    assert rows(out)["1"][2:4] == ["≠", "7"]
    assert out.endswith("2 processes on 1 machine, which differ from rank 0 in threads (rank 1)\n")


def test_json_has_all_that_each_found():
    (code, out, err), other = run_ranks(2, examined_without_the_core)
    report = json.loads(out)
    assert (code, other) == (1, (1, "", ""))
    assert report["works"] is False
    assert report["differences"] == {"lacks": [1]}
    assert [each["rank"] for each in report["ranks"]] == [0, 1]
    assert report["ranks"][0]["findings"]["module"]["_native"]["works"]
    assert report["ranks"][1]["findings"]["module"]["_native"]["state"] == "missing"
    assert "error: training cannot work: rank 1 lacks _native" in err


def test_a_process_without_torch_says_so_and_is_not_waited_for_without_end():
    first, second = run_ranks(2, examined_without_torch)
    assert (second[0], second[1]) == (1, "")
    assert "error: rank 1 on " in second[2]
    assert "training cannot work without torch" in second[2]
    assert first[0] == 1
    assert "error: rank 0 of 2 cannot join the others: rank 1 did not come" in first[2]
