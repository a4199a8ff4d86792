"""What parquet files hold is read as it was written, and what is wrong with them is told."""

import random
import re
import sys

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from bsgrow.data import find_spec
from bsgrow.data.encoded.dataset import SampleError
from bsgrow.data.packing import PackOptions, pack
from bsgrow.data.parquet.split import ParquetSplit
from bsgrow.data.shards import open_shards
from bsgrow.data.verify import verify
from bsgrow.errors import BsgrowError, InputError
from tests.data.parquet.files import NAMES, STRUCT, encoded, images, table, write_data_set


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BSGROW_DATA_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache/parquet"


@pytest.fixture
def write(tmp_path):
    def written(content, **how):
        parquet.write_table(content, tmp_path / "a.parquet", **how)
        return tmp_path / "a.parquet"

    return written


def opened(path, fraction=None):
    return find_spec("parquet").open(path, fraction)


DICTIONARY = pa.dictionary(pa.int32(), pa.binary())


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"compression": "none", "use_dictionary": False},
        {"compression": "zstd", "row_group_size": 3, "data_page_version": "2.0"},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [STRUCT, pa.binary(), pa.large_binary(), DICTIONARY], ids=str)
def test_every_image_is_read_to_the_byte_in_any_order(write, how, kind):
    made = table(range(10), kind=STRUCT)
    column = pa.array([encoded(n) for n in range(10)], pa.binary())
    if kind != STRUCT:
        made = made.set_column(
            0, "image", column.cast(kind) if kind != DICTIONARY else column.dictionary_encode()
        )
    split = ParquetSplit([write(made, **how)])
    for sample in (7, 0, 9, 3, 3, 1):
        assert split.read(sample) == encoded(sample)
    assert split.labels.tolist() == [n % 3 for n in range(10)]
    assert split.class_names == tuple(NAMES)
    assert split.num_bytes.tolist() == [len(encoded(n)) for n in range(10)]


def test_a_data_set_of_several_files(tmp_path):
    write_data_set(tmp_path / "set")
    dataset = opened(tmp_path / "set")
    assert (dataset.num_samples, len(dataset.test), dataset.class_names) == (18, 6, tuple(NAMES))
    assert dataset.train.read(13) == encoded(13)
    assert dataset.test.read(0) == encoded(18)
    assert dataset.train.name(13) == b"train-00001-of-00002.parquet/1"
    assert dataset.train.locate(13).endswith("train-00001-of-00002.parquet, row 1")


def test_to_open_it_reads_no_image(tmp_path, cache):
    write_data_set(tmp_path / "set")
    assert find_spec("parquet").look(tmp_path / "set").num_samples == 18
    assert not cache.exists()


def test_images_are_taken_out_once_and_again_where_files_change(tmp_path, cache, caplog):
    write_data_set(tmp_path / "set")
    for _ in range(2):
        opened(tmp_path / "set").train.read(0)
    (first,) = cache.glob("*.images")
    assert len(caplog.messages) == 1
    part = tmp_path / "set/train-00000-of-00002.parquet"
    parquet.write_table(table(range(30, 42)), part)
    assert opened(tmp_path / "set").train.read(0) == encoded(30)
    first.write_bytes(first.read_bytes()[:-9])
    write_data_set(tmp_path / "again")
    assert opened(tmp_path / "again").train.read(17) == encoded(17)


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_what_was_taken_out_and_is_no_longer_whole_is_taken_out_again(tmp_path, cache, damage):
    write_data_set(tmp_path / "set")
    opened(tmp_path / "set").train.read(0)
    (kept,) = cache.glob("*.images")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-3] + b"\xff\xff\x7f" if damage is None else damage)
    assert opened(tmp_path / "set").train.read(17) == encoded(17)
    assert kept.read_bytes() == whole


def test_a_part_of_one_file_is_held_out(write):
    dataset = opened(write(table(range(30))), 0.3)
    assert len(dataset.train) + len(dataset.test) == 30
    assert dataset.test.read(0) in {encoded(n) for n in range(30)}


def test_classes_without_names_are_numbers_up_to_the_largest_of_both(tmp_path):
    write_data_set(tmp_path / "set", names=None)
    parquet.write_table(
        table([5], pa.array([6]), names=None), tmp_path / "set/validation-00000-of-00001.parquet"
    )
    assert opened(tmp_path / "set").num_classes == 7


def test_null_images_are_bad_samples(write):
    split = ParquetSplit([write(table([0, None, 2], pa.array([0, 1, 2])))])
    assert split.read(2) == encoded(2)
    with pytest.raises(SampleError, match=r"a\.parquet, row 1: the image is null or empty"):
        split.read(1)


