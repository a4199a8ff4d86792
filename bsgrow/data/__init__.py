"""Where samples come from: named data sets as uint8 arrays, found, fetched and checked.

A new data set is one new file that makes a `DatasetSpec` and one line in `registry.py`.
"""

from bsgrow.data.dataset import ArraySplit, Dataset, fingerprint
from bsgrow.data.registry import DATASETS, find_spec, load_dataset
from bsgrow.data.spec import DatasetSpec

__all__ = [
    "DATASETS",
    "ArraySplit",
    "Dataset",
    "DatasetSpec",
    "find_spec",
    "fingerprint",
    "load_dataset",
]
