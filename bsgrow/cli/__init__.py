"""The command line: one file per command, each parses, calls one function and renders."""

import sys

from bsgrow.errors import BsgrowError

INTERRUPTED = 130  # 128 + SIGINT, as shells count it


def main() -> None:
    """Run bsgrow; exits 0 when done, 1 on failure, 2 when the input is wrong, 130 on Ctrl-C."""
    from bsgrow.cli.app import app
    from bsgrow.cli.console import print_error

    try:
        app(prog_name="bsgrow")
    except BsgrowError as error:
        print_error(error)
        sys.exit(error.exit_code)
    except OSError as error:
        print_error(BsgrowError(str(error)))
        sys.exit(1)