def with_label(label):
    return table(range(3), label)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (with_label(pa.array([0, None, 1])), "1 labels are null"),
        (with_label(pa.array([0, -1, 1])), "labels run from -1 to 1"),
        (with_label(pa.array([0.0, 1.0, 2.0])), "labels are double"),
        (with_label(pa.array(["a", "b", "c"])), "labels are string"),
        (with_label(pa.array(["a", "b", "c"]).dictionary_encode()), "labels are string"),
        (with_label(pa.array([[0], [1], [2]])), "labels are list"),
        (with_label(pa.array([0, 1, 3])), "labels run to 3, and 3 classes are named"),
        (with_label(pa.array([0, 1, 2**40])), "labels run from 0 to 1099511627776"),
        (table(range(0)), "has no samples"),
        (table(range(3)).drop_columns("label"), "has no column label; it has image"),
        (table(range(3)).drop_columns("image"), "has no column image; it has label"),
        (
            table(range(3)).set_column(0, "image", pa.array([1, 2, 3])),
            "the bytes of image are int64",
        ),
        (table(range(3)).set_column(0, "image", pa.array([{"a": b""}] * 3)), "has no field bytes"),
        (table(range(3)).append_column("label", pa.array([0, 1, 2])), "has 2 columns label"),
        (table(range(3)).append_column("image", images(range(3))), "has 2 columns image"),
        (
            table(range(3)).set_column(0, "image", pa.array([{"bytes": {"bytes": b"x"}}] * 3)),
            "the bytes of image are struct",
        ),
    ],
)
def test_other_columns_and_labels_are_refused(write, content, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        opened(write(content), 0.5)
    assert caught.value.hint


def test_files_that_name_other_classes(tmp_path):
    write_data_set(tmp_path / "set")
    part = tmp_path / "set/train-00001-of-00002.parquet"
    parquet.write_table(table(range(6), names=["a", "b", "c"]), part)
    with pytest.raises(InputError, match="the files of a split name other classes"):
        opened(tmp_path / "set")
    write_data_set(tmp_path / "set")
    part = tmp_path / "set/validation-00000-of-00001.parquet"
    parquet.write_table(table(range(6), names=["a", "b", "c"]), part)
    with pytest.raises(InputError, match="the splits have other classes"):
        opened(tmp_path / "set")


@pytest.mark.parametrize("described", [b"", b"[]", b"{", b'{"info": 3}', b"[" * 100_000])
def test_descriptions_that_say_nothing(write, described):
    made = table(range(3)).replace_schema_metadata({"huggingface": described})
    assert ParquetSplit([write(made)]).class_names == ("0", "1", "2")


def test_what_is_no_file_or_none_of_parquet(tmp_path):
    (tmp_path / "a.parquet").write_text("no")
    with pytest.raises(BsgrowError, match=r"a\.parquet: cannot be read as parquet"):
        opened(tmp_path / "a.parquet", 0.5)


def test_without_pyarrow_the_hint_says_how_to_install_it(write, monkeypatch):
    path = write(table(range(3)))
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InputError, match="read by pyarrow") as caught:
        opened(path, 0.5)
    assert "`pip install pyarrow`" in caught.value.hint


def test_damage_anywhere_is_told_or_harms_nothing(write):
    path = write(table(range(20)), row_group_size=7)
    whole, drawn, outcomes = path.read_bytes(), random.Random(3), set()
    for _ in range(150):
        content = bytearray(whole[: drawn.choice([len(whole), drawn.randrange(len(whole))])])
        for _ in range(drawn.randrange(3)):
            if content:
                content[drawn.randrange(len(content))] = drawn.randrange(256)
        path.write_bytes(content)
        try:
            split = ParquetSplit([path])
            for sample in range(len(split)):
                split.read(sample)
            outcomes.add("read")
        except BsgrowError as error:
            outcomes.add(bool(error.message))
    assert outcomes == {"read", True}


def test_it_is_packed_and_verified(tmp_path):
    write_data_set(tmp_path / "set")
    pack(tmp_path / "set", tmp_path / "out", PackOptions(), num_workers=1)
    packed = open_shards(tmp_path / "out/train")
    assert packed.labels.tolist() == [n % 3 for n in range(18)]
    assert packed.read(13) == encoded(13)
    assert len(open_shards(tmp_path / "out/val")) == 6
    found = verify(tmp_path / "set", decode=True, num_workers=1)
    assert (found.num_samples, found.damaged) == (24, [])


def test_a_damaged_file_is_listed_by_verify(tmp_path):
    write_data_set(tmp_path / "set")
    path = tmp_path / "set/train-00000-of-00002.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    (damage,) = verify(tmp_path / "set", num_workers=1).damaged
    assert "train-00000-of-00002.parquet" in damage.where


def test_arrays_are_verified_and_not_packed(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, images=np.zeros((5, 4, 4), np.uint8), labels=np.arange(5))
    assert verify(path).num_samples == 5
    with pytest.raises(InputError, match="read into memory at once"):
        pack(path, tmp_path / "out", PackOptions())
    path.write_bytes(path.read_bytes()[:-50])
    assert len(verify(path).damaged) == 1


def test_one_class_is_told_of_its_column(write):
    with pytest.raises(InputError, match="all images are of one class") as caught:
        opened(write(table(range(0, 30, 3), names=None)), 0.2)
    assert "column label" in caught.value.hint


def test_a_cache_that_cannot_be_made_is_told_with_its_variable(write, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("BSGROW_DATA_DIR", str(tmp_path / "file"))
    with pytest.raises(BsgrowError, match=r"cannot make .*file/parquet, where images") as caught:
        ParquetSplit([write(table(range(3)))]).read(0)
    assert "BSGROW_DATA_DIR" in caught.value.hint
