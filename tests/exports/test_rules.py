"""Every plan that is exported exactly is followed exactly, by each system's rule restated.

``make check-exports`` holds the rules against the systems themselves.
"""

import pytest

from tests.exports.compare import compare
from tests.exports.exporting import printed
from tests.exports.plans import PLANS
from tests.exports.rules import RULES


@pytest.mark.parametrize("system", RULES)
def test_an_exact_export_is_followed(system):
    runs = {plan.name: run for plan in PLANS if (run := _run(system, plan)) is not None}
    assert runs
    assert {name: run for name, run in runs.items() if not run.is_followed} == {}


def _run(system, plan):
    text, _ = printed(plan, system)
    if not text:
        return None
    return compare(list(RULES[system](plan.case(text))), plan.updates, is_cut=plan.is_cut)
