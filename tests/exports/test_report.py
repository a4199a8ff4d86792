"""What the table of systems says, and when the check fails."""

from importlib.util import find_spec

from bsgrow.schedule.export import FORMATS
from tests.exports.compare import compare
from tests.exports.exporting import Exported
from tests.exports.plans import PLANS
from tests.exports.registry import SYSTEMS
from tests.exports.report import Driven, page
from tests.exports.rules import RULES

PLAN = PLANS[0]
SAME = compare(PLAN.updates, PLAN.updates, is_cut=PLAN.is_cut)
SHORT = compare(PLAN.updates[:-2], PLAN.updates, is_cut=PLAN.is_cut)
EXACT = Exported(PLAN, "text", True, "")
NEAR = Exported(PLAN, "text", False, "it waits")
REFUSED = Exported(PLAN, "", False, "no such batch")


def test_every_format_has_a_system_a_rule_and_a_driver():
    assert {system.format for system in SYSTEMS} == set(FORMATS) == set(RULES)
    assert all(find_spec(system.module_name) for system in SYSTEMS)


def test_only_an_exact_export_must_be_followed():
    system = SYSTEMS[0]
    assert not Driven(system, EXACT, SAME).is_wrong
    assert Driven(system, EXACT, SHORT).is_wrong
    assert not Driven(system, NEAR, SHORT).is_wrong
    assert Driven(system, EXACT, error="ValueError: no").is_wrong
    assert Driven(system, NEAR, SAME, "not as its rule").is_wrong


def test_the_page_shows_runs_and_refusals():
    system = SYSTEMS[0]
    runs = [Driven(system, EXACT, SHORT), Driven(system, REFUSED)]
    text = page([system], {system.format: "0.1"}, runs, PLANS, "2026-01-02", 1e-4)
    total = PLAN.plan.num_updates
    row = f"| exact | {total - 2} of {total}; {total - 2} run | 0 | 0 | 0 |"
    assert f"| {system.format} | {PLAN.name} {row}\n" in text
    assert f"| {system.format} | {PLAN.name} | no such batch |\n" in text
    assert f"| {system.format} | 0.1 | {system.how} |\n" in text
    assert "on 2026-01-02" in text
