"""A picture of matplotlib's as a part of a page: in the page's colours, with ids of its own."""

import re

from bsgrow.reporting.style import GREYS, LINES

_ID = re.compile(r'(\bid="|url\(#|href="#)')
_GROUP = re.compile(r"\n?<g( id=\"[^\"]*\")?(?= |>)([^>]*)>|\n?</g>")
_FONT = re.compile(r"font-family: [^;\"]*;?|(?<=font: )([\d.]+px) '[^;\"]*")
_PATH = re.compile(r' d="([-\d.\sMLz]*)"')  # of straight lines
_PLACE = re.compile(r' (x|y)="(-?\d+\.\d{2,})"')
_GRID = re.compile(r' clip-path="[^"]*" style="[^"]*stroke-opacity: 0.3; stroke-width: 0.5[^"]*"')
_UNTURNED = re.compile(r' transform="rotate\(-0 [^"]*"')
_TICK = re.compile(r'(<use [^>]*) style="stroke: #0{6}; stroke-width: [\d.]+"')  # as it is defined
_INDENT = re.compile(r"\n +")
_BACKGROUND = re.compile(r"fill: #ffffff;?")
_INK = re.compile(r"(fill|stroke): #(?:000000|262626)")


def inline_svg(text: str, name: str) -> str:
    """Return the ``<svg>`` element of a file, fit to stand in a page beside others.

    Ink, background and font are the page's, and so is what is of class ``grid``; each line has its
    colour from ``--line-0`` or ``--grey-0`` and so on, where the page sets these. Places are
    rounded to a tenth of a point, and what draws nothing is left out, which more than halves it.
    What stands around describes it.

    Args:
        text: as matplotlib writes it.
        name: of the picture, a word, by which its ids differ from those of others.
    """
    svg = text[text.index("<svg ") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    svg = svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
    svg = _without_bare_groups(_INDENT.sub("\n", _FONT.sub(r"\1", svg)))
    svg = _TICK.sub(r"\1", _UNTURNED.sub("", _GRID.sub(' class="grid"', svg)))
    svg = _PLACE.sub(lambda found: f' {found[1]}="{_tenths(found[2]) / 10:g}"', svg)
    svg = _PATH.sub(lambda found: f' d="{_relative(found[1])}"', svg)
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


def _without_bare_groups(svg: str) -> str:
    """Return a picture without groups that have no more than a name, which nothing refers to."""
    kept: list[bool] = []

    def change(found: re.Match[str]) -> str:
        if "</g>" in found[0]:
            return found[0] if kept.pop() else ""
        kept.append(bool(found[2]))
        return f"\n<g{found[2]}>" if found[2] else ""

    return _GROUP.sub(change, svg)


def _relative(path: str) -> str:
    """Return a path of straight lines with each point relative to the one before it.

    Points are rounded first, so that no error adds up.
    """
    parts: list[str] = []
    words = iter(path.split())
    at = start = (0, 0)
    for word in words:
        if word == "z":
            parts, at = [*parts, word], start
            continue
        to = _tenths(next(words)), _tenths(next(words))
        right, down = _short(to[0] - at[0]), _short(to[1] - at[1])
        parts.append(f"{word.lower()}{right}{'' if down[0] == '-' else ' '}{down}")
        at, start = to, to if word == "M" else start
    return "".join(parts)


def _short(tenths: int) -> str:
    """Return a number of tenths as a path needs it: without a zero before the point."""
    text = f"{abs(tenths) / 10:g}"
    return "-" * (tenths < 0) + (text.removeprefix("0") or "0")


def _tenths(number: str) -> int:
    return round(10 * float(number))
