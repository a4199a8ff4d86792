"""Sphinx makes the site of these pages (``make docs``); the reference comes from the source."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "generate"))

from commands import commands_page  # noqa: E402
from keys import keys_page  # noqa: E402
from names import names_page  # noqa: E402

import bsgrow  # noqa: E402

project, author = "bsgrow", "the bsgrow developers"
version = release = bsgrow.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "mathml",
    "repository_links",
]
exclude_patterns = ["_build", "generate"]

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
suppress_warnings = ["ref.python"]  # names of attributes, which Sphinx tries as links
napoleon_use_ivar = True  # attributes of a class are told once, by its docstring
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_preserve_defaults = True
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

html_theme, html_title = "furo", "bsgrow"
html_math_renderer = "mathml"
html_theme_options = {"navigation_with_keys": True}
html_show_sphinx, html_show_copyright = False, False

(HERE / "reference").mkdir(exist_ok=True)
for name, make in (("commands", commands_page), ("keys", keys_page), ("names", names_page)):
    page, text = HERE / "reference" / f"{name}.md", make()
    if not page.exists() or page.read_text() != text:  # else it would be read again
        page.write_text(text)
