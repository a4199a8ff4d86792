import math
from pathlib import Path

import pytest

from bsgrow.data import DATASETS, ENCODED, find_spec, is_encoded, load_dataset
from bsgrow.errors import BsgrowError, InputError


def test_the_registered_sets():
    counts = {name: (spec.num_samples, spec.num_classes) for name, spec in DATASETS.items()}
    assert counts == {
        "digits": (1_437, 10),
        "fashion-mnist": (60_000, 10),
        "cifar10": (50_000, 10),
        "cifar100": (50_000, 100),
        "imagenet": (1_281_167, 1000),
    }


@pytest.mark.parametrize("spec", DATASETS.values(), ids=str)
def test_every_spec_is_whole(spec):
    channels = spec.image_shape[0]
    assert len(spec.mean) == len(spec.std) == channels
    # A pixel / 255 lies in [0, 1], so that its deviation cannot pass sqrt(m (1 - m)).
    assert all(0 < s <= math.sqrt(m * (1 - m)) for m, s in zip(spec.mean, spec.std, strict=True))
    assert spec.description


def test_the_registry_cannot_be_changed():
    with pytest.raises(TypeError):
        DATASETS["digits"] = DATASETS["cifar10"]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("cifar-10", "cifar10"), ("Digits", "digits"), ("fashionmnist", "fashion-mnist")],
)
def test_the_nearest_name_is_offered(name, nearest):
    with pytest.raises(InputError, match=f"data.name = '{name}'") as caught:
        load_dataset(name)
    assert nearest in caught.value.hint


def test_a_name_like_no_other():
    with pytest.raises(InputError) as caught:
        find_spec("xyzzy")
    assert caught.value.hint == (
        "one of cifar10, cifar100, digits, fashion-mnist, folder, imagenet, shards, webdataset"
    )


def test_imagenet_is_not_read_into_memory():
    assert find_spec("imagenet").image_shape == (3, 224, 224)
    with pytest.raises(InputError, match="its samples are encoded images") as caught:
        load_dataset("imagenet")
    assert "set data.path" in caught.value.hint


def test_which_names_stand_for_encoded_images():
    names = [name for name in (*DATASETS, *ENCODED, "unknown") if is_encoded(name)]
    assert names == ["imagenet", *ENCODED]


def test_the_home_folder_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(InputError, match=str(tmp_path / "nothing")):
        load_dataset("cifar10", Path("~/nothing"))


def test_an_unknown_home_folder_stays_as_written():
    with pytest.raises(InputError, match="~no-such-user/x"):
        load_dataset("cifar10", Path("~no-such-user/x"))


@pytest.mark.parametrize("name", ["cifar10", "fashion-mnist"])
def test_a_path_that_the_system_refuses(name):
    with pytest.raises(BsgrowError):
        load_dataset(name, Path("x" * 5000))
