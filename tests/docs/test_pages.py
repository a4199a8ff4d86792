"""The pages of docs/: all are in the site, and what they quote and propose is so."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
SOURCE = "\n".join(path.read_text() for path in (ROOT / "bsgrow").rglob("*.py"))
ONE_TEXT = re.sub(r'["\']\s*\n\s*f?["\']', "", SOURCE)  # an error over several lines is one


def cells(page):
    lines = (DOCS / page).read_text().splitlines()
    return [line.split("|")[1].strip() for line in lines if line.startswith("| ")]


def test_every_page_is_in_the_contents():
    contents = (DOCS / "index.md").read_text()
    named = re.findall(r"^([a-z/-]+)$", contents, re.MULTILINE)
    generated = {f"reference/{name}" for name in ("commands", "keys", "names")}
    assert {*named} == {*(page.stem for page in PAGES if page.stem != "index"), *generated}


def test_errors_are_quoted_as_they_are_told():
    quoted = [text for cell in cells("troubleshooting.md") for text in re.findall("`(.*?)`", cell)]
    places = {"_native_jpeg", "bsgrow doctor", "data.path", "run.loggers"}
    told = [text for text in quoted if text not in places]
    assert len(told) > 20
    assert [text for text in told if text not in ONE_TEXT and text not in SOURCE] == []


def test_blocks_of_code_say_what_they_are():
    kinds = {"console", "python", "toml", "diff", "text", "python with-torchvision"}
    for page in PAGES:
        fences = re.findall(r"^```(.*)$", page.read_text(), re.M)
        opened = [each for each in fences[::2] if not each.startswith("{")]
        assert {*opened} <= kinds, page.name
