"""Photographs decoded at a part of their size, from the loader's settings down to the kernel."""

import pytest
import torch

from bsgrow.errors import InputError
from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.loading import decoder_choice
from bsgrow.loading.decoder_choice import choose_decoder
from tests.loading.encoded_stream import CPU, make_loader, stream
from tests.photo_folder import write_photographs

CUDA = torch.device("cuda")
SMALL = {"crop": ResizedCrop(16, (0.6, 1.0)), "centre_crop": CentreCrop(16, 20)}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_photographs(tmp_path_factory.mktemp("scaled"), num_train=20, num_test=3)


def evaluated(loader):
    return torch.cat([images for images, _ in loader.evaluation()])


def test_every_batch_has_the_same_bits_and_other_pixels_than_exact(photos):
    scaled, exact = (make_loader(photos, decode=name, **SMALL) for name in ("scaled", "exact"))
    images = stream(scaled, 40)[0]
    assert torch.equal(images, stream(scaled, 7, 33)[0])
    apart = (images - stream(exact, 40)[0]).abs()
    assert 0 < apart.mean() < 0.1, "in standard deviations"
    apart = (evaluated(scaled) - evaluated(exact)).abs()
    assert 0 < apart.mean() < 0.1


def test_only_the_native_decoder_can(photos, monkeypatch):
    monkeypatch.setattr(decoder_choice, "is_dali_installed", lambda: True)
    assert choose_decoder("auto", CUDA, "scaled") == "native"
    assert choose_decoder("auto", CUDA) == "dali"
    with pytest.raises(InputError, match="DALI decodes in full"):
        make_loader(photos, "dali", decode="scaled")
    monkeypatch.setattr(decoder_choice.decoding, "is_built", lambda: False)
    with pytest.raises(InputError, match="built without libjpeg-turbo"):
        make_loader(photos, decode="scaled")
    assert choose_decoder("auto", CPU, "scaled") == "native"
