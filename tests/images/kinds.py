"""All kinds of files that are read, but for JPEG."""

from tests.images.bmp_kinds import bmp_kinds
from tests.images.other_kinds import gif_kinds, netpbm_kinds, png_kinds, webp_kinds
from tests.images.tiff_kinds import tiff_kinds

KINDS = {
    **png_kinds(),
    **tiff_kinds(),
    **bmp_kinds(),
    **webp_kinds(),
    **gif_kinds(),
    **netpbm_kinds(),
}
