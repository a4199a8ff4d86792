"""Recipes beside each other."""

import io

from rich.console import Console

from bsgrow.cli.plan.side_by_side import phases_side_by_side, totals_side_by_side


def text_of(table):
    console = Console(file=io.StringIO(), width=400)
    console.print(table)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_phases_stand_in_one_row(named):
    entries = named("cifar10-grow", "cifar10-grow-lr-momentum")
    lines = text_of(phases_side_by_side(entries))
    assert lines[0].split() == ["cifar10-grow", "cifar10-grow-lr-momentum"]
    assert lines[1].split() == ["epochs", "global", "batch", "lr", "updates"] * 2
    assert " ".join(lines[2].split()) == "0 – 60 128 0.1 23438 0 – 60.03 3200 0.5 938"
    assert len(lines) == 6


def test_plans_of_different_length(named):
    shorter = named(
        "cifar10-grow",
        settings=["growth.mode=hybrid", "schedule.epochs=130", "schedule.curve.milestones=[60]"],
    )[0]
    longer = named("cifar10-grow")[0]
    lines = text_of(phases_side_by_side([shorter, longer]))
    assert len(lines) == 2 + 4 > 2 + len(shorter.plan.phases)
    assert lines[-1].split()[-1] == f"{longer.plan.phases[-1].num_updates}"


def test_totals_are_compared_with_the_first(named):
    lines = text_of(totals_side_by_side(named("cifar10-grow", "cifar10-hybrid", "cifar10-decay")))
    rows = {line.split()[0]: line.split()[1:] for line in lines}
    assert rows["num_updates"] == ["29142", "34376", "(1.18×)", "78125", "(2.68×)"]
    assert rows["baseline_num_updates"] == ["78125", "78125", "(=)", "78125", "(=)"]
    assert rows["growth.mode"] == ["grow", "hybrid", "decay"]
    assert rows["growth.max_batch_size"] == ["5120", "–", "–"]
