"""Names such as ``package.module:function``, told and checked without importing what they name."""

import re

from bsgrow.errors import InputError
from bsgrow.text.printable import shown

_IDENTIFIER = r"[^\W\d]\w*"
_NAME = re.compile(rf"{_IDENTIFIER}(?:\.{_IDENTIFIER})*:{_IDENTIFIER}(?:\.{_IDENTIFIER})*")
_FORM = "a module, a colon, and what is in it"


def is_user_code(name: object) -> bool:
    """Whether a name is that of something of the user, and no name of a registry."""
    return isinstance(name, str) and ":" in name


def check_name(name: str, key: str) -> None:
    """Check that a name has the form ``package.module:function``; imports nothing.

    Args:
        name: as the user wrote it.
        key: where it is written, such as ``model.name``.

    Raises:
        InputError: it has another form.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{key} = {shown(name)}: is not of the form package.module:function",
            hint=f"write {_FORM}, such as my_code:build for `build` in my_code.py",
        )
