"""What the tests of several data sets share."""

import io
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def idx_bytes() -> Callable[..., bytes]:
    """Writes the IDX format, independently of the reader."""

    def write(array: np.ndarray, *, dtype_code: int = 8) -> bytes:
        dimensions = struct.pack(f">{array.ndim}I", *array.shape)
        return bytes((0, 0, dtype_code, array.ndim)) + dimensions + array.tobytes()

    return write


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every look-up and every connection fail the test."""

    def refuse(*args: object) -> None:
        pytest.fail(f"the network was touched: {args}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of our own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("BSGROW_DATA_DIR", str(folder))
    return folder


def encode_image(
    width: int = 16,
    height: int = 12,
    *,
    seed: int = 0,
    kind: str = "JPEG",
    mode: str = "RGB",
    orientation: int = 1,
    **how: object,
) -> bytes:
    """An image file of smooth noise, with Pillow."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).convert(mode)
    if orientation != 1:
        exif = Image.Exif()
        exif[0x0112] = orientation
        how["exif"] = exif
    stream = io.BytesIO()
    image.save(stream, kind, **how)
    return stream.getvalue()


def write_images(root: Path, images: dict[str, bytes]) -> Path:
    """Files below `root`, by their paths."""
    for name, content in images.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A data set of three classes: 12 images to train on, 3 held out, of many kinds."""
    kinds = [
        {"orientation": 6},
        {"mode": "L"},
        {"mode": "CMYK"},
        {"kind": "PNG", "mode": "RGBA"},
        {"kind": "WEBP", "width": 33},
        {"width": 40, "height": 30},
    ]
    images = {}
    for i in range(15):
        split, label = ("train", i % 3) if i < 12 else ("val", i - 12)
        how = kinds[i % len(kinds)]
        suffix = str(how.get("kind", "jpg")).lower()
        name = f"{split}/class {label}/{'below/' * (i % 2)}{i}.{suffix}"
        images[name] = encode_image(seed=i, **how)
    return write_images(tmp_path / "photographs", images)


def open_descriptors() -> list[str]:
    """The numbers of the files that this process has open."""
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())
