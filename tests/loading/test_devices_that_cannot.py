"""Devices that cannot serve: too old, too full, or without the extension."""

import contextlib
from types import SimpleNamespace

import pytest
import torch

from bsgrow.errors import BsgrowError
from bsgrow.loading import LoaderSettings, host_fill, kernel, make_loader, streamed_fill
from bsgrow.loading.kernel import hold
from bsgrow.native import cuda
from tests.loading.test_device_loaders import AUGMENT, DATASET


class Driver:
    """The extension on a machine with devices of these compute capabilities."""

    def __init__(self, *capabilities):
        self.capabilities = capabilities

    def device_count(self):
        return len(self.capabilities), ""

    def device_capability(self, device):
        if device >= len(self.capabilities):
            raise RuntimeError("CUDA, device: invalid device ordinal")
        return self.capabilities[device]

    def build_info(self):
        return {"architectures": [80, 90, 100], "cuda_runtime": (13, 0)}


def test_a_device_that_the_kernel_was_not_built_for_is_explained(monkeypatch):
    monkeypatch.setattr(cuda, "_MISSING", "")
    monkeypatch.setattr(cuda, "extension", Driver(75, 90), raising=False)
    assert cuda.why_unavailable() is None
    assert cuda.why_unavailable(1) is None
    assert cuda.why_unavailable(0).startswith("device 0: sm_75 is not among")
    assert cuda.why_unavailable(2) == "device 2: CUDA, device: invalid device ordinal"


def loader_on(index):
    device = torch.device("cuda", index)
    return make_loader(DATASET, LoaderSettings(16, device, seed=3, augment=AUGMENT))


def test_batches_for_an_old_device_are_made_on_the_host(monkeypatch):
    monkeypatch.setattr(cuda, "_MISSING", "")
    monkeypatch.setattr(cuda, "extension", Driver(90, 70), raising=False)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1 << 34, 1 << 34))
    loader = loader_on(1)
    assert loader.make_fill is host_fill


@pytest.fixture
def full_device(monkeypatch):
    """A device whose memory was free when it was asked for, and is not when it is taken."""
    monkeypatch.setattr(cuda, "why_unavailable", lambda device=None: None)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1 << 34, 1 << 34))

    def refuse(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB.")

    monkeypatch.setattr("bsgrow.loading.resident.upload", refuse)


def test_what_does_not_fit_after_all_is_streamed(full_device, caplog):
    loader = loader_on(0)
    assert loader.make_fill is streamed_fill
    assert "streamed, since drawn (0 MiB) does not fit" in caplog.text


def test_what_is_held_on_the_host_is_the_tensor_itself():
    tensor = torch.zeros(3)
    assert hold(tensor) is tensor


def test_what_is_held_on_a_device_is_taken_from_a_capsule(monkeypatch):
    """A tensor itself would make torch record an event for a stream that it does not know."""
    taken, tensor = [], OnDevice()
    monkeypatch.setattr(kernel, "to_dlpack", lambda held: ("capsule of", held))
    monkeypatch.setattr(kernel, "Tensor", OnDevice)
    monkeypatch.setattr(torch.cuda, "device", lambda device: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: SimpleNamespace(cuda_stream=5))
    monkeypatch.setattr(
        cuda, "device_array", lambda array, **options: taken.append((array, options))
    )
    hold(tensor)
    assert taken == [(("capsule of", tensor), {"cuda_stream": 5})]


class OnDevice:
    """What is asked of a tensor on a CUDA device."""

    is_cuda, device = True, torch.device("cuda", 0)


def test_a_missing_extension_is_explained(monkeypatch):
    monkeypatch.setattr(cuda, "_MISSING", "bsgrow._native_cuda cannot be loaded: no nvcc")
    assert cuda.why_unavailable() == "bsgrow._native_cuda cannot be loaded: no nvcc"
    with pytest.raises(BsgrowError, match=r"cannot run on a CUDA device: .*no nvcc") as caught:
        cuda.advance_cursor(None, 1, cuda_stream=0)
    assert "bsgrow doctor" in caught.value.hint
