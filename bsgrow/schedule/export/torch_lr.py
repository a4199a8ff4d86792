"""A learning rate as torch's LambdaLR over a table, for systems that step any torch scheduler."""

from collections.abc import Iterable

from bsgrow.errors import InputError


def peak_lr(lrs: Iterable[float], reason: str) -> float:
    """Return the rate that the factors of a LambdaLR multiply; raises InputError where it is 0."""
    peak = max(lrs)
    if peak == 0:
        raise InputError(reason)
    return peak


def table(name: str, columns: str, rows: Iterable[tuple[float, ...]]) -> list[str]:
    """Return an assignment of rows, their columns named in a comment, as lines of Python."""
    cells = (", ".join(map(repr, row)) for row in rows)
    return [f"# {columns}", f"{name} = [", *(f"    ({row})," for row in cells), "]"]


def scheduler(lr_at: str, step: str, use: str) -> str:
    """Return ``lr_scheduler``, two blank lines before it, as Python.

    Args:
        lr_at: the body of ``lr_at``, a function of the step.
        step: what the system steps by, the name of the argument.
        use: where the user passes it; the first half of its docstring.
    """
    return f'''


def lr_at({step}):
{lr_at}


def lr_scheduler(optimizer):
    """{use}; the optimizer's lr is PEAK_LR."""
    return LambdaLR(optimizer, lambda {step}: lr_at({step}) / PEAK_LR)'''
