"""Registries of what users call by name, each registered once; one error for an unknown name."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from bsgrow.errors import InputError, did_you_mean

Entry = TypeVar("Entry")


class Registry(Mapping[str, Entry]):
    """Things of one kind, by name, in the order of their registration.

    Args:
        kind: what they are, in the words of the error for an unknown name: ``"data set"``.
        entries: name and thing, a pair each.

    Raises:
        ValueError: a name is registered already.
    """

    def __init__(self, kind: str, *entries: tuple[str, Entry]) -> None:
        self._kind = kind
        self._entries: dict[str, Entry] = {}
        for name, entry in entries:
            self.register(name, entry)

    def register(self, name: str, entry: Entry) -> Entry:
        """Add a thing, which is returned.

        Raises:
            ValueError: the name is registered already.
        """
        if name in self._entries:
            raise ValueError(f"{name!r} is the name of a {self._kind} already: {self[name]!r}")
        self._entries[name] = entry
        return entry

    def find(self, name: object, written: str, problem: str = "") -> Entry:
        """Return the thing that a user named.

        Args:
            name: as the user wrote it, of whatever type.
            written: where and what the user wrote, for the error: ``"data.name = 'mnits'"``.
            problem: what is wrong with it, where "no such …" does not say it.

        Raises:
            InputError: there is no such thing; the hint offers the nearest one.
        """
        if isinstance(name, str) and name in self._entries:
            return self._entries[name]
        raise InputError(
            f"{written}: {problem or f'no such {self._kind}'}", did_you_mean(name, self)
        )

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
