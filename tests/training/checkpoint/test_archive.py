"""Archives and pickles that torch does not write: refused within bounds, whatever they are."""

import io
import pickle
import struct
import tracemalloc
import zipfile
from contextlib import suppress

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.training.checkpoint.archive import SMALLEST_INDEX, Archive, NoCheckpointError
from bsgrow.training.checkpoint.records import TensorRecord, load_tensor
from bsgrow.training.checkpoint.tree import read_tree

TENSOR = torch.arange(6.0).reshape(2, 3)


def saved(state):
    stream = io.BytesIO()
    torch.save(state, stream)
    return stream


def read(stream):
    """Everything in an archive, as torch would load it."""
    archive = Archive(memoryview(bytearray(stream.getvalue())), SMALLEST_INDEX)
    return made(read_tree(archive.pickle(), archive.storages()), archive)


def made(tree, archive):
    if isinstance(tree, TensorRecord):
        return load_tensor(tree, archive)
    if isinstance(tree, dict):
        return {key: made(value, archive) for key, value in tree.items()}
    return type(tree)(made(x, archive) for x in tree) if isinstance(tree, list | tuple) else tree


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**200), 2**200),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
)
DTYPES = st.sampled_from([torch.float32, torch.bfloat16, torch.int64, torch.bool, torch.complex64])
TENSORS = st.builds(
    lambda shape, dtype: torch.arange(torch.Size(shape).numel()).reshape(shape).to(dtype).clone(),
    st.lists(st.integers(0, 2), max_size=4),
    DTYPES,
)
TREES = st.recursive(
    SCALARS | TENSORS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(st.text("ab", max_size=3) | st.integers(0, 300), inner, max_size=4),
    ),
    max_leaves=12,
)


def is_same(ours, theirs):
    if isinstance(ours, torch.Tensor):
        return ours.dtype == theirs.dtype and torch.equal(ours, theirs)
    if isinstance(ours, dict):
        same_keys = list(ours) == list(theirs)
        return same_keys and all(is_same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list | tuple):
        return len(ours) == len(theirs) and all(map(is_same, ours, theirs))
    return type(ours) is type(theirs) and ours == theirs


@given(tree=TREES)
def test_it_reads_what_torch_writes(tree):
    stream = saved(tree)
    assert is_same(read(stream), torch.load(io.BytesIO(stream.getvalue()), weights_only=True))


def test_memory_formats_are_kept():
    image = torch.arange(48.0).reshape(2, 2, 3, 4).to(memory_format=torch.channels_last)
    loaded = read(saved({"x": image, "y": image.mT}))
    assert loaded["x"].is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(loaded["x"], image)
    assert torch.equal(loaded["y"], image.mT)


def rezipped(change, method=zipfile.ZIP_STORED):
    """The archive of a tensor, with its entries after a change."""
    with zipfile.ZipFile(saved({"x": TENSOR})) as source:
        entries = {name: source.read(name) for name in source.namelist()}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as target:
        for name, content in change(entries) or entries.items():
            target.writestr(name, content)
    return stream


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda entries: entries.pop("archive/data.pkl") and None, "no entry data.pkl"),
        (lambda entries: entries.pop("archive/data/0") and None, "not the size that is said"),
        (lambda e: e.update({"archive/data/0": b"1234"}), "not the size that is said"),
        (lambda e: e.update({"archive/byteorder": b"big"}), "not little-endian"),
        (lambda e: e.update({"archive/data.pkl": bytes(2**19)}), "data.pkl is larger than"),
        (lambda e: [*e.items(), ("archive/data/0", b"x")], "two entries 'data/0'"),
        (lambda e: [*e.items(), ("other/data/0", b"x")], "two entries 'data/0'"),
        (lambda e: e.update({f"archive/{n}": b"" for n in range(5000)}), "index is larger than"),
    ],
)
def test_odd_archives_are_refused(change, match):
    with pytest.raises(NoCheckpointError, match=match):
        read(rezipped(change))


def test_an_archive_rewritten_whole_is_taken():
    assert torch.equal(read(rezipped(lambda entries: None))["x"], TENSOR)


