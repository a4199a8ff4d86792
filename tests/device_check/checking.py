"""The parts one after another, within a budget; what is known so far is always in the report."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tests.device_check.part import Machine, NotPossibleError, Part
from tests.device_check.report import Outcome, Result, write_report
from tests.device_check.running import Ended, run

UNBUILT = "(bsgrow._native) cannot be loaded"
"""What a command says that needs it."""

_TAIL = 4000  # characters of output that a report keeps


def check(
    parts: Sequence[Part],
    machine: Machine,
    budget: float,
    path: Path,
    say: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Do the parts, and write the report after each; returns what came of them.

    Args:
        parts: those of most worth first, as later ones are left out once the budget is used up.
        machine: where they run.
        budget: seconds of all parts together.
        path: of the report.
        say: told each result as it comes.
    """
    begun, results = time.monotonic(), list[Result]()

    def write(*others: Result) -> None:
        seconds = time.monotonic() - begun
        write_report(path, machine.facts, budget, seconds, [*results, *others])

    for part in parts:
        write(Result(part.name, Outcome.UNFINISHED))
        results.append(_done(part, machine, budget - (time.monotonic() - begun)))
        write()
        say(results[-1])
    return results


def _done(part: Part, machine: Machine, seconds_left: float) -> Result:
    try:
        command = part.command(machine)
    except NotPossibleError as error:
        return Result(part.name, Outcome.NOT_POSSIBLE, str(error))
    if seconds_left <= 0:
        return Result(part.name, Outcome.BUDGET, command=command)
    limit = part.limit * machine.patience
    ended = run(command, min(limit, seconds_left), part.variables)
    result = Result(part.name, Outcome.PASSED, None, (), ended.seconds, command)
    if ended.code is None:
        result = _cut(result, limit, seconds_left)
    else:
        result = _judged(result, part, machine, ended)
    return result if result.outcome is Outcome.PASSED else replace(result, output=_tail(ended))


def _cut(result: Result, limit: float, seconds_left: float) -> Result:
    if seconds_left < limit:
        return replace(result, outcome=Outcome.BUDGET, reason=f"{seconds_left:.0f} s were left")
    return replace(result, outcome=Outcome.LIMIT, reason=f"{limit:g} s")


def _judged(result: Result, part: Part, machine: Machine, ended: Ended) -> Result:
    """Return the result of a command that has ended by itself, with its figures."""
    try:
        result, problems = replace(result, figures=part.read(ended.stdout, machine)), []
    except (ValueError, LookupError, TypeError) as error:
        problems = [f"its output cannot be read: {error!r}"]
    if ended.code:
        problems = [f"exit code {ended.code}", *_missing(ended)]
    problems += [f"goal missed: {each}" for each in result.figures if not each.is_met]
    if not problems:
        return result
    return replace(result, outcome=Outcome.FAILED, reason=", ".join(problems))


def _missing(ended: Ended) -> list[str]:
    """Return what a command says that it lacks."""
    said = "\n".join((ended.stdout, ended.stderr))
    modules = re.findall(r"No module named '([\w.]+)'", said)[:1]
    reasons = [f"{each} is not installed" for each in modules]
    return [*reasons, *(["bsgrow._native is not built"] if UNBUILT in said else [])]


def _tail(ended: Ended) -> str:
    return "\n".join(_last(each) for each in (ended.stdout, ended.stderr) if each.strip())


def _last(text: str) -> str:
    return text[-_TAIL:].strip()


def chosen(parts: Iterable[Part], names: Sequence[str]) -> Iterator[Part]:
    """Yield the parts of these names; all where there is none."""
    return (part for part in parts if not names or part.name in names)
