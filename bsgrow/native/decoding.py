"""Encoded images to normalised batches: JPEGs natively, what else there is by `bsgrow.images`.

A JPEG is decoded as far as its window needs and resized in the same pass (see
``csrc/jpeg/README.md``): the usual kinds by a decoder of our own, to the bits of libjpeg-turbo,
which decodes the others and tells what is wrong. Resizing is Pillow's bilinear filter with
antialiasing, to the bits that it gives when it resizes rows first; other formats are resized by the
same native code. Where the native decoder was not built, Pillow decodes JPEGs too: slower, with the
same windows.

An image is decoded whole, or it is an error: warnings of libjpeg that tell of lost pixels are
errors too, and no part of an image is ever silently grey or black. Rows below the window are not
read, so damage there is found only by a window that needs them. Pillow by itself passes over lost
pixels, so that a JPEG which is left to it, as CMYK is, is first looked through natively, all of it.
Where the native decoder was not built, and for JPEGs that libjpeg-turbo cannot read (lossless),
nothing does that.

The EXIF orientation is applied, as people see the image (and unlike torchvision's loader); it is
read from EXIF alone, not from XMP.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from bsgrow.errors import InputError
from bsgrow.images.encoded import MAX_PIXELS, Encoded
from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg.header import CUT_SHORT, is_cut_short
from bsgrow.images.reading import shown_levels, shown_size
from bsgrow.images.tiff.jpeg import jpegs_inside
from bsgrow.native.extension import extension
from bsgrow.native.extension import jpeg_extension as native
from bsgrow.native.normalisation import scale_and_bias

Statuses = list[str | None]
"""For each image None, or the reason why it could not be decoded."""


def is_built() -> bool:
    """Tell whether the native decoder is there; without it Pillow decodes every image."""
    return native is not None


def require_built(what: str) -> None:
    """Raise InputError where the native decoder, asked for by what is named, is missing."""
    if not is_built():
        raise InputError(
            f"{what}: bsgrow was built without libjpeg-turbo",
            "install its headers and build bsgrow again; `bsgrow doctor` says what was built",
        )


class _NativeTask(Protocol):
    def wait(self) -> None: ...
    def done(self) -> bool: ...
    def cancel(self) -> None: ...
    def statuses(self) -> list[tuple[str, str]]: ...


class _Batch:
    """The arguments of decode_batch, checked where it is cheap, and what Pillow does of it."""

    def __init__(
        self,
        encoded: Sequence[Encoded],
        windows: npt.NDArray[np.int32],
        size: int,
        resize: int | None,
        mean: Sequence[float],
        std: Sequence[float],
        out_images: npt.NDArray[Any],
        max_pixels: int,
        scaled: bool,
    ) -> None:
        if out_images.shape != (len(encoded), 3, size, size):
            raise ValueError(
                f"out_images: expected shape {(len(encoded), 3, size, size)}, "
                f"got {out_images.shape}"
            )
        if scaled and native is None:
            raise ValueError("scaled: the native decoder, which can, was not built")
        scale, bias = scale_and_bias(mean, std)
        self.encoded, self.windows, self.out_images = encoded, windows, out_images
        self.output: dict[str, Any] = {"resize": resize or 0, "scale": scale, "bias": bias}
        self.max_pixels, self.scaled = max_pixels, scaled

    def arguments(self) -> dict[str, Any]:
        return self.output | {
            "encoded": self.encoded,
            "windows": self.windows,
            "out_images": self.out_images,
            "max_pixels": self.max_pixels,
            "scaled": self.scaled,
        }

    def finish(self, statuses: Sequence[tuple[str, str]]) -> Statuses:
        """Decodes by Pillow what the native decoder does not support."""
        return [self._finish_one(i, *status) for i, status in enumerate(statuses)]

    def _finish_one(self, i: int, result: str, message: str) -> str | None:
        if result == "unsupported":
            return self._decode_by_pillow(i)
        return None if result == "decoded" else message

    def _decode_by_pillow(self, i: int) -> str | None:
        try:
            _check_jpegs_inside(self.encoded[i], self.max_pixels)
            extension.resize_pixels(
                pixels=shown_levels(self.encoded[i], self.max_pixels),
                window=self.windows[i],
                out_image=self.out_images[i],
                **self.output,
            )
        except ValueError as error:
            return str(error)
        return None


def _check_jpegs_inside(encoded: Encoded, max_pixels: int) -> None:
    """Looks through the JPEGs of a TIFF, whose lost pixels Pillow passes over."""
    if bytes(memoryview(encoded)[:2]) in (b"II", b"MM") and native is not None:
        for jpeg in jpegs_inside(encoded):
            check_as_in_training(jpeg, max_pixels=max_pixels)


def decode_batch(
    encoded: Sequence[Encoded],
    *,
    windows: npt.NDArray[np.int32],
    size: int,
    mean: Sequence[float],
    std: Sequence[float],
    out_images: npt.NDArray[Any],
    num_threads: int,
    resize: int | None = None,
    max_pixels: int = MAX_PIXELS,
    scaled: bool = False,
    by_libjpeg: bool = False,
) -> Statuses:
    """Decodes the window of each image, resized, mirrored, normalised and cast.

    The window is resized to size x size. Where resize is given, its shorter side becomes resize,
    and size x size is cut out of the middle, with the pixels that torchvision's Resize and
    CenterCrop give: that is how a :class:`~bsgrow.images.crops.CentreCrop` is shown.

    The GIL is released while JPEGs are decoded; Pillow does the rest in the calling thread.

    Args:
        encoded: the bytes of each image.
        windows: int32 ``[n, 5]``: top, left, height, width, mirrored; from
            :func:`~bsgrow.native.resized_crop.crop_windows`.
        size: side of the output in pixels.
        mean: of each channel, of pixel / 255.
        std: of each channel, of pixel / 255, above 0.
        out_images: written; float32, float16, or bfloat16 seen as uint16, ``[n, 3, size, size]``,
            contiguous or channels_last. What is written for an image that fails is not specified.
        num_threads: threads that share the work, the caller's included.
        resize: None, or what the window's shorter side becomes, at least size.
        max_pixels: the most that an image may have, whatever its window.
        scaled: whether a JPEG is decoded at a half, a quarter or an eighth of its size, by a
            smaller inverse DCT, where its window keeps as many pixels as it is resized to, each
            edge at the nearest pixel. In less time, other pixels.
        by_libjpeg: whether libjpeg-turbo decodes all of each JPEG, in place of the native decoder:
            the same pixels and errors, in more time, to compare with.

    Returns:
        For each image None, or the reason why it could not be decoded.

    Raises:
        InputError: mean or std cannot normalise.
        TypeError: an argument is no array or no integer; the message names it.
        ValueError: a shape, dtype, layout or range is wrong; the message names the argument; or
            JPEGs are to be scaled, and the native decoder was not built.
    """
    batch = _Batch(encoded, windows, size, resize, mean, std, out_images, max_pixels, scaled)
    if native is None:
        return batch.finish([("unsupported", "")] * len(encoded))
    arguments = batch.arguments() | {"by_libjpeg": by_libjpeg, "num_threads": num_threads}
    return batch.finish(native.decode_batch(**arguments))


class DecodeTask:
    """A batch that is decoded in the background; its output is whole when wait has returned."""

    def __init__(self, batch: _Batch, task: _NativeTask | None) -> None:
        self._batch = batch
        self._task = task
        self._statuses: Statuses | None = None

    def wait(self) -> None:
        """Takes part in the work until it ended, then decodes by Pillow what is left to it."""
        if self._statuses is None:
            pending = [("unsupported", "")] * len(self._batch.encoded)
            self._statuses = self._batch.finish(self._task.statuses() if self._task else pending)

    def done(self) -> bool:
        """Tell whether the native part of the work ended; Pillow's is done by wait."""
        return self._task.done() if self._task else self._statuses is not None

    def cancel(self) -> None:
        """Drops what was not begun; the statuses of those images say so."""
        if self._task:
            self._task.cancel()
        elif self._statuses is None:
            self._statuses = ["it was not decoded"] * len(self._batch.encoded)

    @property
    def statuses(self) -> Statuses:
        """The statuses as :func:`decode_batch` returns them; waits."""
        self.wait()
        assert self._statuses is not None
        return self._statuses


