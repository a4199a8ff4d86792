"""Which samples are held out of a single folder: by name, the same everywhere."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.data import load_encoded
from bsgrow.data.encoded.held_out import choose
from bsgrow.data.packing import PackOptions, pack
from bsgrow.errors import InputError
from bsgrow.images.reading import check_decodes
from tests.data.conftest import encode_image, write_images
from tests.data.tar_files import make_tar

NAMES = [f"class {i % 3}/{i:03d}.jpg".encode() for i in range(300)]
LABELS = np.arange(300) % 3

named = st.dictionaries(
    st.binary(min_size=1, max_size=8), st.integers(0, 3), min_size=1, max_size=40
)
fractions = st.floats(0, 1, exclude_min=True, exclude_max=True)


def held_names(names, labels, fraction):
    return {name for name, held in zip(names, choose(names, labels, fraction), strict=True) if held}


def test_a_sample_is_held_out_by_the_first_64_bits_of_its_names_sha256():
    bits = [int(hashlib.sha256(name).hexdigest()[:16], 16) for name in NAMES]
    assert choose(NAMES, LABELS, 0.1).tolist() == [number / 2**64 < 0.1 for number in bits]


def test_about_the_fraction_is_held_out():
    assert 0.05 < choose(NAMES, LABELS, 0.1).mean() < 0.15


@given(named, fractions)
def test_each_class_with_two_samples_is_on_both_sides(samples, fraction):
    names, labels = list(samples), np.array(list(samples.values()))
    held = choose(names, labels, fraction)
    for label in set(labels.tolist()):
        of_class = held[labels == label]
        assert len(of_class) == 1 or 0 < of_class.sum() < len(of_class)
        assert len(of_class) > 1 or not of_class.any(), "a class is trained on before all"


@given(named, fractions, st.randoms())
def test_neither_the_order_nor_the_number_of_a_label_decides(samples, fraction, random):
    names, labels = list(samples), np.array(list(samples.values()))
    shuffled = random.sample(range(len(names)), len(names))
    others = [names[i] for i in shuffled], 7 - labels[shuffled]
    assert held_names(names, labels, fraction) == held_names(*others, fraction)


@given(named, fractions)
def test_samples_of_other_classes_decide_nothing(samples, fraction):
    names, labels = list(samples), np.array(list(samples.values()))
    own = [name for name in names if samples[name] == labels[0]]
    alone = held_names(own, np.zeros(len(own), int), fraction)
    assert alone == held_names(names, labels, fraction) & set(own)


def test_a_larger_fraction_holds_the_same_samples_and_more():
    small, large = held_names(NAMES, LABELS, 0.1), held_names(NAMES, LABELS, 0.3)
    assert small < large


@pytest.fixture
def single(tmp_path):
    images = {f"{c}/{i:02d}.jpg": encode_image() for c in ("cat", "dog") for i in range(30)}
    return write_images(tmp_path / "single", images)


def names_of(split):
    return [split.name(i) for i in range(len(split))]


def test_a_single_folder_gives_two_splits(single):
    dataset = load_encoded("folder", single, 0.2)
    train, test = names_of(dataset.train), names_of(dataset.test)
    assert dataset.class_names == ("cat", "dog")
    assert sorted([*train, *test]) == sorted(
        f"{c}/{i:02d}.jpg".encode() for c in ("cat", "dog") for i in range(30)
    )
    for split in (dataset.train, dataset.test):
        for i in range(len(split)):
            assert split.name(i).startswith((b"cat/", b"dog/")[split.labels[i]])
            assert split.locate(i).endswith(split.name(i).decode())
            assert bytes(split.read(i)) == (single / split.name(i).decode()).read_bytes()


def test_shards_of_it_give_the_same(single, tmp_path):
    pack(single, tmp_path / "packed", PackOptions())
    folder, shards = (
        load_encoded("folder", single, 0.2),
        load_encoded("shards", tmp_path / "packed", 0.2),
    )
    assert shards.fingerprint == folder.fingerprint
    assert names_of(shards.test) == names_of(folder.test)
    assert names_of(shards.train) == names_of(folder.train)
    sizes = [shards.test.size(i) for i in range(len(shards.test))]
    assert sizes == [check_decodes(shards.test.read(i)) for i in range(len(shards.test))]
    assert folder.test.size(0) is None


def test_a_folder_of_tars_is_split_too(tmp_path):
    members = [(f"{i}.{e}", b"%d" % (i % 2)) for i in range(40) for e in ("jpg", "cls")]
    make_tar(tmp_path / "0.tar", members)
    dataset = load_encoded("webdataset", tmp_path, 0.2)
    assert len(dataset.train) + len(dataset.test) == 40
    assert set(dataset.test.labels.tolist()) == {0, 1}


def test_train_without_val_is_split_too(single, tmp_path):
    single.rename(tmp_path / "train")
    dataset = load_encoded("folder", tmp_path, 0.2)
    assert len(dataset.train) + len(dataset.test) == 60


def test_a_class_may_be_called_train(single):
    (single / "cat").rename(single / "train")
    assert load_encoded("folder", single, 0.2).class_names == ("dog", "train")


def test_the_fingerprint_covers_the_fraction_and_the_names(single):
    first, other = load_encoded("folder", single, 0.2), load_encoded("folder", single, 0.3)
    assert first.fingerprint == load_encoded("folder", single, 0.2).fingerprint
    assert first.fingerprint != other.fingerprint
    assert first.train.fingerprint != first.test.fingerprint
    (single / "cat/00.jpg").rename(single / "cat/0.jpg")
    assert load_encoded("folder", single, 0.2).fingerprint != first.fingerprint


def test_a_held_out_split_that_is_there_is_not_made_again(single, tmp_path):
    (tmp_path / "set").mkdir()
    for name in ("train", "val"):
        write_images(tmp_path / "set" / name, {"cat/a.jpg": encode_image()})
    with pytest.raises(
        InputError, match=r"data.test_fraction = 0.1: .* holds val/, which"
    ) as caught:
        load_encoded("folder", tmp_path / "set", 0.1)
    assert "leave data.test_fraction out" in caught.value.hint


def test_one_image_a_class_cannot_be_split(tmp_path):
    write_images(tmp_path, {f"{c}/a.jpg": encode_image() for c in ("cat", "dog")})
    with pytest.raises(
        InputError, match=r"data.test_fraction = 0.5: no class in .* has two images"
    ):
        load_encoded("folder", tmp_path, 0.5)


def test_without_a_fraction_it_is_asked_for(single):
    with pytest.raises(InputError, match="has no folder train") as caught:
        load_encoded("folder", single)
    assert "--set data.test_fraction=0.1" in caught.value.hint
