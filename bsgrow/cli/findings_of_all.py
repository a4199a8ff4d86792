"""What `bsgrow doctor` found in all processes that torchrun has started, as one table or JSON."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import typer

from bsgrow.cli.console import print_error, print_json, print_words
from bsgrow.cli.format import Format
from bsgrow.cli.table import Column, FittedTable
from bsgrow.cli.terminal import out, plain_text
from bsgrow.errors import BsgrowError
from bsgrow.reporting.doctor import Finding
from bsgrow.reporting.doctor.ranks import describe_process, differences, verdict_on_all

_SECONDS_TO_MEET = 60.0
_GIB = 2**30
_HINT = "`bsgrow doctor` on its machine, without torchrun, says why"


def print_findings_together(
    findings: Sequence[Finding], output: Format, by_kind: Callable[[], dict[str, Any]]
) -> None:
    """Gather what the processes found; rank 0 writes it; exits 1 where training cannot work on one.

    Args:
        findings: of this process; torch can be imported.
        output: how rank 0 writes.
        by_kind: the findings of this process for programs.

    Raises:
        LostProcessError: another process does not answer within a minute.
    """
    from bsgrow.training.group.torch_process_group import joined_group

    with joined_group(_SECONDS_TO_MEET) as group:
        processes = group.gather(describe_process(findings))
        reports = group.gather(by_kind() if output is Format.JSON else {})
    if group.rank == 0:
        _print(processes, reports, output)
    lacking = {rank: each["lacks"] for rank, each in enumerate(processes) if each["lacks"]}
    if lacking:
        if group.rank == 0:
            print_error(BsgrowError(_ills(lacking), hint=_HINT))
        raise typer.Exit(1)


def _print(
    processes: Sequence[Mapping[str, Any]], reports: Sequence[Mapping[str, Any]], output: Format
) -> None:
    if output is Format.TABLE:
        out.print(_table(processes))
        print_words(f"\n{verdict_on_all(processes)}")
        return
    ranks = [{"rank": r, **each, "findings": reports[r]} for r, each in enumerate(processes)]
    works = not any(each["lacks"] for each in processes)
    report = {"works": works, "verdict": verdict_on_all(processes)}
    print_json({**report, "differences": differences(processes), "ranks": ranks})


def _ills(lacking: Mapping[int, Sequence[str]]) -> str:
    each = (f"rank {rank} lacks {', '.join(names)}" for rank, names in lacking.items())
    return f"training cannot work: {'; '.join(each)}"


def _table(processes: Sequence[Mapping[str, Any]]) -> FittedTable:
    """Return a row a process; what differs from rank 0 is marked."""
    differ = differences(processes)
    keys = list(dict.fromkeys(key for process in processes for key in process))
    table = FittedTable([Column("rank", right=True), *(_column(key) for key in keys)])
    for rank, process in enumerate(processes):
        cells = [
            plain_text(f"≠ {text}", "bold yellow") if rank in differ.get(key, ()) else text
            for key, text in ((key, _shown(key, process.get(key))) for key in keys)
        ]
        table.add_row(str(rank), *cells)
    return table


def _column(key: str) -> Column:
    return Column(key.removesuffix("_bytes"), right=key in ("threads", "memory_bytes"))


def _shown(key: str, value: Any) -> str:
    if key == "memory_bytes":
        return f"{value / _GIB:.1f} GiB"
    if isinstance(value, list):
        return ", ".join(value) or "nothing"
    return "none" if value is None else str(value)
