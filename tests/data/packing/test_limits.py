"""What a shard could not say, so that no reader would take it back, is not packed."""

import pytest

from bsgrow.data.packing import PackOptions, pack
from bsgrow.data.shards.index_checks import MOST_TEXT_BYTES
from bsgrow.errors import InputError
from tests.data.conftest import encode_image, write_images


def test_names_left_out(tmp_path, monkeypatch):
    folder = write_images(
        tmp_path / "in", {"c/0.jpg": b"", "c/1.jpg": b"", "c/2.jpg": encode_image()}
    )
    options = PackOptions(on_error="skip")
    monkeypatch.setitem(MOST_TEXT_BYTES, "names left out", 15)
    with pytest.raises(InputError, match=r"shard-000000.bsgrow: the names of the 2 files left out"):
        pack(folder, tmp_path / "out", options, num_workers=1)
    assert [*(tmp_path / "out").glob("*.bsgrow")] == []
    monkeypatch.setitem(MOST_TEXT_BYTES, "names left out", 16)
    [packed] = pack(folder, tmp_path / "out", options, num_workers=1)
    assert packed.num_left_out == 2


@pytest.mark.parametrize(("most", "fits"), [(3, False), (4, True)])
def test_class_names(tmp_path, monkeypatch, most, fits):
    folder = write_images(tmp_path / "in", {"c/0.jpg": encode_image(), "d/0.jpg": encode_image()})
    monkeypatch.setitem(MOST_TEXT_BYTES, "class names", most)
    if fits:
        assert pack(folder, tmp_path / "out", PackOptions(), num_workers=1)[0].num_samples == 2
        return
    with pytest.raises(InputError, match="2 classes, whose names take 4 bytes, are more"):
        pack(folder, tmp_path / "out", PackOptions(), num_workers=1)
