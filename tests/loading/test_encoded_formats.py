"""What is no ordinary JPEG comes out of every decoder alike."""

import numpy as np
import pytest
import torch
from PIL import Image

from bsgrow.images.crops import ResizedCrop
from tests.loading.encoded_stream import SIZE, levels, make_loader, needs_dali, stream
from tests.photo_folder import write_photographs
from tests.photographs import cut, encode, save

PIXELS = cut(120, 150)


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(PIXELS, exif=exif)


def sixteen_bits():
    return save(Image.fromarray(PIXELS[:, :, 0].astype(np.uint16) * 257), "PNG")


def turned_tiff():
    exif = Image.Exif()
    exif[0x0112] = 6
    return save(PIXELS, "TIFF", exif=exif)


def turned_by_xmp(mode):
    return encode(PIXELS, mode, xmp=b'<x tiff:Orientation="6"/>')


def netpbm(kind, highest):
    """Grey (P5) or colour (P6) with other levels than 255."""
    pixels = (PIXELS[:, :, 0] if kind == "P5" else PIXELS).astype(np.uint32) * highest // 255
    header = f"{kind} {PIXELS.shape[1]} {PIXELS.shape[0]} {highest}\n".encode()
    return header + pixels.astype("u1" if highest < 256 else ">u2").tobytes()


def palette():
    return save(Image.fromarray(PIXELS).convert("P"), "PNG")


def with_alpha():
    return save(np.dstack([PIXELS, np.full(PIXELS.shape[:2], 128, np.uint8)]), "PNG")


KINDS = {
    **{f"turned {k}": lambda k=k: turned(k) for k in range(1, 9)},
    "grey": lambda: encode(PIXELS, "L"),
    "CMYK": lambda: encode(PIXELS, "CMYK"),
    "progressive": lambda: encode(PIXELS, progressive=True),
    "trailing bytes": lambda: encode(PIXELS) + b"trailer",
    "PNG": lambda: save(PIXELS, "PNG"),
    "PNG with 16 bits": sixteen_bits,
    "PNG with a palette": palette,
    "PNG with alpha": with_alpha,
    "BMP": lambda: save(PIXELS, "BMP"),
    "WebP": lambda: save(PIXELS, "WEBP"),
    "TIFF": lambda: save(PIXELS, "TIFF"),
    "TIFF, turned": turned_tiff,
    "XMP that would turn it": lambda: turned_by_xmp("RGB"),
    "XMP that would turn it, CMYK": lambda: turned_by_xmp("CMYK"),
    "PPM": lambda: save(PIXELS, "PPM"),
    "PPM with 64 levels": lambda: netpbm("P6", 63),
    "PGM with 12 bits": lambda: netpbm("P5", 4095),
    "PGM with 16 bits": lambda: netpbm("P5", 65535),
    "GIF": lambda: save(PIXELS, "GIF"),  # DALI has no decoder for it
}


@needs_dali
@pytest.mark.parametrize("crop", [ResizedCrop(SIZE), ResizedCrop(SIZE, (1.0, 1.0))], ids=str)
def test_dali_and_native_agree(tmp_path, crop):
    root = write_photographs(tmp_path, num_train=len(KINDS) // 2 + 1, num_test=1)
    paths = sorted((root / "train").rglob("*.jpg"))
    for path, make in zip(paths, KINDS.values(), strict=False):
        path.write_bytes(make())  # decoders look at the content, not at the name
    loaders = [make_loader(root, name, crop=crop) for name in ("native", "dali")]
    (native, labels), (dali, labels_of_dali) = (stream(each, 2 * len(paths)) for each in loaders)
    assert torch.equal(labels, labels_of_dali)
    mean, std = loaders[0].dataset.mean, loaders[0].dataset.std
    difference = (levels(native, mean, std) - levels(dali, mean, std)).abs()
    assert difference[:, :, 1:-1, 1:-1].amax() < 1.01
    assert difference.mean() < 0.3
