"""The check of a machine: what becomes of each part, and what a report holds at any moment."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import sysconfig
import time

import pytest

from tests.device_check import building
from tests.device_check.checking import UNBUILT, check, chosen
from tests.device_check.figures import of_limit, passed_tests
from tests.device_check.growth_waits import at_changes
from tests.device_check.machine import asked_for, has_headers, lacking
from tests.device_check.part import Figure, Machine, NotPossibleError, Part
from tests.device_check.registry import PARTS
from tests.device_check.report import Outcome
from tests.device_check.running import ROOT, run


@pytest.fixture
def machine(tmp_path):
    return Machine(0, tmp_path, {"cards": []}, lambda name: True)


def number(stdout, machine):
    return [Figure("number", float(stdout), least=2)]


def part(name, code="print(3)", limit=30.0):
    return Part(name, "", limit, lambda machine: (sys.executable, "-S", "-c", code), number)


def without_card(machine):
    raise NotPossibleError("needs a card")


def done(machine, *parts, budget=60.0):
    path = machine.scratch / "out/report.json"
    results = check(parts, machine, budget, path)
    return results, json.loads(path.read_text())


@pytest.mark.parametrize(
    ("code", "outcome", "reason"),
    [
        ("print(3)", "passed", None),
        ("print(1)", "failed", "goal missed: number 1 (goal ≥ 2)"),
        ("print('x')", "failed", 'its output cannot be read: ValueError("could not convert'),
        ("print(3); raise SystemExit(7)", "failed", "exit code 7"),
        ("import not_there", "failed", "exit code 1, not_there is not installed"),
        (f"raise SystemExit({UNBUILT!r})", "failed", "exit code 1, bsgrow._native is not built"),
    ],
)
def test_what_becomes_of_a_part(machine, code, outcome, reason):
    (result,), report = done(machine, part("one", code))
    assert result.outcome == report["parts"][0]["outcome"] == outcome
    assert result.is_bad == (outcome == "failed")
    assert result.reason is None if reason is None else result.reason.startswith(reason)
    assert reason is None or report["parts"][0]["output"]


def test_a_machine_says_what_it_lacks(tmp_path, monkeypatch):
    asked = ["numpy>=1000; python_version >= '3'", "not-there", "other; python_version < '3'"]
    assert lacking([*asked, "pytest>=8"]) == ["numpy>=1000", "not-there"]
    assert lacking(asked_for()) == []
    assert UNBUILT in (ROOT / "bsgrow/native/extension.py").read_text()
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setenv("CPATH", str(tmp_path / "carried"))
    assert not has_headers()
    (tmp_path / "carried").mkdir()
    (tmp_path / "carried/Python.h").touch()
    assert has_headers()


def test_without_headers_the_modules_that_are_there_are_kept(monkeypatch, capsys):
    monkeypatch.setattr(building, "has_headers", lambda: False)
    monkeypatch.setattr(building, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["building"])
    with pytest.raises(SystemExit) as ended:
        building.main()
    said = capsys.readouterr()
    assert (ended.value.code, json.loads(said.out)["_native"]) == (None, 1)
    assert said.err.startswith("not built: Python.h is not there")


def test_what_is_not_possible_fails_nothing(machine):
    (result,), report = done(machine, Part("one", "", 1.0, without_card, number))
    assert (result.outcome, result.reason, result.is_bad) == (
        "not possible here",
        "needs a card",
        False,
    )
    assert report["facts"] == {"cards": []}


def leaving(child, then):
    """What starts a process, which has its open files too, and goes on beside it."""
    started = f"[sys.executable, '-S', '-c', {child!r}], close_fds=False"
    return f"import subprocess, sys, time; subprocess.Popen({started}); {then}"


SLEEPING = "import time; time.sleep(60)"


def test_at_its_limit_a_part_ends_with_all_that_it_has_started(machine):
    held = machine.scratch / "held"
    lock = (
        f"import fcntl, os; fd = os.open({str(held)!r}, os.O_CREAT); os.set_inheritable(fd, True)"
    )
    locked = f"{lock}; fcntl.flock(fd, fcntl.LOCK_EX); {leaving(SLEEPING, 'time.sleep(60)')}"
    results, _ = done(machine, part("slow", locked, limit=0.2), part("next"))
    assert [each.outcome for each in results] == ["limit reached", "passed"]
    assert results[0].is_bad
    with held.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_what_a_part_leaves_does_not_hold_up_the_next(machine):
    begun = time.monotonic()
    results, _ = done(machine, part("leaves", leaving(SLEEPING, "print(3)")), part("next"))
    assert [each.outcome for each in results] == ["passed", "passed"]
    assert time.monotonic() - begun < 30


def test_once_the_budget_is_used_up_parts_are_left_out(machine):
    results, report = done(machine, part("slow", SLEEPING), part("late"), budget=0.3)
    assert [each.outcome for each in results] == ["budget used up", "budget used up"]
    assert not any(each.is_bad for each in results)
    assert [each["seconds"] > 0 for each in report["parts"]] == [True, False]


# Without what this file imports, which takes seconds.
_KILLED = """
import sys
from pathlib import Path
from tests.device_check.checking import check
from tests.device_check.part import Machine, Part
def part(name, code):
    return Part(name, "", 30, lambda _: (sys.executable, "-S", "-c", code), lambda *_: [])
