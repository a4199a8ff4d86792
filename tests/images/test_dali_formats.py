"""Which files DALI is given."""

import pytest

from bsgrow.images.dali_formats import dali_decodes
from tests.photographs import cut, save


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "TIFF"])
def test_formats_that_dali_knows(kind):
    assert dali_decodes(memoryview(save(cut(90, 120), kind)))


@pytest.mark.parametrize("content", [b"", b"\xff", b"GIF89a..", b"P6 9 9 9", b"<html>", bytes(99)])
def test_what_dali_is_not_given(content):
    assert not dali_decodes(memoryview(content))
