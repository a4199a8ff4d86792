"""Numbers as the tables of the command line show them."""

from bsgrow.schedule import Phase, Plan


def span(first: float, last: float) -> str:
    """Return one number, or the first and the last where it moves."""
    return f"{first:.4g}" if first == last else f"{first:.4g} → {last:.4g}"


def epochs(plan: Plan, phase: Phase) -> str:
    """Return where a phase starts and stops, in epochs."""
    start, stop = phase.start_sample / plan.num_samples, phase.stop_sample / plan.num_samples
    return f"{start:.4g} – {stop:.4g}"


def duration(seconds: float) -> str:
    """Return a time in the two units that matter, such as ``2 h 05 min``."""
    if seconds < 59.95:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    if hours < 24:
        return f"{hours} h {minutes:02} min"
    days, hours = divmod(round(seconds / 3600), 24)
    return f"{days} d {hours:02} h"


def clock(seconds: float) -> str:
    """Return a time as a clock shows it, such as ``2:05:09``."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
