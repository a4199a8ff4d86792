"""The options that commands of `bsgrow data` have in common."""

from typing import Annotated

import typer

WorkersOption = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, max=1024, help="Processes at most; one a core where absent."),
]
