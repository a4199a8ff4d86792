"""The table of systems, as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.exports.compare import Comparison
from tests.exports.exporting import Exported
from tests.exports.plans import DrivenPlan
from tests.exports.registry import System

_PAGE = """\
# Exports, driven in the systems that they are for

Written by `make check-exports` on {date}. Each plan below was printed by
`bsgrow plan PLAN --format SYSTEM` ([what a plan is](../bsgrow/schedule/README.md)) and run by that
system to its end; what every parameter update had is held against what the plan says of it.
`make test` holds the same plans against each system's rule, restated in
[`tests/schedule/export/systems.py`](../tests/schedule/export/systems.py); here these rules are held
against the systems too, and where one is wrong the table says so.

## Plans

Micro-batches of 8 samples, one rank, 8 tokens per sample; in
[`tests/exports/plans`](../tests/exports/plans).

{plans}
## Systems

Each in an environment of its own. What pip does not install is driven from a checkout at the
commit, in the folder that `make check-exports SOURCES=FOLDER` names.

{systems}
## Updates, run and planned

The differences are the largest over the updates compared: of the batch size in samples, of lr
relative to the plan's highest (up to {tolerance:g} where a table is interpolated), and of the
samples consumed before an update. The last update is not compared where the plan cuts it. An export
is exact where `bsgrow plan` writes it without `--approximate`.

{runs}
## Refused

{refused}"""
_RUN_COLUMNS = ("system", "plan", "export", "updates compared", "batch", "lr", "samples")


@dataclass(frozen=True)
class Driven:
    """One plan in one system: a comparison, or why there is none."""

    system: System
    exported: Exported
    comparison: Comparison | None = None
    error: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether the system did not run, or not what an exact export promises."""
        if self.error:
            return True
        run = self.comparison
        return run is not None and self.exported.is_exact and not run.is_followed


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def page(
    systems: Sequence[System],
    versions: Mapping[str, str],
    runs: Sequence[Driven],
    plans: Sequence[DrivenPlan],
    date: str,
    tolerance: float,
) -> str:
    """Return the whole page."""
    return _PAGE.format(
        date=date,
        tolerance=tolerance,
        plans=table(["plan", "what it is", "updates"], [_plan(plan) for plan in plans]),
        systems=table(
            ["system", "version", "what of it was run"],
            [
                (system.format, versions[system.format] + system.at, system.how)
                for system in systems
            ],
        ),
        runs=table(_RUN_COLUMNS, [_run(run) for run in runs if run.exported.text]),
        refused=table(
            ["system", "plan", "reason"],
            [
                (run.system.format, run.exported.plan.name, run.exported.refusal)
                for run in runs
                if not run.exported.text
            ],
        ),
    )


def _plan(plan: DrivenPlan) -> tuple[str, str, int]:
    return plan.name, plan.recipe.description, plan.plan.num_updates


def _run(run: Driven) -> list[object]:
    export = "exact" if run.exported.is_exact else "`--approximate`"
    row = [run.system.format, run.exported.plan.name, export]
    if run.comparison is None:
        return [*row, run.error or "not driven", "", "", ""]
    it = run.comparison
    updates = f"{it.num_compared} of {it.num_planned}"
    if it.num_run != it.num_planned:
        updates += f"; {it.num_run} run"
    if run.error:
        updates += f"; {run.error}"
    return [*row, updates, it.batch_size, f"{it.lr:.1g}", it.consumed_samples]
