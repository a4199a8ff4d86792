"""``run.json``: the format of a run's directory, and what its model is given and tells.

A directory without it is of format 1, which bsgrow wrote before there was one: what its model is
given is then known from its data alone.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from bsgrow.data import Dataset
from bsgrow.data.class_names import class_names_of
from bsgrow.data.sample_form import SampleForm
from bsgrow.errors import InputError
from bsgrow.files.atomic import naming, write_json
from bsgrow.files.regular import read_regular
from bsgrow.recipe import ImagesConfig, Recipe
from bsgrow.text.printable import printable, shown
from bsgrow.training.loaders import form_of, load_data

if TYPE_CHECKING:
    from bsgrow.training.run_directory import RunDirectory

FORMAT_VERSION: Final = 2
"""Of the directories that are written; older ones are read too."""

_LARGEST = 2**26  # bytes, of a million classes


@dataclass(frozen=True)
class RunRecord:
    """What the model of a run is given of a sample, and what it tells.

    Attributes:
        form: shapes and kind of a sample.
        num_classes: labels are in [0, num_classes).
        class_names: of the labels, in order; None where the data set told none.
        mean: per channel, of pixel / 255.
        std: per channel, of pixel / 255.
    """

    form: SampleForm
    num_classes: int
    class_names: tuple[str, ...] | None
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each class; its number where the data set told none."""
        return self.class_names or tuple(map(str, range(self.num_classes)))


def record_of(dataset: Dataset, images: ImagesConfig | None) -> RunRecord:
    """Return what is recorded of a run on a data set."""
    form, names = form_of(dataset, images), class_names_of(dataset)
    mean, std = (tuple(map(float, values)) for values in (dataset.mean, dataset.std))
    return RunRecord(form, dataset.num_classes, names, mean, std)


def write_record(directory: "RunDirectory", record: RunRecord) -> None:
    """Write the record of a run that begins."""
    write_json(directory.record, {"format_version": FORMAT_VERSION, **record_as_dict(record)})


def record_as_dict(record: RunRecord) -> dict[str, Any]:
    """Return what JSON holds of a record."""
    values = asdict(record)
    return {**values.pop("form"), **values}


def read_record(directory: "RunDirectory", recipe: Recipe) -> RunRecord:
    """Return what the model of a run is given and tells.

    Args:
        directory: of the run.
        recipe: of the run, whose data are opened where the directory is of format 1.

    Raises:
        InputError: the record is damaged or of a later format; or there is none, and no data.
        BsgrowError: it cannot be read.
    """
    found = _read(directory)
    if found is None:
        return record_of(load_data(recipe.data), recipe.images)
    try:
        return record_from_dict(found)
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(directory) from error


def require_known_format(directory: "RunDirectory") -> None:
    """Check that this bsgrow knows the format of a run's directory; raises InputError."""
    _read(directory)


def record_from_dict(found: Mapping[str, Any]) -> RunRecord:
    """Return the record that JSON holds; raises KeyError, TypeError or ValueError."""
    form = SampleForm(_sizes(found["shape"]), _sizes(found["label_shape"]), found["is_integer"])
    names = found["class_names"]
    mean, std = (tuple(map(float, found[key])) for key in ("mean", "std"))
    record = RunRecord(
        form, int(found["num_classes"]), None if names is None else tuple(names), mean, std
    )
    names_fit = names is None or len(names) == record.num_classes
    is_text = all(isinstance(name, str) for name in names or ())
    is_whole = names_fit and is_text and 0 < record.num_classes < 2**31
    if not is_whole or not form.shape or len(mean) != len(std) or 0 in std:
        raise ValueError("not what is written")
    return record


def _sizes(found: Any) -> tuple[int, ...]:
    sizes = tuple(found)
    if not all(type(size) is int and 0 < size < 2**31 for size in sizes):
        raise ValueError("not a shape")
    return sizes


def _read(directory: "RunDirectory") -> dict[str, Any] | None:
    with naming(directory.record, "read"):
        try:
            content = read_regular(directory.record, _LARGEST, follow_link=False)
        except FileNotFoundError:
            return None
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _damaged(directory) from error
    values: dict[str, Any] = found if isinstance(found, dict) else {}
    version = values.get("format_version")
    if type(version) is not int or version < 1:
        raise _damaged(directory)
    if version > FORMAT_VERSION:
        raise InputError(
            f"{printable(directory.path)}: is a run directory of format {shown(version)}, this "
            f"bsgrow reads up to {FORMAT_VERSION}",
            hint="take the bsgrow version that wrote it, or a later one",
        )
    return values


def _damaged(directory: "RunDirectory") -> InputError:
    return InputError(
        f"{printable(directory.record)} is damaged",
        hint="put a copy of it back; without the file, what it says is taken from the data",
    )
