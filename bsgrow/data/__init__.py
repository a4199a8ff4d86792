"""Where samples come from, behind one face: data sets in memory, and encoded images of any number.

A new data set is one new file that makes a `DatasetSpec` and one line in ``registry.py``; a new
layout of encoded images is one that makes an `EncodedSplit` and one line in ``encoded/spec.py``.
What is known of them is known without numpy; what opens them is imported when it is asked for.
"""

from typing import TYPE_CHECKING

from bsgrow.data.dataset import Dataset, Split
from bsgrow.data.encoded.spec import LAYOUTS
from bsgrow.data.registry import DATASETS, find_spec, load_dataset, spec_of
from bsgrow.data.spec import DatasetSpec
from bsgrow.lazy import importing

if TYPE_CHECKING:
    from bsgrow.data.arrays.dataset import ArrayDataset, ArraySplit, fingerprint
    from bsgrow.data.encoded.dataset import EncodedDataset, EncodedSplit, SampleError
    from bsgrow.data.encoded.opening import load_encoded

__all__ = [
    "DATASETS",
    "LAYOUTS",
    "ArrayDataset",
    "ArraySplit",
    "Dataset",
    "DatasetSpec",
    "EncodedDataset",
    "EncodedSplit",
    "SampleError",
    "Split",
    "find_spec",
    "fingerprint",
    "load_dataset",
    "load_encoded",
    "spec_of",
]

__getattr__, __dir__ = importing(
    __name__,
    {
        "arrays.dataset": "ArrayDataset ArraySplit fingerprint",
        "encoded.dataset": "EncodedDataset EncodedSplit SampleError",
        "encoded.opening": "load_encoded",
    },
)
