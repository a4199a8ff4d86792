"""The pages that people read, those that are made from the source left out."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "reference" not in path.parts)


def blocks(page: Path, kind: str) -> list[str]:
    """Return the blocks of code of one kind that a page shows."""
    return re.findall(rf"^```{kind}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
