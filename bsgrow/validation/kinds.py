"""What an annotation takes of what Python is given: a value as it is meant, or nothing."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Integral, Real
from operator import index
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, cast, get_args, get_origin

WRONG = object()
"""What is returned for a value that is not taken."""

_TOO_LARGE = 2**1023  # for a float, which some are turned into

UNCHECKED = object()
"""In ``Annotated``: what takes the argument checks it."""


@dataclass(frozen=True, slots=True)
class Within:
    """In ``Annotated``: the bounds of a whole number."""

    least: int
    most: int | None = None

    def __str__(self) -> str:
        return (
            f", {self.least} or more" if self.most is None else f" from {self.least} to {self.most}"
        )


class Kind(NamedTuple):
    """What an annotation takes.

    Attributes:
        words: what that is: "a whole number".
        take: returns the value, a number of NumPy's as one of Python's; or ``WRONG``.
    """

    words: str
    take: Callable[[Any], object]


def kind_of(annotation: Any) -> Kind:
    """Return what an annotation takes."""
    if get_origin(annotation) is Annotated:
        return _annotated(*get_args(annotation))
    if isinstance(annotation, TypeVar):
        annotation = annotation.__bound__ or Any
    if get_origin(annotation) in (Union, UnionType):
        return _any_of([kind_of(each) for each in get_args(annotation)])
    if get_origin(annotation) is Literal:
        return _literal(get_args(annotation))
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    container = get_origin(annotation) or annotation
    return _of_class(container, get_args(annotation)) if isinstance(container, type) else ANYTHING


def _annotated(annotation: Any, *about: object) -> Kind:
    if UNCHECKED in about:
        return ANYTHING
    kind = kind_of(annotation)
    for bounds in about:
        if isinstance(bounds, Within):
            kind = _bounded(kind, bounds)
    return kind


def _bounded(kind: Kind, bounds: Within) -> Kind:
    def take(value: Any) -> object:
        taken: Any = kind.take(value)
        if taken is WRONG or taken < bounds.least:
            return WRONG
        return taken if bounds.most is None or taken <= bounds.most else WRONG

    return Kind(f"{kind.words}{bounds}", take)


def _any_of(kinds: Sequence[Kind]) -> Kind:
    def take(value: Any) -> object:
        for kind in kinds:
            if (taken := kind.take(value)) is not WRONG:
                return taken
        return WRONG

    *first, last = [kind.words for kind in kinds]
    return Kind(f"{', '.join(first)} or {last}", take)


def _literal(choices: tuple[object, ...]) -> Kind:
    def take(value: Any) -> object:
        return value if isinstance(value, str) and value in choices else WRONG

    return Kind(f"one of {', '.join(map(str, choices))}", take)


def _of_class(container: Any, items: tuple[Any, ...]) -> Kind:
    if container is Callable:
        return Kind("a function", lambda value: value if callable(value) else WRONG)
    if container is Mapping:
        return Kind("a table", lambda value: value if isinstance(value, Mapping) else WRONG)
    if container in (Iterable, Collection, Sequence):
        return _list_of(container, kind_of(items[0] if items else Any))
    article = "an" if container.__name__[0] in "AEIOU" else "a"
    words = f"{article} {container.__name__}"
    return Kind(words, lambda value: value if isinstance(value, container) else WRONG)


def _list_of(container: type, item: Kind) -> Kind:
    def take(value: Any) -> object:
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, container):
            return WRONG
        taken = [item.take(each) for each in cast("Iterable[Any]", value)]
        return WRONG if any(each is WRONG for each in taken) else taken

    return Kind(f"a list of which each is {item.words}", take)


def _whole(value: Any) -> object:
    if type(value) is int:
        return value if abs(value) < _TOO_LARGE else WRONG
    if not isinstance(value, Integral) or isinstance(value, bool):
        return WRONG
    return value if isinstance(value, int) else index(value)


def _real(value: Any) -> object:
    if not isinstance(value, Real) or isinstance(value, bool):
        return WRONG
    try:
        number = float(value)
    except OverflowError:
        return WRONG
    return value if type(value) in (int, float, Fraction) else number


def _truth(value: Any) -> object:
    if isinstance(value, bool):
        return value
    is_numpy = type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_")
    return bool(value) if is_numpy else WRONG


def _instances(words: str, kind: type) -> Kind:
    return Kind(words, lambda value: value if isinstance(value, kind) else WRONG)


ANYTHING = Kind("anything", lambda value: value)
_PLAIN: dict[Any, Kind] = {
    Any: ANYTHING,
    object: ANYTHING,
    int: Kind("a whole number", _whole),
    float: Kind("a number", _real),
    bool: Kind("True or False", _truth),
    str: _instances("a text", str),
    None: _instances("None", NoneType),
    NoneType: _instances("None", NoneType),
}
