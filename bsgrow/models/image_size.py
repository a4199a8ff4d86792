"""The smallest images that an architecture takes."""

from bsgrow.errors import InputError


def check_image_size(name: str, smallest: int, height: int, width: int) -> None:
    """Check that images are large enough for an architecture.

    Args:
        name: of the architecture.
        smallest: pixels that each side needs.
        height: of the images, in pixels.
        width: of the images, in pixels.

    Raises:
        InputError: a side is shorter.
    """
    if min(height, width) < smallest:
        raise InputError(
            f"model.name = {name!r}: takes images of {smallest}×{smallest} pixels or more, "
            f"and these are {height}×{width}",
            hint=f"set images.size = {smallest} or more where images are encoded; small images "
            "in arrays need another model",
        )
