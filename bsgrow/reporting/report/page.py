"""The page of a report: one file of HTML that needs no other, and no network."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import bsgrow
from bsgrow.files.atomic import write_atomically
from bsgrow.reporting.equivalence import ALPHA, INTERVAL, POWER
from bsgrow.reporting.report.figures import Picture
from bsgrow.reporting.report.findings import Finding
from bsgrow.reporting.report.results import MAIN, Results, Run, Series
from bsgrow.reporting.report.rows import Row, rows_of
from bsgrow.reporting.report.statements import progress, sensitivity, statement, summary
from bsgrow.reporting.report.units import unit_of
from bsgrow.text.command import quoted
from bsgrow.text.printable import printable_lines


def write_page(
    path: Path, results: Results, found: Sequence[Finding], pictures: Sequence[Picture]
) -> None:
    """Write the page; what it says is escaped, whatever names and texts hold.

    Raises:
        BsgrowError: it cannot be written.
    """
    text = render(results, found, pictures)
    write_atomically(path, lambda file: file.write(text.encode()))


def render(results: Results, found: Sequence[Finding], pictures: Sequence[Picture]) -> str:
    """Return the page as HTML."""
    unit = unit_of(results.measure)
    return (
        _environment()
        .get_template("page.html")
        .render(
            version=bsgrow.__version__,
            results=results,
            unit=unit,
            margin=None if results.margin is None else unit.margin(results.margin),
            alpha=f"{ALPHA:g}",
            interval=f"{INTERVAL:.0%}".replace("%", " %"),
            power=f"{POWER:.0%}".replace("%", " %"),
            progress=progress(results),
            sections=[_section(results, name, found, pictures) for name in results.optimizers],
            lost=[run for run in results.runs if run.state != "finished" or run.reason],
            origins=_origins(results.runs),
            recipes=[(_title(results, series), series.text) for series in results.series],
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bsgrow.reporting.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters["url"] = lambda name: quote(os.fsencode(name))
    environment.filters["command"] = _command
    environment.filters["as_json"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
    return environment


def _command(start: Mapping[str, Any]) -> str:
    """Return the command of a start as a shell takes it; empty where it is not recorded."""
    words = start.get("command")
    return quoted(*map(str, words)) if isinstance(words, list) else ""


def _printable(value: Any) -> Any:
    """Return text without characters that are not printable; what is HTML already stays."""
    is_text = isinstance(value, str) and not isinstance(value, Markup)
    return printable_lines(value) if is_text else value


def _section(
    results: Results, optimizer: str, found: Sequence[Finding], pictures: Sequence[Picture]
) -> Mapping[str, Any]:
    """Return what is shown of an optimizer."""
    groups = [group for group in results.groups if results.of(optimizer, group)]
    return {
        "title": results.optimizers[optimizer],
        "summary": summary(optimizer, found, results),
        "sensitivity": sensitivity(optimizer, found),
        "groups": [_group(results, optimizer, group, found, pictures) for group in groups],
    }


def _group(
    results: Results,
    optimizer: str,
    group: str,
    found: Sequence[Finding],
    pictures: Sequence[Picture],
) -> Mapping[str, Any]:
    rows = rows_of(results, results.of(optimizer, group), found)
    of_group = (optimizer, group)
    own = [each for each in found if (each.series.optimizer, each.series.group) == of_group]
    return {
        "title": _heading(group),
        "is_main": group == MAIN,
        "rows": rows,
        "has_dose": any(row.dose for row in rows),
        "has_expected": any(row.expected for row in rows),
        "papers": _papers(rows),
        "statements": [statement(each, results) for each in own],
        "pictures": [
            (picture, Markup(picture.svg))  # noqa: S704 - matplotlib's, which escapes its texts
            for picture in pictures
            if (picture.optimizer, picture.group) == of_group
        ],
    }


def _heading(group: str) -> str:
    return "Arms" if group == MAIN else group[:1].upper() + group[1:]


def _papers(rows: Sequence[Row]) -> str:
    """Return on what the paper's figures are; empty where no row has any."""
    return " and ".join(dict.fromkeys(row.paper.data for row in rows if row.paper))


def _title(results: Results, series: Series) -> str:
    name = results.optimizers[series.optimizer]
    return f"{series.label}, {name}" if name else series.label


def _origins(runs: Sequence[Run]) -> list[tuple[str, list[str]]]:
    """Return what runs were begun with, each once, and which runs those are."""
    found: dict[str, list[str]] = {}
    for run in runs:
        if run.origin:
            found.setdefault(json.dumps(run.origin, indent=2, sort_keys=True), []).append(run.path)
    return list(found.items())
