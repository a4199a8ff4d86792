"""How a command prints its result; needs nothing that may be missing."""

from enum import StrEnum
from typing import Annotated

import typer


class Format(StrEnum):
    """How a command prints its result."""

    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[
    Format, typer.Option("--format", help="What goes to stdout: for people, or for programs.")
]
