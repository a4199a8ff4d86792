"""Links to files of the repository, as the name of the file: a site has none of them beside it."""

import re
from typing import Any

_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(\.\./([^)\s]+)\)")


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx to read pages without them."""
    app.connect("source-read", _without_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _without_links(app: Any, page: str, source: list[str]) -> None:
    if "/" not in page:  # those of the reference lead to pages
        source[0] = _LINK.sub(_as_name, source[0])


def _as_name(found: re.Match[str]) -> str:
    text, path = found[1], found[2]
    return text if path in text else f"{text} (`{path}`)"
