"""The data sets that a recipe can name, as a table or JSON."""

from bsgrow.cli.console import print_json
from bsgrow.cli.format import Format
from bsgrow.cli.table import Column, FittedTable
from bsgrow.cli.terminal import out
from bsgrow.data import DATASETS

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
        print_json({spec.name: {"num_samples": spec.num_samples} for spec in specs})
        return
    table = FittedTable(_COLUMNS)
    for spec in specs:
        counts = (spec.num_samples, spec.num_test_samples, spec.num_classes)
        shape = "×".join(map(str, spec.usual_shape)) if spec.usual_shape else None
        numbers = (str(value or "any") for value in (*counts, shape))
        table.add_row(spec.name, *numbers, spec.description)
    out.print(table)
