import math
import subprocess
import sys
from pathlib import Path

import pytest

from bsgrow.data import DATASETS, LAYOUTS, find_spec, load_dataset
from bsgrow.errors import BsgrowError, InputError
from bsgrow.validation.registry import Registry


def test_the_registered_sets():
    counts = {name: (spec.num_samples, spec.num_classes) for name, spec in DATASETS.items()}
    assert counts == dict.fromkeys([*LAYOUTS, "npz", "parquet"], (None, None)) | {
        "digits": (1_437, 10),
        "fashion-mnist": (60_000, 10),
        "cifar10": (50_000, 10),
        "cifar100": (50_000, 100),
        "imagenet": (1_281_167, 1000),
    }


@pytest.mark.parametrize("spec", DATASETS.values(), ids=DATASETS)
def test_every_spec_is_whole(spec):
    channels = spec.usual_shape[0] if spec.usual_shape else 3 if "images" in spec.takes else 0
    assert len(spec.mean) == len(spec.std) == channels
    assert DATASETS[spec.name] is spec
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
        "one of cifar10, cifar100, digits, fashion-mnist, folder, imagenet, npz, parquet, shards, "
        "webdataset"
    )


def test_imagenet_is_not_read_into_memory():
    assert find_spec("imagenet").usual_shape == (3, 224, 224)


@pytest.mark.parametrize("name", ["imagenet", *LAYOUTS])
def test_encoded_images_are_not_fetched(name):
    with pytest.raises(InputError, match="its samples are encoded images") as caught:
        load_dataset(name)
    assert "set data.path" in caught.value.hint


def test_the_keys_and_the_shape_of_each_kind():
    arrays = ["digits", "fashion-mnist", "cifar10", "cifar100"]
    assert [name for name in DATASETS if "augment.pad" in DATASETS[name].takes] == [*arrays, "npz"]
    assert [name for name in DATASETS if DATASETS[name].image_shape] == arrays
    images = [name for name in DATASETS if "data.decoder" in DATASETS[name].takes]
    assert images == ["imagenet", "parquet", *LAYOUTS]
    assert [name for name in images if "data.test_fraction" in DATASETS[name].takes] == [
        "parquet",
        *LAYOUTS,
    ]


def test_a_data_set_of_the_name_of_a_layout_is_rejected():
    with pytest.raises(ValueError, match="'folder' is the name of a data set already"):
        DATASETS.register("folder", DATASETS["digits"])
    with pytest.raises(ValueError, match="'cifar10' is the name of a data set already"):
        Registry("data set", *DATASETS.items(), ("cifar10", LAYOUTS["folder"]))


def test_what_there_is_is_known_without_numpy():
    script = "import sys, bsgrow.data; print('numpy' in sys.modules, *bsgrow.data.DATASETS)"
    output = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert output.stdout.split() == ["False", *DATASETS]


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
