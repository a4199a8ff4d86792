"""What goes wrong in code of the user, told by the traceback of that code and without ours."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from traceback import TracebackException
from types import TracebackType

from bsgrow.errors import BsgrowError
from bsgrow.user_code.names import is_user_code

_OURS = str(Path(__file__).parents[1])
_ON_THE_WAY = (  # from our code to that of the user
    "/importlib/__init__.py",
    "/contextlib.py",
    "/torch/nn/modules/module.py",
    "/torch/utils/_contextlib.py",
)


class UserCodeError(BsgrowError):
    """A function of the user raised an error; the message ends with its traceback."""


@contextmanager
def telling_users_errors(what: str) -> Iterator[None]:
    """Turn whatever comes out of the user's code into an error that shows where it arose.

    Memory that is exhausted, an interrupt and what is told already stay what they are. What the
    code prints goes to stderr, as stdout is for the answer of the command.

    Args:
        what: is run, such as ``model.name = 'my_code:build'``.

    Raises:
        UserCodeError: with the traceback from the first frame on that is not ours.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except (BsgrowError, MemoryError, KeyboardInterrupt):
        raise
    except (Exception, SystemExit) as error:
        raise as_users_error(what, error) from error


@contextmanager
def telling_errors_of(names: Iterable[str]) -> Iterator[None]:
    """Turn an error that arose in modules of the user, called from ours, into one that shows where.

    Args:
        names: such as ``my_code:build``; those of a registry are passed over.

    Raises:
        UserCodeError: with the traceback from the first frame on that is in one of the modules.
    """
    try:
        yield
    except (BsgrowError, MemoryError):
        raise
    except Exception as error:
        for name in filter(is_user_code, names):
            if found := _first_frame_in(name.partition(".")[0].partition(":")[0], error):
                told = error.with_traceback(found)
                raise as_users_error(name, told) from error
        raise


def _first_frame_in(package: str, error: Exception) -> TracebackType | None:
    found = error.__traceback__
    while found is not None:
        if str(found.tb_frame.f_globals.get("__name__")).partition(".")[0] == package:
            return found
        found = found.tb_next
    return None


def as_users_error(what: str, error: BaseException) -> UserCodeError:
    """Return the error that shows another one as the user's code raised it."""
    summary = f"{type(error).__name__}: {first_line(error)}".removesuffix(": ")
    return UserCodeError(
        f"{what}: raised {summary}\n{users_traceback(error)}",
        hint="the traceback is that of your code, whose last line is what went wrong",
    )


def users_traceback(error: BaseException) -> str:
    """Return the traceback of an error from the first frame on that is of the user's code."""
    found = error.__traceback__
    while found is not None and _is_passed_over(found):
        found = found.tb_next
    told = TracebackException(type(error), error, found)
    return "".join(told.format()).rstrip("\n")


def _is_passed_over(found: TracebackType) -> bool:
    file = found.tb_frame.f_code.co_filename
    return file.startswith((_OURS, "<frozen importlib")) or file.endswith(_ON_THE_WAY)


def first_line(error: BaseException) -> str:
    """Return what an error says, up to the end of its first line; empty where it cannot say it."""
    try:
        return next(iter(str(error).splitlines()), "")
    except Exception:  # an error of the user may be unable to say what it is
        return ""
