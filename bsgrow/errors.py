"""What a user can cause: errors that name the value and its key, and say what to do next."""

from collections.abc import Iterable
from difflib import get_close_matches

from bsgrow.text.printable import cut

_MOST_CHOICES = 100  # that a name is compared with, and that a hint lists


class BsgrowError(Exception):
    """A failure that the user can act on; the command line prints it without a traceback.

    Args:
        message: what is wrong, naming the offending value and key and what is allowed.
        hint: what to try next, one sentence; shown as a ``hint:`` line.

    Attributes:
        is_said: whether another process of the same run prints it.
    """

    exit_code = 1
    is_said = False
    _hint: str | None = None

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def hint(self) -> str | None:
        """What to try next."""
        return self._hint

    @hint.setter
    def hint(self, hint: str | None) -> None:
        # A note, for whom a traceback is what is seen, as in a loop of one's own.
        notes = [note for note in getattr(self, "__notes__", ()) if note != f"hint: {self._hint}"]
        self._hint = hint
        self.__notes__ = notes if hint is None else [*notes, f"hint: {hint}"]


class InputError(BsgrowError, ValueError):
    """What the user wrote is wrong: a recipe, an option, or a folder given by name."""

    exit_code = 2


def did_you_mean(name: object, choices: Iterable[str]) -> str:
    """Return a hint with the nearest of the allowed names, or with all of them."""
    known = sorted(choices)
    if len(known) > _MOST_CHOICES:
        return f"one of {', '.join(map(cut, known[:_MOST_CHOICES]))} or {len(known)} in all"
    lowered = {choice.lower(): choice for choice in known}
    nearest = get_close_matches(str(name).lower(), lowered, n=1)
    if nearest:
        return f'did you mean "{cut(lowered[nearest[0]])}"?'
    return f"one of {', '.join(map(cut, known))}"
