"""What was passed over, in few words however much it is: how many, and the first of them."""

from dataclasses import dataclass

from bsgrow.text.printable import printable


@dataclass
class Tally:
    """Things of one kind, named by the first.

    Args:
        one: what one of them is called.
        many: what several are called.
        count: how many there are.
        first: the name of the first.
    """

    one: str
    many: str
    count: int = 0
    first: bytes | str = b""

    def add(self, name: bytes | str, count: int = 1) -> None:
        """Counts more of them, of which `name` is the first."""
        self.first = self.first if self.count else name
        self.count += count

    def __str__(self) -> str:
        if self.count == 1:
            return f"{self.one}, {printable(self.first)}"
        return f"{self.count} {self.many}, such as {printable(self.first)}"
