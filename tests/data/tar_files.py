"""Tars for tests, written by the standard library."""

import io
import tarfile

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def make_tar(path, members, tar_format=tarfile.PAX_FORMAT, **fields):
    with tarfile.open(path, "w", format=tar_format, **fields) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path
