import pytest
import torch

from bsgrow.errors import InputError
from bsgrow.training.device import autocast, precision_of, resolve_device, use_device


@pytest.fixture
def num_cuda_devices(monkeypatch, request):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: request.param > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: request.param)


@pytest.mark.parametrize(
    ("num_cuda_devices", "name", "expected"),
    [
        (0, "auto", "cpu"),
        (0, "cpu", "cpu"),
        (1, "auto", "cuda:0"),
        (1, "cuda", "cuda:0"),
        (2, "cuda:1", "cuda:1"),
        (2, "cpu", "cpu"),
    ],
    indirect=["num_cuda_devices"],
)
@pytest.mark.usefixtures("num_cuda_devices")
def test_names_resolve(name, expected):
    assert resolve_device(name) == torch.device(expected)


@pytest.mark.parametrize(
    ("num_cuda_devices", "name", "message"),
    [
        (0, "mps:0", "device = 'mps:0' is not a device"),
        (0, "cuda", "device = 'cuda' is not there: .* no CUDA devices"),
        (1, "cuda:1", r"device = 'cuda:1' is not there: .* 1 CUDA device(\n|$)"),
        (2, "cuda:2", r"device = 'cuda:2' is not there: .* 2 CUDA devices(\n|$)"),
        (1, "tpu", "device = 'tpu' is not a device"),
        (1, "cuda:", "device = 'cuda:' is not a device"),
        (1, "cuda:-1", "device = 'cuda:-1' is not a device"),
        (1, "cpu:0", "device = 'cpu:0' is not a device"),
        (1, "", "device = '' is not a device"),
    ],
    indirect=["num_cuda_devices"],
)
@pytest.mark.usefixtures("num_cuda_devices")
def test_what_is_not_there_is_refused(name, message):
    with pytest.raises(InputError, match=message) as caught:
        resolve_device(name)
    assert caught.value.hint


@pytest.mark.parametrize("is_there", [False, True])
def test_the_gpu_of_a_mac_is_taken_by_its_name(monkeypatch, is_there):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: is_there)
    assert resolve_device("auto").type != "mps"
    if is_there:
        assert resolve_device("mps") == torch.device("mps")
        return
    with pytest.raises(InputError, match=r"device = 'mps' is not there: .* no GPU of a Mac"):
        resolve_device("mps")


@pytest.mark.parametrize("num_cuda_devices", [0, 4], indirect=True)
@pytest.mark.parametrize("name", ["cuda:0", "cuda:1", "mps"])
@pytest.mark.usefixtures("num_cuda_devices")
def test_one_device_is_not_for_two_processes(name):
    with pytest.raises(
        InputError, match=f"'{name}' is one device, and this is process 1"
    ) as caught:
        resolve_device(name, local_rank=1)
    assert "each process has one of its own" in caught.value.hint


@pytest.mark.parametrize("num_cuda_devices", [4], indirect=True)
@pytest.mark.parametrize("name", ["auto", "cuda"])
@pytest.mark.usefixtures("num_cuda_devices")
def test_each_process_of_a_machine_has_the_device_of_its_number(name):
    assert [resolve_device(name, local_rank=k) for k in (0, 3)] == [
        torch.device("cuda:0"),
        torch.device("cuda:3"),
    ]


def test_the_cpu_computes_in_float32():
    precision = precision_of(torch.device("cpu"))
    assert precision.autocast_dtype is None
    assert precision.memory_format is torch.contiguous_format
    with autocast(torch.device("cpu"), None):
        assert not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize(
    ("capability", "dtype"), [((8, 0), torch.bfloat16), ((7, 5), torch.float16)], ids=["A100", "T4"]
)
def test_cuda_computes_in_16_bits_that_it_has_channels_last(monkeypatch, capability, dtype):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    precision = precision_of(torch.device("cuda", 0))
    assert precision.autocast_dtype is dtype
    assert precision.memory_format is torch.channels_last


def test_autocast_is_on_inside():
    with autocast(torch.device("cpu"), torch.bfloat16):
        assert torch.is_autocast_enabled("cpu")
        assert torch.get_autocast_dtype("cpu") is torch.bfloat16


def test_libraries_take_the_device_and_choose_convolutions_by_measuring(monkeypatch):
    current = []
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)
    use_device(torch.device("cpu"))
    assert (current, torch.backends.cudnn.benchmark) == ([], False)
    use_device(torch.device("cuda", 1))
    assert (current, torch.backends.cudnn.benchmark) == ([torch.device("cuda", 1)], True)
