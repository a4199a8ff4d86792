"""A picture of matplotlib's as a part of a page: in the page's colours, with ids of its own."""

import re

from bsgrow.reporting.style import GREYS, LINES

_ID = re.compile(r'(\bid="|url\(#|href="#)')
_NAMED = re.compile(r'<g id="[^"]*">')  # by matplotlib's names, which nothing refers to
_PLACES = re.compile(r' (?:d|x|y)="[^"]*"')
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_INDENT = re.compile(r"\n +")
_BACKGROUND = re.compile(r"fill: #ffffff;?")
_INK = re.compile(r"(fill|stroke): #(?:000000|262626)")


def inline_svg(text: str, name: str) -> str:
    """Return the ``<svg>`` element of a file, fit to stand in a page beside others.

    Ink and background are the page's; each line has its colour from ``--line-0`` or ``--grey-0``
    and so on, where the page sets these. Places are rounded to a tenth of a point, which halves
    it. What stands around it describes it.

    Args:
        text: as matplotlib writes it.
        name: of the picture, a word, by which its ids differ from those of others.
    """
    svg = text[text.index("<svg ") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    svg = svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
    svg = _INDENT.sub("\n", _NAMED.sub("<g>", svg))
    svg = _PLACES.sub(lambda found: _NUMBER.sub(_rounded, found[0]), svg)
    svg = _ID.sub(rf"\g<1>{name}-", svg)
    svg = _BACKGROUND.sub("fill: none", svg)
    svg = _INK.sub(r"\1: currentColor", svg)
    colours = {"line": [line.colour for line in LINES], "grey": GREYS}
    for kind, number, colour in (
        (kind, number, colour.lower())
        for kind, of_kind in colours.items()
        for number, colour in enumerate(of_kind)
    ):
        svg = svg.replace(f": {colour}", f": var(--{kind}-{number}, {colour})")
    return svg


def _rounded(found: re.Match[str]) -> str:
    return f"{float(found[0]):.1f}".removesuffix(".0")
