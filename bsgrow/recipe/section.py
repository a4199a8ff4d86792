"""What the tables of a recipe have in common."""

from types import NoneType, UnionType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the recipe: no unknown keys, no silent conversion, no change after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


def table_type(table: type[BaseModel], key: str) -> Any:
    """Return the class of a table within a table, also where the key may be left out."""
    annotation = table.model_fields[key].annotation
    if get_origin(annotation) is not UnionType:
        return annotation
    return next(kind for kind in get_args(annotation) if kind is not NoneType)
