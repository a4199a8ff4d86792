"""Every check of the binding for devices, on memory of the host that passes for a device's."""

import re
import weakref

import numpy as np
import pytest
import torch

from bsgrow.errors import BsgrowError
from bsgrow.native import cuda
from tests.native.on_device import IMAGES, LABELS, SHARED, OnDevice, arguments, on_device

extension = pytest.importorskip("bsgrow._native_cuda", reason="bsgrow was built without nvcc")

WRONG_VALUES = [
    ("images", IMAGES, "in the memory of a CUDA device, got one of the CPU .DLPack device type 1"),
    ("images", IMAGES.numpy(), "got one of the CPU"),
    ("images", OnDevice(IMAGES.to(torch.int8)), "expected uint8 .* format 'code 0, 8 bits'"),
    ("images", OnDevice(IMAGES[0]), r"expected uint8 .* shape \(3, 6, 8\)"),
    ("images", OnDevice(IMAGES[..., ::2]), "C-contiguous, got strides"),
    ("images", OnDevice(IMAGES.transpose(2, 3)), "C-contiguous, got strides"),
    ("images", OnDevice(IMAGES[:0]), "got an empty array"),
    ("labels", OnDevice(LABELS.int()), "expected int64 .* format 'code 0, 32 bits'"),
    ("labels", OnDevice(LABELS[:4]), r"dimension 0 must be 5 \(as in images\)"),
    ("labels", OnDevice(LABELS, device_id=1), "on device 0, as images is, got one on 1"),
    ("seed", -1, "got -1"),
    ("start", -1, "got -1"),
    ("stop", 2**64, "got 18446744073709551616"),
    ("pad", 6, "expected an integer from 0 to 5, got 6"),
    ("cutout", 7, "expected an integer from 0 to 6, got 7"),
    ("padding", "edge", "expected 'zero' or 'reflect', got 'edge'"),
    ("scale", np.ones(2, np.float32), "dimension 0 must be 3"),
    ("bias", np.float32([0, 0, np.inf]), "infinite or NaN"),
    ("out_images", on_device(4, 3, 6, 8, dtype=torch.float64), "format 'code 2, 64 bits'"),
    ("out_images", on_device(5, 3, 6, 8), r"dimension 0 must be 4 \(stop - start\)"),
    ("out_images", on_device(4, 3, 8, 6), "dimension 2 must be 6"),
    ("out_images", OnDevice(torch.zeros(4, 3, 6, 16)[..., ::2]), "got other strides"),
    ("out_images", OnDevice(torch.zeros(4, 3, 6, 8), device_id=3), "got one on 3"),
    ("out_labels", on_device(3, dtype=torch.int64), r"dimension 0 must be 4 \(stop - start\)"),
    ("out_labels", OnDevice(LABELS[1:]), "must not share memory with labels"),
    ("num_samples", 0, "expected an integer from 1 to 4294967296, got 0"),
    ("cursor", on_device(2, dtype=torch.int64), r"dimension 0 must be 1 \(one number\)"),
    ("cursor", on_device(1), "expected int64 or uint64"),
    ("cuda_stream", -1, "got -1"),
]


@pytest.mark.parametrize(("name", "value", "message"), WRONG_VALUES)
def test_a_wrong_value_is_named(name, value, message):
    call = arguments(**{name: value})
    with pytest.raises(ValueError, match=f"^{name}: .*{message}"):
        extension.load_batch(**call)


@pytest.mark.parametrize("name", ["images", "labels", "out_images", "out_labels", "cursor"])
def test_what_is_no_array_is_named(name):
    with pytest.raises(TypeError, match=f"^{name}: expected an array with __dlpack__ or .* list"):
        extension.load_batch(**arguments(**{name: [1, 2]}))


@pytest.mark.parametrize("name", ["seed", "start", "stop", "pad", "cutout", "num_samples"])
def test_what_is_no_integer_is_named(name):
    with pytest.raises(TypeError, match=re.escape(f"{name}: expected an integer, got 2.5")):
        extension.load_batch(**arguments(**{name: 2.5}))


@pytest.mark.parametrize("value", [None, 1, 2, "yes", 0.0, [True]])
@pytest.mark.parametrize("name", ["flip", "shuffle"])
def test_what_is_no_flag_is_named(name, value):
    message = f"{name}: expected True or False, got {value!r}"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        extension.load_batch(**arguments(**{name: value}))


