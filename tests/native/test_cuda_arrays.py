"""How the binding for devices takes arrays from their producers, and what it refuses."""

import weakref

import numpy as np
import pytest
import torch

from tests.native.on_device import (
    IMAGES,
    ByInterface,
    OnDevice,
    Refusing,
    Versioned,
    arguments,
    pretend,
)

extension = pytest.importorskip("bsgrow._native_cuda", reason="bsgrow was built without nvcc")

READ_ONLY = 1


@pytest.mark.parametrize("name", ["out_images", "out_labels", "cursor"])
def test_outputs_are_not_read_only(name):
    tensors = {
        "out_images": torch.zeros(4, 3, 6, 8),
        "out_labels": torch.zeros(4, dtype=torch.int64),
        "cursor": torch.zeros(1, dtype=torch.int64),
    }
    array = Versioned(tensors[name], flags=READ_ONLY)
    with pytest.raises(ValueError, match=f"^{name}: .* got one that is read-only"):
        extension.load_batch(**arguments(**{name: array}))


def test_inputs_may_be_read_only():
    images = Versioned(IMAGES, flags=READ_ONLY)
    with pytest.raises(ValueError, match=r"^out_images: .*dimension 0 must be 3"):
        extension.load_batch(**arguments(images=images, stop=3))
    assert images.streams == [1]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (Versioned(IMAGES, says=1), "on device 1, as its __dlpack_device__ says, got one on 0"),
        (Versioned(IMAGES, major=2), "expected DLPack of version 1, got version 2"),
        (Versioned(IMAGES.clone(), shape=(5, 3, 6, -8)), "names a negative size"),
        (Refusing(BufferError("requires grad")), "does not hand it over: BufferError: requires gr"),
        (Refusing(RuntimeError("no stream")), "does not hand it over: RuntimeError: no stream"),
        (Refusing(TypeError("stream")), "does not hand it over: TypeError: stream"),
    ],
)
def test_what_a_producer_says_is_checked(array, message):
    with pytest.raises(ValueError, match=f"^images: .*{message}"):
        extension.load_batch(**arguments(images=array))


def test_an_interrupt_is_none_of_the_argument():
    with pytest.raises(KeyboardInterrupt):
        extension.load_batch(**arguments(images=Refusing(KeyboardInterrupt())))


def test_what_is_no_capsule_is_named(monkeypatch):
    monkeypatch.setattr(OnDevice, "__dlpack__", lambda self, *, stream: 3)
    with pytest.raises(TypeError, match=r"^images: expected a DLPack capsule .* got 3"):
        extension.load_batch(**arguments())


def test_memory_of_a_refused_version_is_let_go():
    memory = np.zeros(4, np.uint8)
    alive = weakref.ref(memory)
    with pytest.raises(ValueError, match="version 2"):
        extension.DeviceArray(Versioned(torch.from_numpy(memory), major=2), cuda_stream=0)
    del memory
    assert alive() is None


def test_a_capsule_is_taken_as_it_is():
    memory = np.zeros((5, 3, 6, 8), np.uint8)
    alive = weakref.ref(memory)
    capsule = pretend(torch.from_numpy(memory).__dlpack__(), 0)
    with pytest.raises(ValueError, match=r"^out_images: .*dimension 0 must be 3"):
        extension.load_batch(**arguments(images=capsule, stop=3))
    del memory
    assert alive() is None
    with pytest.raises(TypeError, match=r"^images: expected an array .* got PyCapsule"):
        extension.load_batch(**arguments(images=capsule))  # it was used
    with pytest.raises(ValueError, match=r"^images: .* got one of the CPU"):
        extension.load_batch(**arguments(images=IMAGES.__dlpack__()))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"typestr": "|uxx"}, "expected typestr to be .* as '<f4' is, got '.uxx'"),
        ({"typestr": "|u"}, "expected typestr to be .* got '.u'"),
        ({"typestr": "<u99999999999999999999"}, "expected typestr to be"),
        ({"typestr": 1}, "expected typestr to be a string, got 1"),
        ({"shape": 5}, "expected shape to be a tuple of integers, got 5"),
        ({"shape": (5, 3, 6, -8)}, "expected no negative size in shape"),
        ({"strides": (1, 2)}, "expected as many strides as dimensions, 4, got 2"),
        ({"data": (None, False)}, "expected data to be a pointer and whether .* got .None, False"),
        ({"data": (0, False)}, "got a null pointer to an array that is not empty"),
        ({"mask": IMAGES}, "expected no mask"),
    ],
)
def test_a_wrong_field_of_the_older_interface_is_named(fields, message):
    array = ByInterface(IMAGES.numpy(), **fields)
    with pytest.raises(ValueError, match=f"^images: in its __cuda_array_interface__: {message}"):
        extension.load_batch(**arguments(images=array))


@pytest.mark.parametrize("field", ["typestr", "shape", "data"])
def test_a_missing_field_of_the_older_interface_is_named(field):
    array = ByInterface(IMAGES.numpy())
    del array.__cuda_array_interface__[field]
    with pytest.raises(ValueError, match=f"^images: .*expected the field '{field}'"):
        extension.load_batch(**arguments(images=array))


def test_an_older_interface_that_is_no_dict_is_named():
    array = ByInterface(IMAGES.numpy())
    array.__cuda_array_interface__ = None
    with pytest.raises(ValueError, match=r"^images: .*expected a dict"):
        extension.load_batch(**arguments(images=array))


def test_an_empty_array_may_be_nowhere():
    """It is of no device; what is checked is the rest."""
    labels = ByInterface(np.zeros(0, np.int64), data=(0, False))
    with pytest.raises(ValueError, match=r"^out_labels: .* dimension 0 must be 4"):
        extension.load_batch(**arguments(out_labels=labels))


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a CUDA device")
def test_the_older_interface_asks_the_driver_where_memory_is():
    with pytest.raises(RuntimeError, match=r"^CUDA, images: "):
        extension.load_batch(**arguments(images=ByInterface(IMAGES.numpy())))
