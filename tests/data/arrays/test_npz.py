"""NumPy's archives are read strictly: what is damaged or lies is told, and nothing in it is run."""

import os
import random
import struct
import zipfile

import numpy as np
import pytest

from bsgrow.data import find_spec, load_dataset
from bsgrow.data.arrays import npz
from bsgrow.errors import BsgrowError, InputError
from bsgrow.recipe import load_recipe
from bsgrow.recipe.planning import num_train_samples, open_data

RNG = np.random.default_rng(0)
ARRAYS = {
    "images": RNG.integers(0, 256, (30, 4, 5, 3), np.uint8),
    "labels": np.arange(30) % 3,
    "test_images": RNG.integers(0, 256, (6, 4, 5, 3), np.uint8),
    "test_labels": np.arange(6) % 3,
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "some.npz"


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F"])
def test_what_was_saved_is_read(path, save, order):
    save(path, **{name: np.asarray(array, order=order) for name, array in ARRAYS.items()})
    dataset = load_dataset("npz", path)
    assert np.array_equal(dataset.train.images, ARRAYS["images"].transpose(0, 3, 1, 2))
    assert dataset.test.labels.tolist() == ARRAYS["test_labels"].tolist()
    assert dataset.num_classes == 3


def test_it_is_counted_without_its_images(path, monkeypatch):
    np.savez(path, **ARRAYS)
    read = []
    monkeypatch.setattr(npz, "_fill", lambda content, buffer: read.append(len(buffer)))
    assert find_spec("npz").count(path) == 30
    assert read == []


def test_what_is_held_out_is_counted_by_the_labels(path):
    np.savez(path, images=ARRAYS["images"], labels=ARRAYS["labels"])
    spec = find_spec("npz")
    dataset = spec.open(path, 0.3)
    assert spec.count(path, 0.3) == dataset.num_samples < 30
    with pytest.raises(InputError, match="has no test split"):
        spec.look(path)


def test_a_plan_counts_it(path):
    np.savez(path, **ARRAYS)
    data = load_recipe("digits", ["data.name=npz", f"data.path={path}"]).data
    assert num_train_samples(data, open_data(data)) == 30


@pytest.mark.parametrize("name", ["nothing.npz", "."])
def test_what_is_no_file(tmp_path, name):
    with pytest.raises(InputError, match=r"data\.path = "):
        load_dataset("npz", tmp_path / name)


def test_no_path():
    with pytest.raises(InputError, match="path is not set"):
        load_dataset("npz")


def test_a_pipe_is_not_waited_for(path):
    os.mkfifo(path)
    with pytest.raises(InputError, match="not a regular file"):
        load_dataset("npz", path)


def header(shape, descr="|u1"):
    text = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def write(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)


GOOD_LABELS = ("labels.npy", header((2,), "<i8") + bytes(16))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (header((2, 3, 3)) + bytes(17), "takes 18 bytes, and there are 17"),
        (header((2, 3, 3)) + bytes(19), "takes 18 bytes, and there are 19"),
        (header((10**9, 10**9, 10**9)), "bytes, and there are 0"),
        (header((-2, -3, 3)) + bytes(18), "of shape"),
        (header((2, 3, 3), "|O") + bytes(144), "it holds object"),
        (header((2, 3, 3), [("a", "|u1")]) + bytes(18), "where numbers are needed"),
        (header((2, 3, 3), "|V0"), "where numbers are needed"),
        (header((2, 3, 3), "nonsense"), "descr"),
        (b"", "damaged"),
        (b"\x93NUMPY\x09\x00\x10\x00" + bytes(16), "version 9"),
        (b"\x93NUMPY\x01\x00\xff\xff{", "damaged"),
        (b"\x93NUMPY\x01\x00\x08\x00((((((((", "damaged"),
        (b"\x93NUMPY\x01\x00\x08\x00{'a': 1}", "damaged"),
        (b"\x93NUMPY\x01\x00\x10\x27" + b"(" * 10000, "damaged"),
        (b"PK\x03\x04", "damaged"),
    ],
)
def test_an_array_that_is_damaged_or_lies(path, content, said):
    write(path, [("images.npy", content), GOOD_LABELS])
    with pytest.raises(BsgrowError) as caught:
        load_dataset("npz", path)
    assert said in caught.value.message
    assert "images" in caught.value.message
    assert caught.value.hint


def test_a_zip_that_unfolds_beyond_memory_is_refused_before_it_is_read(path, monkeypatch):
    write(path, [("images.npy", header((2**24, 1, 1)) + bytes(2**24)), GOOD_LABELS])
    assert path.stat().st_size < 2**15
    sizes = {"SC_PAGE_SIZE": 1, "SC_PHYS_PAGES": 2**23}
    monkeypatch.setattr(npz.os, "sysconf", sizes.__getitem__)
    with pytest.raises(BsgrowError, match="has 16777216 bytes, and this machine 8388608 of memory"):
        load_dataset("npz", path)


def test_names_that_come_twice(path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        write(path, [GOOD_LABELS, GOOD_LABELS])
    with pytest.raises(InputError, match="holds 2 arrays, of 1 names"):
        load_dataset("npz", path)


def test_an_array_of_objects_is_never_unpickled(path):
    class Trap:
        def __reduce__(self):
            return exec, ("raise SystemExit('run')",)

    np.savez(path, images=np.array([Trap()], object), labels=np.array([0]))
    with pytest.raises(BsgrowError, match="it holds object"):
        load_dataset("npz", path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_damage_anywhere_is_told_or_harms_nothing(path, save):
    save(path, **ARRAYS)
    whole, drawn = path.read_bytes(), random.Random(7)
    outcomes = set()
    for _ in range(300):
        content = bytearray(whole[: drawn.choice([len(whole), drawn.randrange(len(whole))])])
        for _ in range(drawn.randrange(3)):
            if content:
                content[drawn.randrange(len(content))] = drawn.randrange(256)
        path.write_bytes(content)
        try:
            load_dataset("npz", path)
            outcomes.add("read")
        except BsgrowError as error:
            outcomes.add(bool(error.hint))
    assert outcomes == {"read", True}
