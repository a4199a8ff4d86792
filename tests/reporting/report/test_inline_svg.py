"""What a picture loses on its way into a page, and what it keeps."""

import re
from io import StringIO
from xml.dom.minidom import parseString

import matplotlib as mpl
import pytest

from bsgrow.reporting.comparison_plot import comparison_figure
from bsgrow.reporting.report.inline_svg import inline_svg
from bsgrow.reporting.style import own_style
from tests.reporting.report.test_findings import DECAY, series

LABEL = '<g id="x"></g> --> : #0072b2 $x$'


@pytest.fixture(scope="module")
def drawn():
    text = StringIO()
    arms = [DECAY.as_arm(), series(LABEL, 0.9, 0.8).as_arm()]
    with own_style(), mpl.rc_context({"svg.fonttype": "none"}):
        comparison_figure(arms, "").savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def elements(text, name):
    return parseString(text).getElementsByTagName(name)


def test_all_that_draws_is_kept_in_less_than_half(drawn):
    svg = inline_svg(drawn, "word")
    for name in ("path", "use", "text", "clipPath"):
        assert len(elements(svg, name)) == len(elements(drawn, name)) > 0
    assert len(svg) < 0.5 * len(drawn)
    assert "<g>" not in svg
    words = [each.firstChild.data for each in elements(svg, "text") if each.firstChild]
    assert any(word.startswith('<g id="') and "10 updates" in word for word in words)


@pytest.mark.parametrize(
    ("path", "shorter"),
    [
        ("M 10.04 20 \nL 30.06 19.95 \nL 30.06 5 \n", "m10 20l20.1 0l0-15"),
        ("M 1 2 \nL 3 4 \nL 3 2 \nz\nM 2 2 \nL 9 9 \nz\n", "m1 2l2 2l0-2zm1 0l7 7z"),
        ("M 0 0 \nL 0.3 0.2 \nL -0.2 0.7 \n", "m0 0l.3 .2l-.5 .5"),
        ("M 0 0 \nC 1 2 3 4 5 6 \nz\n", "M 0 0 \nC 1 2 3 4 5 6 \nz\n"),
    ],
)
def test_lines_are_relative_to_where_they_begin(path, shorter):
    assert f' d="{shorter}"' in inline_svg(f'<svg ><path d="{path}"/></svg>', "word")


def test_ids_are_its_own_and_lead_somewhere(drawn):
    svg = inline_svg(drawn, "word")
    ids = {each.getAttribute("id") for name in ("path", "clipPath") for each in elements(svg, name)}
    used = {each.getAttribute("xlink:href")[1:] for each in elements(svg, "use")}
    clips = set(re.findall(r"url\(#([^)]*)\)", svg))
    assert used | clips <= ids
    assert all(each.startswith("word-") for each in ids - {""})


def test_ink_and_background_are_the_pages(drawn):
    svg = inline_svg(drawn, "word")
    assert not re.search("#000000|#ffffff|font-family|DejaVu", svg)
    assert "stroke: var(--line-0, #0072b2)" in svg
    assert 'class="grid"' in svg
