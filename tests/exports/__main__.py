"""Drive every plan in every system, write the table, and fail where an exact export is not one."""

import argparse
import datetime
from pathlib import Path

from tests.exports.compare import LR_TOLERANCE, compare
from tests.exports.environments import ROOT, NotInstalledError, drive, interpreter
from tests.exports.exporting import Exported, exported
from tests.exports.plans import PLANS
from tests.exports.registry import SYSTEMS, System
from tests.exports.report import Driven, page
from tests.exports.rules import RULES


def main() -> int:
    """Return 1 where a system did something else than an exact export says, else 0."""
    options = _options()
    chosen = [system for system in SYSTEMS if system.format in options.systems]
    runs, versions = [], {}
    for system in chosen:
        versions[system.format], driven = _drive(system, options)
        runs += driven
        print(f"{system.format}: {versions[system.format]}, {len(driven)} plans", flush=True)
    options.out.parent.mkdir(exist_ok=True)
    today = datetime.datetime.now(tz=datetime.UTC).date()
    options.out.write_text(page(chosen, versions, runs, PLANS, today.isoformat(), LR_TOLERANCE))
    wrong = [run for run in runs if run.is_wrong]
    for run in wrong:
        print(f"{run.system.format} {run.exported.plan.name}: {run.comparison or run.error}")
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.exports", description=__doc__)
    names = [system.format for system in SYSTEMS]
    parser.add_argument("--systems", nargs="+", choices=names, default=names)
    parser.add_argument("--environments", type=Path, default=ROOT / "build/exports")
    parser.add_argument(
        "--sources", type=Path, help="folder of checkouts, for what pip does not install"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs/exports.md")
    return parser.parse_args()


def _drive(system: System, options: argparse.Namespace) -> tuple[str, list[Driven]]:
    exports = [exported(plan, system.format) for plan in PLANS]
    written = [export for export in exports if export.text]
    refused = [Driven(system, export) for export in exports if not export.text]
    try:
        python = interpreter(system, options.environments)
        cases = [export.plan.case(export.text) for export in written]
        answer = drive(system, python, cases, _checkout(system, options.sources))
    except (NotInstalledError, FileNotFoundError) as error:
        return f"not driven: {error}", [Driven(system, export) for export in exports]
    pairs = zip(written, cases, answer["answers"], strict=True)
    return answer["version"], [_held(system, *pair) for pair in pairs] + refused


def _checkout(system: System, sources: Path | None) -> Path | None:
    if not system.repository:
        return None
    if sources is None or not (sources / system.repository).is_dir():
        raise FileNotFoundError(f"--sources holds no {system.repository}")
    return sources / system.repository


def _held(system: System, export: Exported, case, answer) -> Driven:
    """Hold a run against the plan, and against the rule that the gate holds against plans."""
    if "error" in answer:
        return Driven(system, export, error=answer["error"])
    ran = [tuple(update) for update in answer["updates"]]
    comparison = compare(ran, export.plan.updates, is_cut=export.plan.is_cut)
    rule = compare(ran, list(RULES[system.format](case)), is_cut=False)
    error = "" if rule.is_followed else f"not as its rule in tests/exports: {rule}"
    return Driven(system, export, comparison, error)


if __name__ == "__main__":
    raise SystemExit(main())