parts = [part("one", ""), part("two", "import time; time.sleep(3)")]
check(parts, Machine(0, Path(), {}, None), 60, Path(sys.argv[1]))
"""


def test_a_check_that_is_killed_loses_nothing(tmp_path):
    path = tmp_path / "report.json"
    process = subprocess.Popen([sys.executable, "-c", _KILLED, path], cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while outcomes_in(path) != ["passed", "not finished"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert outcomes_in(path) == ["passed", "not finished"]


def outcomes_in(path):
    return (
        [each["outcome"] for each in json.loads(path.read_text())["parts"]] if path.exists() else []
    )


def test_figures_are_read_of_what_pytest_and_bench_write():
    (passed, skipped), on_host = passed_tests("...s\n\n3 passed, 2 skipped in 0.61s\n", None), 0.5
    assert (passed.value, passed.is_met, skipped.value) == (3, True, 2)
    assert not passed_tests("2 skipped in 0.6s", None)[0].is_met
    row = {
        "system": "bsgrow",
        "global_batch_size": 128,
        "of_limit": on_host,
        "case": "a, one buffer",
    }
    (figure,) = of_limit(json.dumps({"rows": [row, row | {"system": "limit"}]}), 0.8)
    assert str(figure) == "of the limit at 128 into one buffer 0.5 (goal ≥ 0.8)"
    assert not figure.is_met
    assert not figure._replace(value=None).is_met


def test_the_updates_next_to_a_change_are_told_from_the_others():
    sizes, shares = [8, 8, 8, 8, 8, 16, 16, 16], [9.0, 9.0, 9.0, 0.1, 0.2, 0.3, 0.4, 0.6]
    assert at_changes(sizes, shares) == {
        "changes": [{"from": 8, "to": 16, "share": 0.3}],
        "elsewhere": 0.4,
    }


@pytest.mark.parametrize("num_cards", [0, 1, 2])
def test_each_part_runs_what_is_there_on_any_machine(tmp_path, num_cards):
    machine = Machine(num_cards, tmp_path, {}, lambda name: True)
    for each in PARTS:
        try:
            command = each.command(machine)
        except NotPossibleError:
            assert num_cards < 2, "with all that is needed, all can be done"
            continue
        paths = [argument for argument in command if argument.startswith(("tests/", "benchmarks/"))]
        assert all((ROOT / path).exists() for path in paths), command
    assert len({each.name for each in PARTS}) == len(PARTS)


def test_parts_are_chosen_by_name():
    assert [each.name for each in chosen(PARTS, ["DALI"])] == ["DALI"]
    assert list(chosen(PARTS, [])) == list(PARTS)


def test_the_environment_of_a_part_is_that_of_the_check_and_its_own():
    code = "import os; print(os.environ['OWN'], os.environ['PYTHONPATH'], os.getcwd())"
    ended = run((sys.executable, "-S", "-c", code), 30, {"OWN": "1"})
    assert ended.stdout.split()[0] == "1"
    assert ended.stdout.split()[1].split(os.pathsep)[0] == ended.stdout.split()[2] == str(ROOT)
    assert Outcome.PASSED == "passed"