def decode_batch_async(
    encoded: Sequence[Encoded],
    *,
    windows: npt.NDArray[np.int32],
    size: int,
    mean: Sequence[float],
    std: Sequence[float],
    out_images: npt.NDArray[Any],
    num_threads: int,
    resize: int | None = None,
    max_pixels: int = MAX_PIXELS,
    scaled: bool = False,
) -> DecodeTask:
    """Begins :func:`decode_batch` in the background, with the same arguments and errors.

    The buffers are kept alive by the task; nothing is written to out_images after the task was
    destroyed, or cancelled and waited for.
    """
    batch = _Batch(encoded, windows, size, resize, mean, std, out_images, max_pixels, scaled)
    if native is None:
        return DecodeTask(batch, None)
    arguments = batch.arguments() | {"by_libjpeg": False, "num_threads": num_threads}
    return DecodeTask(batch, native.decode_batch_async(**arguments))


def check_as_in_training(encoded: Encoded, *, max_pixels: int = MAX_PIXELS) -> None:
    """Decodes an image whole, as training may need to, and throws the pixels away.

    Raises:
        ImageError: it cannot be decoded, or pixels of it are lost.
    """
    height, width = shown_size(encoded, max_pixels)
    (reason,) = decode_batch(
        [encoded],
        windows=np.array([[0, 0, height, width, 0]], np.int32),
        size=1,
        mean=(0.0,) * 3,
        std=(1.0,) * 3,
        out_images=np.empty((1, 3, 1, 1), np.float32),
        num_threads=1,
        max_pixels=max_pixels,
    )
    if reason is None and is_cut_short(encoded):
        reason = CUT_SHORT
    if reason is not None:
        raise ImageError(reason)
