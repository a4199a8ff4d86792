"""What a system is: a name, what it needs, and how it is made ready for each kind of work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from bsgrow.bench.source import Source, UnavailableError
from bsgrow.bench.work import Work

Open = Callable[..., Source]
"""Makes a system ready for a work of the kind that it is registered for."""


@dataclass(frozen=True)
class System:
    """A loader, or the limit of all loaders.

    Attributes:
        name: as in the rows.
        opens: kind of work -> how it is made ready, or the reason why it cannot do that kind.
            A kind that is not there is not measured, and gives no row.
        package: what must be installed to import it, if anything.
        only_named: whether it is measured only where it is asked for by its name.
    """

    name: str
    opens: Mapping[type[Work], Open | str]
    package: str | None = None
    only_named: bool = False

    def takes(self, work: Work) -> bool:
        """Whether this kind of work has a row for the system."""
        return type(work) in self.opens

    @property
    def is_installed(self) -> bool:
        """Whether what it needs is there."""
        return self.package is None or _is_installed(self.package)

    def open(self, work: Work) -> Source:
        """Make it ready.

        Raises:
            UnavailableError: it is not installed, or cannot do this work.
        """
        if not self.is_installed:
            raise UnavailableError(f"{self.package} is not installed")
        prepare = self.opens[type(work)]
        if isinstance(prepare, str):
            raise UnavailableError(prepare)
        return prepare(work)


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # the package that it is a part of
        return False
