"""The base learning rate that the curves of a ``SequentialLR`` share in torch.

There the constructor of a OneCycleLR, and that of a CyclicLR made before any other, write their
own first learning rate into the optimizer, from which the others take their base; and all
OneCycleLR read the settings of the one made last. Which curve gets which is then a matter of the
order of construction, so sequences are only taken where it makes no difference.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import isclose
from typing import Any

from bsgrow.schedule.curves.curve import require

_Spec = Mapping[str, Any]
_HAS_ITS_OWN = ("CyclicLR", "OneCycleLR")


def require_one_base_lr(lr: float, schedulers: Sequence[_Spec]) -> None:
    """Raise InputError where torch would run a curve of a sequence at another base than lr."""
    members = list(_members(schedulers))
    cycles = [curve for curve in members if curve["name"] == "OneCycleLR"]
    for cycle in cycles[1:]:
        _require_equal_settings(cycles[0], cycle)
    if all(curve["name"] in _HAS_ITS_OWN for curve in members):
        return
    for cycle in cycles:
        first = cycle["max_lr"] / cycle.get("div_factor", 25.0)
        _require_base(lr, "OneCycleLR", "max_lr / div_factor", first)
    if members[0]["name"] == "CyclicLR":
        _require_base(lr, "CyclicLR", "base_lr", members[0]["base_lr"])


def _members(schedulers: Sequence[_Spec]) -> Iterator[_Spec]:
    """Yield the curves of a sequence, and those of the compositions in it."""
    for curve in schedulers:
        yield from _members(curve["schedulers"]) if "schedulers" in curve else [curve]


def _require_base(lr: float, name: str, argument: str, first: float) -> None:
    require(
        isclose(first, lr, rel_tol=1e-9),
        "schedulers",
        name,
        f"beside other curves it must begin at schedule.lr = {lr}, and {argument} = {first}: "
        "torch's gives its own first learning rate to the others",
        hint=f"set schedule.lr = {first}, or change {argument}",
    )


def _require_equal_settings(cycle: _Spec, other: _Spec) -> None:
    for argument, default in (("max_lr", None), ("div_factor", 25.0), ("final_div_factor", 1e4)):
        value, expected = other.get(argument, default), cycle.get(argument, default)
        require(
            value == expected,
            f"schedulers: OneCycleLR.{argument}",
            value,
            f"must be that of the other OneCycleLR, {expected}, as in torch all of them read the "
            "settings of the last",
        )