@pytest.mark.parametrize("value", [None, 3, b"zero"])
def test_what_is_no_padding_is_named(value):
    message = f"padding: expected 'zero' or 'reflect', got {value!r}"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        extension.load_batch(**arguments(padding=value))


def test_gathered_images_are_those_of_the_positions():
    with pytest.raises(ValueError, match=r"^images: .* dimension 0 must be 4 \(stop - start\)"):
        extension.load_batch(**arguments(num_samples=100))


def test_outputs_must_not_share_memory():
    out = OnDevice(SHARED.view(torch.float32).view(4, 3, 6, 8))
    labels = OnDevice(SHARED[:32].view(torch.int64))
    with pytest.raises(ValueError, match=r"^out_images: must not share memory with out_labels"):
        extension.load_batch(**arguments(out_images=out, out_labels=labels))


def test_channels_and_bytes_that_the_kernel_cannot_count():
    call = arguments(
        images=on_device(4, 257, 1, 1, dtype=torch.uint8),
        labels=OnDevice(torch.arange(4)),
        out_images=on_device(4, 257, 1, 1),
        scale=np.ones(257, np.float32),
        bias=np.ones(257, np.float32),
        pad=0,
        cutout=0,
    )
    with pytest.raises(ValueError, match=r"^images: .* more than 256 channels"):
        extension.load_batch(**call)


@pytest.mark.parametrize(("stream", "number"), [(0, 1), (7, 7), (2**63, 2**63)])
def test_the_producer_is_told_the_stream(stream, number):
    """The default stream is 1 in DLPack, where 0 would be ambiguous."""
    call = arguments(cuda_stream=stream, stop=3)  # its outputs do not fit: nothing is launched
    with pytest.raises(ValueError, match=r"^out_images"):
        extension.load_batch(**call)
    assert call["images"].streams == [number]


def test_memory_is_kept_and_let_go():
    memory = np.zeros(4, np.uint8)
    alive = weakref.ref(memory)
    held = extension.DeviceArray(OnDevice(torch.from_numpy(memory)), cuda_stream=0)
    del memory
    assert alive() is not None
    del held
    assert alive() is None


def test_a_refused_argument_is_let_go():
    memory = np.zeros(4, np.uint8)
    alive = weakref.ref(memory)
    with pytest.raises(ValueError, match=r"^images: expected uint8"):
        extension.load_batch(**arguments(images=OnDevice(torch.from_numpy(memory))))
    del memory
    assert alive() is None


def test_an_array_taken_once_is_an_argument():
    images, labels = OnDevice(IMAGES), OnDevice(LABELS)
    taken = {
        "images": cuda.device_array(images, cuda_stream=0),
        "labels": cuda.device_array(labels, cuda_stream=0),
    }
    with pytest.raises(ValueError, match=r"^out_images: .*dimension 0 must be 3"):
        extension.load_batch(**arguments(stop=3, **taken))
    assert len(images.streams) == len(labels.streams) == 1


@pytest.mark.parametrize("name", ["out_images", "out_labels"])
def test_the_cursor_is_no_output(name):
    memory = SHARED.view(torch.int64)
    cursor = {"cursor": OnDevice(memory[2:3])}
    out = {
        "out_images": OnDevice(SHARED.view(torch.float32).view(4, 3, 6, 8)),
        "out_labels": OnDevice(memory[:4]),
    }[name]
    with pytest.raises(ValueError, match=f"^{name}: must not share memory with cursor"):
        extension.load_batch(**arguments(**cursor, **{name: out}))


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a CUDA device")
def test_without_a_device_all_but_the_launch_works():
    info = extension.build_info()
    assert set(info["architectures"]) >= {90}
    num_devices, reason = extension.device_count()
    assert num_devices == 0
    assert reason
    assert f"there is no CUDA device: {reason}" == cuda.why_unavailable()
    with pytest.raises(RuntimeError, match=r"^CUDA, .* \(cudaError"):
        extension.load_batch(**arguments())
    with pytest.raises(BsgrowError, match=r"^CUDA, ") as caught:
        cuda.advance_cursor(on_device(1, dtype=torch.int64), 4, cuda_stream=0)
    assert "bsgrow doctor" in caught.value.hint
