"""The command line: one file per command, each parses, calls one function and renders."""

import sys


def main() -> None:
    """Run bsgrow; exits 0 when done, 1 on failure, 2 when the input is wrong, 130 on Ctrl-C.

    BSGROW_TRACEBACK=1 in the environment shows the traceback of an internal error.
    """
    try:
        from bsgrow.cli.entry import enter

        enter()
    except KeyboardInterrupt:  # before there is a handler that remembers it
        exec("")  # noqa: S102 - see ``_forget_unhandled`` there
        sys.exit(130)
