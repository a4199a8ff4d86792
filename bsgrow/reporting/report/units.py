"""Figures of a measure as a reader is shown them."""

from collections.abc import Sequence
from dataclasses import dataclass

from bsgrow.reporting.difference import mean_and_std
from bsgrow.reporting.report.results import Measure

_MINUS = "−"


@dataclass(frozen=True)
class Unit:
    """How a measure is written.

    Attributes:
        name: what it measures.
        scale: what a value is multiplied by.
        suffix: of a value.
        word: of a difference.
        digits: behind the point.
        higher: a word for a difference above 0.
        lower: a word for one below.
    """

    name: str
    scale: float
    suffix: str
    word: str
    digits: int
    higher: str = "higher"
    lower: str = "lower"

    def value(self, value: float) -> str:
        """Return a value, such as ``99.61 %``."""
        return f"{self.scale * value:.{self.digits}f}{self.suffix}"

    def spread(self, values: Sequence[float]) -> str:
        """Return mean ± sample standard deviation; of one value itself, and – of none."""
        if not values:
            return "–"
        mean, std = mean_and_std(values)
        if len(values) == 1:
            return self.value(mean)
        digits = self.digits
        return f"{self.scale * mean:.{digits}f} ± {self.scale * std:.{digits}f}{self.suffix}"

    def size(self, difference: float) -> str:
        """Return how large a difference is, such as ``0.17 points``."""
        return f"{abs(self.scale * difference):.{self.digits}f} {self.word}"

    def margin(self, margin: float) -> str:
        """Return a margin as it was set, such as ``±0.5 points``."""
        return f"±{self.scale * margin:.4g} {self.word}"

    def interval(self, interval: tuple[float, float]) -> str:
        """Return an interval, such as ``−0.52 to +0.18``."""
        return " to ".join(self.signed(edge) for edge in interval)

    def signed(self, difference: float) -> str:
        """Return a difference with its sign."""
        return f"{self.scale * difference:+.{self.digits}f}".replace("-", _MINUS)


_UNITS: dict[Measure, Unit] = {
    "test_accuracy": Unit("test accuracy", 100, " %", "points", 2),
    "test_loss": Unit("test loss", 1, "", "nats", 4),
}


def unit_of(measure: Measure) -> Unit:
    """Return how a measure is written."""
    return _UNITS[measure]


def p_value(p: float) -> str:
    """Return a p as it is written: with two digits, and not below 0.001."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them: ``a, b and c``; apart by ``;`` where one has a comma."""
    *most, last = names
    if any("," in name for name in names):
        return "; ".join(names)
    return f"{', '.join(most)} and {last}" if most else last
