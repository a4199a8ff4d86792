"""Times at which a logarithmic axis is labelled: 10 min, 1 h, 2 d."""

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_FINE = (1, 1.5, 2, 3, 5, 7, 10, 15, 20, 25, 30, 40, 50)
_COARSE = (1, 2, 5, 10, 20)
_SHORT_OF_NEXT = {"s": 60, "min": 60, "h": 24, "d": 10**6}
_FEW, _MANY = 4, 9


def time_ticks(low: float, high: float) -> dict[float, str]:
    """Return seconds from low to high that read well, with what they are called.

    Fewer than ten; none where fewer than two are, as of a range beyond seconds and days.
    """
    ticks = _between(low, high, _COARSE)
    if len(ticks) < _FEW:
        ticks = _between(low, high, _FINE)
    step = -(-len(ticks) // _MANY) or 1
    kept = dict(list(ticks.items())[::step])
    return kept if len(kept) > 1 else {}


def _between(low: float, high: float, steps: tuple[float, ...]) -> dict[float, str]:
    return {
        number * seconds: f"{number:g} {unit}"
        for unit, seconds in _UNITS.items()
        for number in _numbers(unit, steps)
        if low <= number * seconds <= high
    }


def _numbers(unit: str, steps: tuple[float, ...]) -> list[float]:
    """Return how many of a unit may be a tick: fewer than make the next one."""
    decades = (1, 10, 100, 1000, 10**4, 10**5) if unit == "d" else (1,)
    numbers = {step * decade for decade in decades for step in steps}
    return sorted(number for number in numbers if number < _SHORT_OF_NEXT[unit])
