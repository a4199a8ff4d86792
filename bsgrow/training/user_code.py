"""Which code of the user a run was made with: recorded when it begins, compared when it goes on."""

import json
import logging
from contextlib import suppress

from bsgrow.files.atomic import write_json
from bsgrow.files.regular import read_regular
from bsgrow.recipe import Recipe
from bsgrow.text.printable import cut, printable
from bsgrow.training.run_directory import RunDirectory
from bsgrow.user_code.identity import code_identity
from bsgrow.user_code.names import is_user_code

_LARGEST = 2**20  # bytes
_log = logging.getLogger(__name__)


def code_of(recipe: Recipe) -> dict[str, str]:
    """Return what tells the code of each function that a recipe names from other code, by its key.

    Raises:
        InputError: one is not there.
        UserCodeError: its module raised an error as it was imported.
    """
    names = {"data.name": recipe.data.name, "model.name": recipe.model.name}
    return {key: code_identity(name, key) for key, name in names.items() if is_user_code(name)}


def record_code(recipe: Recipe, directory: RunDirectory) -> None:
    """Write into the directory of a run that begins what code it is made with, if it has any."""
    if code := code_of(recipe):
        write_json(directory.code, code)


def tell_changed_code(recipe: Recipe, directory: RunDirectory) -> None:
    """Warn of code that is not what a run that goes on was begun with."""
    recorded = _recorded(directory)
    for key, now in code_of(recipe).items():
        before = recorded.get(key, now)
        if before != now:
            _log.warning(
                "the code of %s has changed since %s began: it was %s and is %s; the run goes on "
                "with what it is now",
                *(key, printable(directory.path), cut(str(before)), now),
            )


def _recorded(directory: RunDirectory) -> dict[str, object]:
    """What was recorded; nothing where there is no record, or none that can be read."""
    with suppress(OSError, ValueError, RecursionError):
        found = json.loads(read_regular(directory.code, _LARGEST, follow_link=False))
        return found if isinstance(found, dict) else {}
    return {}
