"""What `bsgrow doctor` found, as a table or JSON."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

import typer
from rich.text import Text

from bsgrow.cli.console import print_error, print_json, print_words
from bsgrow.cli.findings_of_all import print_findings_together
from bsgrow.cli.format import Format
from bsgrow.cli.table import Column, FittedTable
from bsgrow.cli.terminal import out, plain_text
from bsgrow.errors import BsgrowError
from bsgrow.processes.launched import is_by_torchrun, rank, world_size
from bsgrow.reporting.doctor import Finding, examine, verdict


def print_findings(output: Format) -> None:
    """Examine this machine and write what is found; exits 1 where training cannot work.

    Processes that torchrun has started write one table of all.
    """
    findings = examine()
    ills = [finding for finding in findings if finding.needed and not finding.works]
    if is_by_torchrun() and world_size() > 1:
        if not any(ill.name == "torch" for ill in ills):  # without it nobody can be met
            print_findings_together(findings, output, lambda: _by_kind(findings))
            return
        if rank() > 0:
            raise _lacking(ills, f"rank {rank()} on {platform.node()}: ")
    if output is Format.JSON:
        print_json({"works": not ills, "verdict": verdict(findings), **_by_kind(findings)})
    else:
        out.print(_table(findings))
        print_words(f"\n{verdict(findings)}")
    if ills:
        print_error(_lacking(ills))
        raise typer.Exit(1)


def _lacking(ills: Sequence[Finding], who: str = "") -> BsgrowError:
    names = ", ".join(ill.name for ill in ills)
    return BsgrowError(f"{who}training cannot work without {names}", hint=ills[0].hint)


def _by_kind(findings: Iterable[Finding]) -> dict[str, dict[str, Any]]:
    """Return {kind: {name: the rest}}; findings of a kind stand together."""
    return {
        kind: {finding.name: _rest(finding) for finding in group}
        for kind, group in groupby(findings, lambda finding: finding.kind)
    }


def _rest(finding: Finding) -> dict[str, Any]:
    rest = {key: value for key, value in asdict(finding).items() if key not in ("kind", "name")}
    return {"works": finding.works} | rest


_COLUMNS = (Column(""), Column("name"), Column("state"), Column("what is known", words=True))


def _table(findings: Iterable[Finding]) -> FittedTable:
    table = FittedTable(_COLUMNS)
    for kind, group in groupby(findings, lambda finding: finding.kind):
        for index, finding in enumerate(group):
            state = plain_text(finding.state, _colour(finding))
            table.add_row("" if index else kind, finding.name, state, _describe(finding))
    return table


def _colour(finding: Finding) -> str:
    if finding.works:
        return "green"
    return "bold red" if finding.needed else "yellow"


def _describe(finding: Finding) -> Text:
    """Return what is known, why it does not work and what to do, a line each."""
    lines = [_one_line(finding.facts), finding.reason, finding.hint and f"hint: {finding.hint}"]
    return plain_text("\n".join(filter(None, lines)))


def _one_line(facts: Mapping[str, Any]) -> str:
    return "; ".join(f"{key.replace('_', ' ')} {_shown(value)}" for key, value in facts.items())


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_shown(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    return "none" if value is None else str(value)
