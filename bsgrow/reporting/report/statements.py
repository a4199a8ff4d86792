"""What the report says of each arm, in sentences that are computed."""

from collections.abc import Iterator, Sequence

from bsgrow.reporting.equivalence import INTERVAL, Equivalence
from bsgrow.reporting.report.findings import Finding, seen
from bsgrow.reporting.report.results import MAIN, Results
from bsgrow.reporting.report.units import Unit, listed, p_value, unit_of


def verdict(finding: Finding, results: Results) -> str:
    """Return what an arm is beside its baseline, in a few words."""
    tested = finding.tested
    words = "no finished runs to compare" if tested is None else _verdict(tested, finding, results)
    if not finding.num_diverged:
        return words
    diverged = f"{finding.num_diverged} of {len(finding.series.runs)} runs diverged"
    return diverged if tested is None else f"{diverged}; of the others: {words}"


def _verdict(tested: Equivalence, finding: Finding, results: Results) -> str:
    other = finding.baseline.label
    if tested.verdict == "different":
        return f"different from {other}"
    if results.margin is None:
        return f"not told apart from {other}"
    if tested.verdict == "not enough seeds":
        return "not enough seeds to tell"
    within = f"equivalent to {other} within {unit_of(results.measure).margin(results.margin)}"
    return f"{within}, though not equal" if tested.verdict == "equivalent, not equal" else within


def statement(finding: Finding, results: Results) -> str:
    """Return all that is computed of an arm beside its baseline."""
    unit = unit_of(results.measure)
    parts = [f"{finding.series.label}: {verdict(finding, results)}."]
    if finding.tested is not None:
        parts += _of_test(finding.tested, unit)
        parts += _of_seeds(finding.tested)
    parts += _of_gaps(finding, unit)
    return " ".join(parts)


def _of_test(tested: Equivalence, unit: Unit) -> Iterator[str]:
    side = unit.higher if tested.mean > 0 else unit.lower
    size = f"{unit.size(tested.mean)} {side}" if tested.mean else "the same"
    counts = " and ".join(map(str, tested.counts))
    if tested.interval is None:
        yield f"The mean {unit.name} is {size} (n = {counts}); a single run tells no spread."
        return
    tests = [] if tested.p_equivalence is None else [f"TOST {p_value(tested.p_equivalence)}"]
    tests += [f"difference {p_value(tested.p_difference or 0.0)}", f"n = {counts}"]
    interval = f"{100 * INTERVAL:.0f} % interval {unit.interval(tested.interval)}"
    if tested.freedom is None:
        interval = "the seeds of each are all alike"
    yield f"The mean {unit.name} is {size}, {interval} ({', '.join(tests)})."


def _of_seeds(tested: Equivalence) -> Iterator[str]:
    if tested.verdict != "not enough seeds" or tested.interval is None:
        return
    if tested.seeds_enough is None:
        yield "At this spread over 10 000 seeds of each would not tell."
    else:
        yield f"At this spread about {tested.seeds_enough} seeds of each would tell."


def _of_gaps(finding: Finding, unit: Unit) -> Iterator[str]:
    if (gap := finding.gap) is not None:
        yield (
            f"The mean curves of the {unit.name} are at most {gap.spreads:.1f} standard deviations "
            f"of the seeds apart, at epoch {gap.epoch:.4g} ({unit.signed(gap.difference)} "
            f"{unit.word})."
        )
    if (gap := finding.loss_gap) is not None:
        yield f"Those of the training loss are at most {gap.spreads:.1f}, at epoch {gap.epoch:.4g}."


def summary(optimizer: str, found: Sequence[Finding], results: Results) -> str:
    """Return one sentence on the main arms under an optimizer."""
    main = [each for each in found if _is_main(each, optimizer)]
    said: dict[str, list[str]] = {}
    for each in main:
        said.setdefault(verdict(each, results), []).append(each.series.label)
    name = results.optimizers[optimizer] or "All runs"
    if not said:
        return f"{name}: there is no arm to hold against another."
    return f"{name}: {'; '.join(f'{listed(arms)} – {words}' for words, arms in said.items())}."


def sensitivity(optimizer: str, found: Sequence[Finding]) -> str:
    """Return whether the experiment shows that it would have seen a difference."""
    own = [each for each in found if each.series.optimizer == optimizer]
    expected = [each for each in own if each.series.expect == "differs"]
    if not expected:
        return (
            "No run that is known to be worse was made here, so nothing shows that a difference "
            "would have been seen."
        )
    told = [each.series.label for each in seen(expected)]
    untold = [each.series.label for each in expected if each.series.label not in told]
    if all(each.tested is None and each.came != "yes" for each in expected):
        return f"The runs that ought to differ ({listed(untold)}) are not finished."
    if not told:
        return (
            f"No difference was seen where one was expected ({listed(untold)}), so that to be "
            "equivalent says little here."
        )
    rest = f". What cannot be told, or came out the same: {listed(untold)}" if untold else ""
    return f"A difference would be seen. What ought to differ, and did: {listed(told)}{rest}."


def progress(results: Results) -> str:
    """Return how much of the experiment is done."""
    states = [run.state for run in results.runs]
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    if counts == {"finished": len(states)}:
        return f"All {len(states)} runs are finished."
    rest = [f"{number} {state}" for state, number in counts.items() if state != "finished"]
    return (
        f"Partial: {counts.get('finished', 0)} of {len(states)} runs are finished; {listed(rest)}."
    )


def _is_main(finding: Finding, optimizer: str) -> bool:
    return (finding.series.optimizer, finding.series.group) == (optimizer, MAIN)
