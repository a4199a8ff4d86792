"""Compute capabilities that the kernels for CUDA devices run on."""

from collections.abc import Iterable


def why_unsupported(capability: int, built: Iterable[int]) -> str | None:
    """Say why kernels do not run on a device; None where they do.

    Machine code runs within its major version, from its minor version on. The newest is built as
    PTX as well, which the driver compiles for whatever is newer.

    Args:
        capability: of the device, ten times: 75 is a T4's, 90 an H100's.
        built: those that there is machine code for.
    """
    known = sorted(built)
    runs = any(code // 10 == capability // 10 and code <= capability for code in known)
    if runs or (known and capability >= known[-1]):
        return None
    names = ", ".join(f"sm_{code}" for code in known) or "nothing"
    return (
        f"sm_{capability} is not among what the kernels were built for: {names} and what is newer"
    )