def test_nothing_is_unfolded():
    zeros = bytes(2**26)
    stream = rezipped(lambda e: e.update({"archive/data/1": zeros}), zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    try:
        with pytest.raises(NoCheckpointError, match="compressed or encrypted"):
            read(stream)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("offset", [*range(0, 120, 3)])
@pytest.mark.parametrize("value", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_odd_numbers_in_the_index_are_refused_or_harmless(offset, value):
    content = bytearray(saved({"x": TENSOR}).getvalue())
    struct.pack_into("<I", content, len(content) - 124 + offset, value)
    with suppress(NoCheckpointError):
        assert torch.equal(read(io.BytesIO(bytes(content)))["x"], TENSOR)


@pytest.mark.parametrize("content", [b"", b"PK", b"\x80\x02}.", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_zip_is_refused(content):
    with pytest.raises(NoCheckpointError):
        read(io.BytesIO(bytes(content)))


NESTED = b"(" * 0 + b")" + b"\x85" * 200_000
DOUBLED = b")" + b"\x86".join(b"q\x00h\x00" for _ in range(60)) + b"\x86"
BOMBS = {
    "a nested tuple as a key": b"\x80\x02}" + NESTED + b"Ns.",
    "a tuple of 2^60 parts as a key": b"\x80\x02}" + DOUBLED + b"Ns.",
    "a bytearray": b"\x80\x02cbuiltins\nbytearray\nM\xff\xff\x85R.",
    "a storage of its own": b"\x80\x02ctorch\nFloatStorage\nM\xff\xff\x85R.",
    "a tensor of its own": b"\x80\x02ctorch\nTensor\nM\xff\xff\x85R.",
    "a dict of many pairs": b"\x80\x02ccollections\nOrderedDict\n]\x85R.",
    "code": pickle.dumps(print, protocol=2),
    "an opcode of later protocols": b"\x80\x05\x95" + bytes(8) + b".",
    "a long number in text": b"L" + b"9" * 5000 + b"L\n.",
    "a number that is cut short": b"\x80\x02J\x00",
    "text that is cut short": b"\x80\x02X\xff\xff\xff\xff.",
    "a name that is cut short": b"\x80\x02ctorch\n",
    "text that is none": b"\x80\x02X\x01\x00\x00\x00\xff.",
    "no end": b"\x80\x02N",
    "nothing": b".",
    "two roots": b"NN.",
    "a mark that nobody set": b"Nt.",
    "a memo that nobody wrote": b"h\x00.",
    "a value added to nothing": b"Na.",
    "a list added to a dict": b"}Na.",
    "a key without a value": b"}(Nu.",
    "a state for a list": b"]}b.",
    "a storage that is none": b"\x80\x02NQ.",
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_pickle_does_harm(name):
    tracemalloc.start()
    try:
        with pytest.raises(NoCheckpointError) as caught:
            read_tree(BOMBS[name], {"0": 24})
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()
    assert str(caught.value).isprintable()


def test_nesting_without_an_end_is_no_key_but_a_value():
    """It is dropped as quietly, which takes no stack."""
    assert read_tree(b"\x80\x02" + NESTED + b".", {}) != ()


def pickled_tensor(storage=("FloatStorage", "0", 6), offset=0, shape=(2, 3), strides=(3, 1)):
    kind, key, number = storage

    def of(value):
        return pickle.dumps(value, protocol=2)[2:-1]

    reference = b"(" + of("storage") + f"ctorch\n{kind}\n".encode() + of(key) + of("cpu")
    reference += of(number) + b"tQ"
    hooks = b"ccollections\nOrderedDict\n)R"
    arguments = reference + of(offset) + of(shape) + of(strides) + b"\x89" + hooks
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tR."


def test_a_tensor_fills_its_storage():
    assert read_tree(pickled_tensor(), {"0": 24}).shape == (2, 3)


@pytest.mark.parametrize(
    "odd",
    [
        {"storage": ("FloatStorage", "0", 7)},
        {"storage": ("FloatStorage", "1", 6)},
        {"storage": ("DoubleStorage", "0", 6)},
        {"storage": ("FloatStorage", "0", -6)},
        {"storage": ("FloatStorage", "0", 2**62)},
        {"offset": 1},
        {"offset": -1},
        {"offset": True},
        {"shape": (2, 4)},
        {"shape": (2, 2)},
        {"shape": (6,)},
        {"shape": (-2, -3)},
        {"shape": (2.0, 3)},
        {"shape": (2**62, 3)},
        {"shape": (1,) * 10_000, "strides": (1,) * 10_000},
        {"strides": (0, 1)},
        {"strides": (1, 1)},
        {"strides": (2, 1)},
        {"strides": (-3, 1)},
        {"strides": (2**63, 1)},
        {"strides": ("x", 1)},
        {"strides": [3, 1]},
    ],
    ids=str,
)
def test_odd_tensors_are_refused(odd):
    with pytest.raises(NoCheckpointError):
        read_tree(pickled_tensor(**odd), {"0": 24})


def test_a_damaged_storage_is_found_by_its_checksum():
    content = saved({"x": TENSOR}).getvalue()
    damaged = content.replace(struct.pack("<f", 5.0), struct.pack("<f", 6.0))
    assert damaged != content
    with pytest.raises(NoCheckpointError, match="Bad CRC-32"):
        read(io.BytesIO(damaged))


def test_any_byte_of_a_bool_is_a_bool():
    content = saved({"x": torch.tensor([True, False])}).getvalue()
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        entries = {name: source.read(name) for name in source.namelist()}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for name, each in entries.items():
            target.writestr(name, b"\x02\x00" if name.endswith("data/0") else each)
    assert read(stream)["x"].tolist() == [True, False]
    assert read(stream)["x"].view(torch.uint8).tolist() == [1, 0]
