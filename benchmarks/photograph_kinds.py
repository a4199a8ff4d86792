"""A folder of 64 photographs of every kind that is read, cut from scikit-learn's two.

    python benchmarks/photograph_kinds.py FOLDER

Sizes, windows and kinds follow from the number of the photograph. What the files hold is that of
the installed Pillow, so that runs are compared on one folder.
"""

import hashlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

NUM_PHOTOGRAPHS = 64
CLASSES = ("china", "flower")
_SIDES = (40, 240)  # pixels
_ORIENTATION = 0x0112  # the tag of EXIF

Save = Callable[[Image.Image, Path], None]


def saving(ending: str, mode: str = "RGB", **options: Any) -> tuple[str, Save]:
    """Return the ending, and how a file is written in a mode with options of Pillow's writer."""
    return ending, lambda image, path: image.convert(mode).save(path, **options)


def turned(orientation: int) -> tuple[str, Save]:
    """Return how a JPEG is written that a camera held in another way has taken."""
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    return saving("jpg", exif=exif)


def deep(image: Image.Image, path: Path) -> None:
    """Write 16 bits a pixel."""
    grey = np.asarray(image.convert("L"), np.uint16)
    Image.fromarray(grey * 257).save(path)


KINDS: tuple[tuple[str, Save], ...] = (
    *(saving("jpg", subsampling=sampling, quality=90) for sampling in ("4:2:0", "4:2:2", "4:4:4")),
    *(turned(orientation) for orientation in range(2, 9)),
    saving("jpg", progressive=True),
    saving("jpg", restart_marker_blocks=3),
    saving("jpg", "L"),
    saving("jpg", "CMYK"),
    saving("png"),
    saving("png", "P"),
    saving("png", "RGBA"),
    ("png", deep),
    saving("bmp"),
    saving("ppm"),
    saving("pgm", "L"),
    saving("tif"),
    saving("tif", compression="tiff_lzw"),
    saving("webp"),
)


def make_photographs(folder: Path) -> Path:
    """Write the photographs, one folder a class; a folder that is there is left as it is."""
    if not folder.exists():
        photographs = load_sample_images().images
        random = np.random.default_rng(0)
        for i in range(NUM_PHOTOGRAPHS):
            ending, save = KINDS[i // len(CLASSES) % len(KINDS)]
            path = folder / CLASSES[i % len(CLASSES)] / f"{i:02}.{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            save(cut(photographs[i % len(CLASSES)], random), path)
    return folder


def cut(photograph: np.ndarray, random: np.random.Generator) -> Image.Image:
    """Return a window of a drawn size at a drawn place."""
    height, width = random.integers(*_SIDES, size=2, endpoint=True)
    top, left = (random.integers(n + 1) for n in np.subtract(photograph.shape[:2], (height, width)))
    return Image.fromarray(photograph[top : top + height, left : left + width])


def digests(folder: Path) -> Mapping[str, str]:
    """Return the SHA-256 of each photograph, by its name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


if __name__ == "__main__":
    make_photographs(Path(sys.argv[1]))
