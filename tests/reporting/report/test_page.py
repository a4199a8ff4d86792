"""The page in a real browser: its table, its keyboard, two widths, light and dark."""

import os

import pytest

from bsgrow.reporting.report.figures import draw_pictures
from bsgrow.reporting.report.findings import findings
from bsgrow.reporting.report.folder import read_results
from bsgrow.reporting.report.page import write_page
from tests.reporting.report import browser

REQUIRED = "browser" in os.environ.get("BSGROW_REQUIRE", "").split(",")
in_a_browser = pytest.mark.skipif(
    browser.found() is None and not REQUIRED, reason="no Chromium: install chromium-headless-shell"
)
CELLS = """[...document.querySelectorAll("table")].map(table =>
    [...table.rows].map(row => [...row.cells].map(cell => cell.innerText.trim())))"""
FOCUS = "document.activeElement.tagName + ' ' + (document.activeElement.innerText || '')"


@pytest.fixture(scope="module")
def written(partial, tmp_path_factory):
    """The page of a partial experiment, in a folder that has a name to be escaped."""
    page = tmp_path_factory.mktemp("page") / "it's <100 % done>.html"
    results = read_results(partial)
    write_page(page, results, findings(results), draw_pictures(results, page))
    return page


@pytest.fixture(scope="module")
def page(written, tmp_path_factory):
    with browser.opened(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@in_a_browser
def test_the_table_reads_as_it_was_computed(page, written):
    page.open(written)
    tables = page.value(CELLS)
    head, decay, grow = tables[0]
    assert head[:5] == ["arm", "n", "test accuracy", "updates", "fewer than published"]
    assert decay[:5] == ["decay", "4", "97.00 ± 0.17 %", "4311", "1.00×"]
    assert grow[:5] == ["grow", "2 of 4", "96.96 ± 0.09 %", "1932", "2.23×"]
    assert grow[6:9] == ["equivalent to decay within ±1 points", "the same", "yes"]
    assert grow[-1] == "94.4 %, about 29 000"
    assert [row[1] for row in tables[2]] == ["dose", "2", "4"]
    lost = {row[0].rpartition("small/")[2]: row[1:] for row in tables[-1][1:]}
    assert lost == {
        "grow/momentum/seed-1": ["unfinished", "it has begun, and is not finished"],
        "grow/momentum/seed-2": ["missing", "it has not begun"],
        "worse/momentum/seed-0": ["diverged", "the loss is nan <after> update 3"],
    }
    assert page.errors == []


@in_a_browser
def test_what_a_screen_reader_is_told(page, written):
    page.open(written)
    nodes = page.ask("Accessibility.getFullAXTree")["nodes"]
    named = [(node["role"]["value"], node.get("name", {}).get("value")) for node in nodes]
    tables = [name for role, name in named if role == "table"]
    assert tables[0].startswith("Arms, momentum: test accuracy at the end")
    pictures = [name for role, name in named if role in ("image", "img") and name]
    assert len(pictures) == page.value("document.querySelectorAll('figure').length") == 9
    assert pictures[0].startswith("Training loss and test accuracy of decay and grow")
    assert ("rowheader", "decay") in named
    assert ("columnheader", "updates") in named
    ids = page.value("[...document.querySelectorAll('[id]')].map(each => each.id)")
    assert len(ids) == len(set(ids))


@in_a_browser
def test_each_seed_is_reached_by_keyboard(page, written):
    page.open(written)
    for _ in range(40):
        page.press("Tab")
        if page.value(FOCUS) == "SUMMARY 97.00 ± 0.17 %":
            break
    assert page.value("document.activeElement.title").startswith("seed 0: 96.80 %\nseed 1: 97.19 %")
    page.press("Enter")
    shown = page.value("document.querySelector('details[open] .seeds').innerText")
    assert shown.splitlines() == [
        *("seed 0: 96.80 %", "seed 1: 97.19 %", "seed 2: 97.06 %", "seed 3: 96.93 %"),
    ]


@in_a_browser
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_is_read_in_light_and_dark(page, written, width, scheme):
    page.open(written, width, scheme)
    assert page.value("document.documentElement.scrollWidth") == width
    ink, ground = (
        page.value(f"getComputedStyle(document.{where}).{what}")
        for where, what in (("querySelector('figure svg text')", "fill"), ("body", "background"))
    )
    values = [int(text.partition("rgb(")[2].partition(",")[0]) for text in (ink, ground)]
    assert (values[0] < 60 < 200 < values[1]) == (scheme == "light")
    assert (values[1] < 60 < 200 < values[0]) == (scheme == "dark")
    assert page.errors == []


def test_nothing_in_it_comes_from_elsewhere_or_is_code(written):
    text = written.read_text()
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; \\x1b[31mred" in text
    assert "src=" not in text
    assert "@import" not in text
    assert {part[:4] for part in text.split('href="')[1:]} <= {"#mai", '#s1"', '#s2"'} | {
        *("#run", "#ori", "#rec", "#met", "data", "it%2", "#fig"),
    }


def test_each_figure_stands_beside_it(written):
    names = {path.name for path in written.parent.iterdir()}
    sets = ("1-momentum", "2-momentum-controls", "3-momentum-dose-growth-factor", "4-sgd")
    kinds = [f"{name}-{kind}" for name in sets for kind in ("curves", "schedule")]
    kinds.append(f"{sets[2]}-dose")
    beside = {f"{written.stem}-{kind}.{suffix}" for kind in kinds for suffix in ("svg", "png")}
    assert names == {written.name, *beside}


@in_a_browser
def test_what_goes_wrong_in_a_page_is_noticed(page, tmp_path):
    wrong = tmp_path / "wrong.html"
    wrong.write_text("<img src=nowhere.png><script>throw Error('no')</script>")
    page.open(wrong)
    assert len(page.errors) >= 2
    page.errors.clear()
