"""Tables that know where they are written to."""

import io

import pytest
from rich.console import Console

from bsgrow.cli.plan import output as plan_output
from bsgrow.cli.plan.options import Every, PlanFormat
from bsgrow.reporting.plan_views import Views

HEADS = ["cifar10-grow", "cifar10-hybrid"]


def terminal(width, encoding="utf-8"):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return Console(force_terminal=True, color_system=None, width=width, file=stream)


@pytest.mark.parametrize(("width", "together"), [(80, False), (120, True)])
def test_plans_stand_below_each_other_where_the_terminal_is_narrow(
    named, monkeypatch, width, together
):
    screen = terminal(width)
    monkeypatch.setattr(plan_output, "out", screen)
    plan_output.print_plans(named(*HEADS), Views(), PlanFormat.TABLE, Every.PHASE)
    screen.file.seek(0)
    lines = screen.file.read().splitlines()
    phases = lines[: next(i for i, line in enumerate(lines) if line.startswith("total"))]
    heads = [line.split() for line in phases if line.startswith("cifar10")]
    assert heads == ([HEADS] if together else [[head] for head in HEADS])
    assert all(len(line) <= width for line in phases)


def test_three_plans_in_a_pipe_are_not_wrapped(named, capsys):
    entries = named(*HEADS, "cifar10-grow-lr-momentum")
    plan_output.print_plans(entries, Views(), PlanFormat.TABLE, Every.PHASE)
    assert "0 – 60.03" in capsys.readouterr().out.splitlines()[2]


@pytest.mark.parametrize(("encoding", "shown"), [("utf-8", True), ("ascii", False)])
def test_a_terminal_without_blocks_gets_no_sketch(monkeypatch, encoding, shown):
    monkeypatch.setattr(plan_output, "out", terminal(80, encoding))
    assert plan_output.shows_sketch() == shown


def test_a_pipe_gets_no_sketch(monkeypatch):
    monkeypatch.setattr(plan_output, "out", Console(file=io.StringIO()))
    assert not plan_output.shows_sketch()
