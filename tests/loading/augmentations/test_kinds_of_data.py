"""The same images from files of any kind are augmented to the same bits as those in memory."""

import io
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image
from pyarrow import parquet

from bsgrow.data import ArrayDataset, ArraySplit, find_spec
from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.loading import make_loader, micro_batches_of
from bsgrow.native import Augment
from tests.loading.augmentations.test_mixing import GHOST, PLAN, SETTINGS, cut_up, in_one

N, SIDE = 24, 9
AUGMENT = Augment(
    flip=True,
    rand_augment=2,
    brightness=0.5,
    saturation=0.4,
    hue=0.1,
    erase=0.5,
    mixup=0.7,
    cutmix=1.0,
)
WHOLE = {"crop": ResizedCrop(SIDE, (1.0, 1.0), (1.0, 1.0)), "centre_crop": CentreCrop(SIDE, SIDE)}
LABELS = np.arange(N) * 2 // N


def photographs(kind):
    """Return files of N smooth images, and their pixels, uint8 [N, H, W, 3]."""
    files = []
    for number in range(N):
        coarse = np.random.default_rng(number).integers(0, 256, (3, 3, 3), np.uint8)
        file = io.BytesIO()
        Image.fromarray(coarse).resize((SIDE, SIDE)).save(file, kind, quality=90)
        files.append(file.getvalue())
    return files, np.stack([np.asarray(Image.open(io.BytesIO(file))) for file in files])


def in_folder(root, files, kind):
    for split in ("train", "val"):
        for number, (file, label) in enumerate(zip(files, LABELS, strict=True)):
            path = root / split / f"class{label}" / f"{number:02d}.{kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file)
    return find_spec("folder").open(root)


def in_parquet(root, files, kind):
    values = [{"bytes": file, "path": None} for file in files]
    table = pa.table({"image": pa.array(values), "label": pa.array(LABELS)})
    for split in ("train", "validation"):
        parquet.write_table(table, root / f"{split}-00000-of-00001.parquet", row_group_size=7)
    return find_spec("parquet").open(root)


def in_npz(root, files, kind):
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(file))) for file in files])
    arrays = {"images": pixels, "labels": LABELS}
    np.savez(root / "it.npz", **arrays, **{f"test_{name}": arrays[name] for name in arrays})
    return find_spec("npz").open(root / "it.npz")


@pytest.mark.parametrize(
    ("write", "kind"),
    [(in_npz, "png"), (in_folder, "png"), (in_folder, "jpeg"), (in_parquet, "jpeg")],
)
def test_they_are_those_in_memory_to_the_bit(tmp_path, monkeypatch, write, kind):
    monkeypatch.setenv("BSGROW_DATA_DIR", str(tmp_path / "cache"))  # of images in parquet
    files, pixels = photographs(kind)
    dataset = write(tmp_path, files, kind)
    split = ArraySplit(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)), LABELS)
    in_memory = ArrayDataset("it", split, split, 2, dataset.mean, dataset.std, "sha256:0")
    settings = replace(SETTINGS, augment=AUGMENT, **WHOLE)
    images, labels = in_one(micro_batches_of(make_loader(in_memory, settings), PLAN))
    own = in_one(micro_batches_of(make_loader(dataset, settings), PLAN))
    assert torch.equal(own[1], labels)
    assert torch.equal(own[0], images)
    cut = cut_up(AUGMENT, dataset, world_size=2, micro_batch_size=GHOST, **WHOLE)
    assert torch.equal(cut[0], images)
    assert torch.equal(cut[1], labels)
