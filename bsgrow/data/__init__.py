"""Where samples come from: named data sets as uint8 arrays, and encoded images of any number.

A new data set is one new file that makes a `DatasetSpec` and one line in `registry.py`; a new
layout of encoded images is one that makes an `EncodedSplit` and one line in `sources.py`.
"""

from bsgrow.data.dataset import ArraySplit, Dataset, fingerprint
from bsgrow.data.encoded import EncodedDataset, EncodedSplit, SampleError
from bsgrow.data.registry import (
    DATASETS,
    check_path,
    find_spec,
    is_encoded,
    load_dataset,
    open_encoded,
)
from bsgrow.data.sources import ENCODED, EncodedSpec, load_encoded
from bsgrow.data.spec import DatasetSpec

__all__ = [
    "DATASETS",
    "ENCODED",
    "ArraySplit",
    "Dataset",
    "DatasetSpec",
    "EncodedDataset",
    "EncodedSpec",
    "EncodedSplit",
    "SampleError",
    "check_path",
    "find_spec",
    "fingerprint",
    "is_encoded",
    "load_dataset",
    "load_encoded",
    "open_encoded",
]
