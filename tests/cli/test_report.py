"""`bsgrow report`: what it prints, what it writes, and what it refuses."""

import json

import pytest

from tests.reporting.report.conftest import made

TWO = """
name = "two"
recipe = "digits"
seeds = 2
margin = { measure = "test_loss", value = 0.05 }
[arms.decay]
[arms.grow]
"""


@pytest.fixture
def two(tmp_path):
    return made(tmp_path / "two", TWO)


def test_it_prints_a_table_and_sentences_and_writes_a_page(bsgrow, two):
    done = bsgrow("report", two)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].split()[:5] == ["arm", "n", "test", "loss", "updates"]
    assert lines[2].startswith("grow")
    assert "grow: equivalent to decay within ±0.05 nats." in done.out
    assert "All 4 runs are finished." in done.out
    assert lines[-1] == f"page: {two / 'report.html'}"
    beside = {path.name for path in two.glob("report*")}
    kinds = ("curves", "schedule")
    assert beside == {"report.html"} | {f"report-1-{k}.{s}" for k in kinds for s in ("png", "svg")}


def test_as_json_with_the_page_elsewhere(bsgrow, two, tmp_path):
    (two / "grow/seed-1/summary.json").unlink()
    done = bsgrow("report", two, "--out", "page.html", "--format", "json")
    report = json.loads(done.out)
    assert report["progress"].startswith("Partial: 3 of 4 runs are finished")
    assert report["findings"][0]["tested"]["counts"] == [1, 2]
    assert report["page"] == "page.html"
    assert all((tmp_path / name).exists() for name in (report["page"], *report["pictures"]))


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("nowhere",), "there is no folder nowhere"),
        ((".",), "holds no experiment"),
        ((".", "--out", "page.pdf"), "--out page.pdf: a page is a file that ends in .html"),
        ((".", "--out", "no/page.html"), "--out no/page.html: there is no folder no"),
    ],
)
def test_what_it_refuses(bsgrow, words, error):
    done = bsgrow("report", *words)
    assert done.code == 2
    assert error in done.error
    assert done.hint
