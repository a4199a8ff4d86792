"""The data sets that a recipe can name, as a table or JSON."""

from bsgrow.cli.console import print_json
from bsgrow.cli.format import Format
from bsgrow.cli.table import Column, FittedTable
from bsgrow.cli.terminal import out
from bsgrow.data import DATASETS, ENCODED

_COLUMNS = (
    Column("name"),
    Column("training samples", right=True),
    Column("held out", right=True, leaves=2),
    Column("classes", right=True, leaves=3),
    Column("image", leaves=1),
    Column("what it is", words=True),
)


def print_data_sets(output: Format) -> None:
    """Write what is known of each data set to stdout."""
    specs = DATASETS.values()
    if output is Format.JSON:
        counts: dict[str, int | None] = {spec.name: spec.num_samples for spec in specs}
        counts |= dict.fromkeys(ENCODED)  # as many as are at data.path
        print_json({name: {"num_samples": count} for name, count in counts.items()})
        return
    table = FittedTable(_COLUMNS)
    for spec in specs:
        shape = "×".join(map(str, spec.image_shape))
        numbers = (str(spec.num_samples), str(spec.num_test_samples), str(spec.num_classes))
        table.add_row(spec.name, *numbers, shape, spec.description)
    for encoded in ENCODED.values():
        table.add_row(encoded.name, *["any"] * 4, encoded.description)
    out.print(table)
