"""What a recipe can name: parquet files at ``data.path``."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from bsgrow.data.encoded.spec import EncodedSpec

if TYPE_CHECKING:
    from bsgrow.data.encoded.dataset import EncodedDataset


@dataclass(frozen=True, kw_only=True)
class ParquetSpec(EncodedSpec):
    """Encoded images and labels in parquet files, as Hugging Face has them."""

    takes: ClassVar[frozenset[str]] = EncodedSpec.takes | {"data.test_fraction"}
    if_one_class: ClassVar[str] = "the column label has a whole number from 0 for each class"

    def _open(self, path: Path | None, test_fraction: float | None) -> "EncodedDataset":
        from bsgrow.data.parquet.files import find_files

        find_files(path)  # before NumPy is imported
        from bsgrow.data.parquet.split import open_parquet

        return open_parquet(path, test_fraction)


PARQUET = ParquetSpec(name="parquet", description="parquet files at data.path, image and label")
