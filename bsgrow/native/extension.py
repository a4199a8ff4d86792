"""Finds the compiled half, or says how to build it."""

from bsgrow.errors import BsgrowError, InputError

try:
    from bsgrow import _native as extension
except ImportError as error:  # pragma: no cover - needs an unbuilt tree
    raise BsgrowError(
        f"bsgrow's native extension (bsgrow._native) cannot be loaded: {error}",
        hint="build it with `pip install -e .` in the source tree; "
        "it needs a C++17 compiler and pybind11",
    ) from error

try:
    from bsgrow import _native_jpeg as jpeg_extension
except ImportError:  # libjpeg-turbo was not there when bsgrow was built
    jpeg_extension = None  # type: ignore[assignment]  # a module, or none

try:
    extension.instruction_set()
except ValueError as error:  # it names the variable BSGROW_INSTRUCTION_SET and its value
    raise InputError(str(error), hint="unset it, and the best that runs here is taken") from error

__all__ = ["extension", "jpeg_extension"]
