"""A report under a person's eyes: the page, a short table, and what is computed in sentences."""

from collections.abc import Sequence
from pathlib import Path

from bsgrow.cli.console import note, print_json, print_words
from bsgrow.cli.format import Format
from bsgrow.cli.table import Column, FittedTable, figures
from bsgrow.cli.terminal import out
from bsgrow.errors import InputError
from bsgrow.reporting.matplotlib_defaults import import_matplotlib
from bsgrow.reporting.report.as_json import report_as_dict
from bsgrow.reporting.report.findings import Finding, findings
from bsgrow.reporting.report.folder import read_results
from bsgrow.reporting.report.results import MAIN, Results, Series
from bsgrow.reporting.report.rows import rows_of
from bsgrow.reporting.report.statements import progress, sensitivity, statement, summary
from bsgrow.reporting.report.units import unit_of
from bsgrow.text.printable import printable

_SUFFIXES = (".html", ".htm")


def print_report(folder: Path, page: Path, output: Format) -> None:
    """Write the page and its figures, and what is computed to stdout.

    Raises:
        InputError: the folder holds no experiment, or the page is of another kind.
        BsgrowError: a file cannot be read or written.
    """
    _require_page(page)
    results = read_results(folder)
    import_matplotlib()
    from bsgrow.reporting.report.figures import draw_pictures
    from bsgrow.reporting.report.page import write_page

    found = findings(results)
    pictures = draw_pictures(results, page)
    write_page(page, results, found, pictures)
    if output is Format.JSON:
        files = [str(page.parent / file) for picture in pictures for file in picture.files]
        print_json(report_as_dict(results, found) | {"page": str(page), "pictures": files})
        return
    _print(results, found)
    out.print(f"page: {printable(page)}")


def _require_page(page: Path) -> None:
    if page.suffix.lower() not in _SUFFIXES:
        raise InputError(
            f"--out {printable(page)}: a page is a file that ends in .html",
            hint="--out report.html",
        )
    if not page.parent.is_dir():
        raise InputError(
            f"--out {printable(page)}: there is no folder {printable(page.parent)}",
            hint="name a file in a folder that is there",
        )


def _print(results: Results, found: Sequence[Finding]) -> None:
    for optimizer, name in results.optimizers.items():
        for group in results.groups:
            shown = results.of(optimizer, group)
            if shown:
                title = ", ".join(filter(None, (name, "" if group == MAIN else group)))
                out.print(_table(results, shown, found, title))
        main = [each for each in found if each.series in results.of(optimizer, MAIN)]
        for each in main:
            print_words(statement(each, results))
        for words in (summary(optimizer, found, results), sensitivity(optimizer, found)):
            print_words(words)
    done = progress(results)
    if done.startswith("All"):
        print_words(done)
    else:
        note(done)


def _table(
    results: Results, shown: Sequence[Series], found: Sequence[Finding], title: str
) -> FittedTable:
    columns = (
        Column("arm"),
        *figures("n", unit_of(results.measure).name),
        *figures("updates"),
        Column("difference (90 % interval)", right=True, leaves=3),
        Column("beside the baseline", words=True),
        Column("came as expected", leaves=2),
        Column("wall-clock", right=True, leaves=1),
    )
    table = FittedTable(columns, title)
    for row in rows_of(results, shown, found):
        difference = row.difference or "–"
        cells = (row.arm, row.count, row.measure, row.updates or "–", difference, row.verdict)
        table.add_row(*cells, row.came or "–", row.wall_clock)
    return table
