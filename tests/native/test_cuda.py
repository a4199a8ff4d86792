"""The sample stream on a CUDA device; skipped where there is none."""

import gc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.loading.kernel import hold, launch
from bsgrow.native import Augment, cuda, reference
from tests.drawn import num_cases
from tests.native.device_cases import (
    ARRAYS,
    CIFAR,
    DTYPES,
    as_array,
    assert_same,
    handle,
    make_images,
    make_out,
    on_cpu,
    on_device,
    stream_of,
)

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@st.composite
def cases(draw):
    height = draw(st.integers(1, 70))
    width = draw(st.integers(1, 70) | st.integers(1, 9).map(lambda n: 8 * n))
    channels = draw(st.sampled_from([1, 2, 3, 3, 3, 5]))
    side = min(height, width)
    num_samples = draw(st.integers(1, 40))
    start = draw(st.integers(0, 50) | st.integers(0, num_samples * 2**32 - 3000))
    return stream_of(
        num_samples,
        start,
        start + draw(st.integers(0, 3000 if side < 20 else 100)),
        shape=(channels, height, width),
        seed=draw(st.integers(0, 2**64 - 1)),
        augment=Augment(
            pad=draw(st.integers(0, min(side - 1, 12))),
            padding=draw(st.sampled_from(["zero", "reflect"])),
            flip=draw(st.booleans()),
            cutout=draw(st.integers(0, side)),
        ),
        mean=draw(st.lists(st.floats(-2, 2), min_size=channels, max_size=channels)),
        std=draw(st.lists(st.floats(1e-6, 2), min_size=channels, max_size=channels)),
        shuffle=draw(st.booleans()),
    )


@settings(max_examples=num_cases(400))
@given(case=cases(), dtype=st.sampled_from(DTYPES), channels_last=st.booleans())
def test_the_bits_of_the_cpu(case, dtype, channels_last):
    assert_same(on_device(case, dtype, channels_last), on_cpu(case, dtype, channels_last))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@settings(max_examples=num_cases(200))
@given(
    mean=st.floats(-1e5, 1e5) | st.floats(-2, 2) | st.just(0.0),
    std=st.floats(1e-4, 1e4) | st.floats(1e-36, 1e36),
)
def test_every_pixel_value_rounds_twice(dtype, mean, std):
    """The fused multiply-add, the packed casts and subnormals, on the real arithmetic."""
    if abs(mean / std) > 3e38:
        return
    images = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    case = stream_of(1, 0, 1, images=images, augment=None, mean=[mean], std=[std])
    expected = reference.cast(reference.normalise(images, [mean], [std]), str(dtype)[6:])
    ours, _ = on_device(case, dtype)
    np.testing.assert_array_equal(as_array(ours).view(np.uint16), expected.view(np.uint16))


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28), (3, 224, 224), (3, 5, 4001)])
def test_large_batches(shape):
    """So many that a warp takes several bands."""
    num = max(300, 100_000 * 3072 // (int(np.prod(shape)) * 4))
    case = stream_of(200, 2**33 + 77, 2**33 + 77 + num, shape, augment=Augment(pad=3, flip=True))
    case |= {"mean": CIFAR["mean"][: shape[0]], "std": CIFAR["std"][: shape[0]]}
    assert_same(on_device(case, torch.bfloat16, True), on_cpu(case, torch.bfloat16, True))


def test_an_empty_batch_launches_nothing():
    images, labels = on_device(stream_of(5, 3, 3), torch.float32)
    assert images.shape == (0, 3, 32, 32)
    assert labels.shape == (0,)


def test_views_that_begin_anywhere():
    whole = torch.as_tensor(make_images((40, 1, 7, 5)), device="cuda")
    for first in range(17):
        part = whole[first : first + 20]
        case = stream_of(20, 5, 60, images=part, augment=Augment(pad=2), mean=[0.5], std=[0.2])
        expected = on_cpu(case | {"images": part.cpu().numpy()}, torch.float16)
        assert_same(on_device(case, torch.float16), expected)


def test_the_cursor_is_read_by_the_kernel():
    case = stream_of(50, 3, 90)
    cursor = torch.tensor([2**34 + 9], device="cuda")
    moved = case | {"start": case["start"] + 2**34 + 9, "stop": case["stop"] + 2**34 + 9}
    assert_same(on_device(case, torch.float16, cursor=cursor), on_cpu(moved, torch.float16))
    cuda.advance_cursor(cursor, 11, cuda_stream=handle())
    assert cursor.item() == 2**34 + 20


def test_replays_of_a_graph_walk_the_stream():
    size, first = 64, 30
    case = stream_of(100, 0, size)
    held = {name: torch.as_tensor(case[name], device="cuda") for name in ("images", "labels")}
    images = make_out((size, 3, 32, 32), torch.bfloat16, True, "cuda")
    labels = torch.zeros(size, dtype=torch.int64, device="cuda")
    cursor = torch.tensor([first], device="cuda")

    def step():
        arguments = case | held | {"out_images": images, "out_labels": labels}
        cuda.load_batch(**arguments, cursor=cursor, cuda_stream=handle())
        cuda.advance_cursor(cursor, size, cuda_stream=handle())

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        step()  # loads the kernels, which cannot be done while a graph is captured
    torch.cuda.current_stream().wait_stream(side)
    cursor.fill_(first)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    assert cursor.item() == first, "capturing runs nothing"
    for replay in range(5):
        graph.replay()
        start = first + replay * size
        expected = on_cpu(case | {"start": start, "stop": start + size}, torch.bfloat16, True)
        assert_same((images.cpu(), labels.cpu()), expected)


def test_a_launch_waits_for_nothing():
    """Behind a stream that is busy for long, a hundred launches return at once, unfinished."""
    case = stream_of(50, 0, 512)
    held = {
        name: cuda.device_array(torch.as_tensor(case[name], device="cuda"), cuda_stream=handle())
        for name in ("images", "labels")
    }
    images = make_out((512, 3, 32, 32), torch.bfloat16, True, "cuda")
    labels = torch.zeros(512, dtype=torch.int64, device="cuda")
    arguments = case | held | {"out_images": images, "out_labels": labels}
    cuda.load_batch(**arguments, cuda_stream=handle())
    torch.cuda.synchronize()
    torch.cuda._sleep(2_000_000_000)  # clock cycles: about a second
    asleep = torch.cuda.Event()
    asleep.record()
    for _ in range(100):
        cuda.load_batch(**arguments, cuda_stream=handle())
    assert not asleep.query()
    torch.cuda.synchronize()


def test_arrays_of_another_stream_are_waited_for():
    case = stream_of(50, 0, 100)
    producer, consumer = torch.cuda.Stream(), torch.cuda.Stream()
    known = torch.as_tensor(case["images"], device="cuda")
    labels = torch.as_tensor(case["labels"], device="cuda")
    with torch.cuda.stream(producer):
        images = torch.zeros_like(known)
        out = make_out((100, 3, 32, 32), torch.float32, False, "cuda")  # made by a pageable copy
        out_labels = torch.zeros(100, dtype=torch.int64, device="cuda")
    torch.cuda.synchronize()
    with torch.cuda.stream(producer):
        torch.cuda._sleep(2_000_000_000)  # clock cycles: about a second
        images.copy_(known)  # within the device: the host goes on at once
        late = torch.cuda.Event()
        late.record()
        arguments = case | {"images": images, "labels": labels}
        arguments |= {"out_images": out, "out_labels": out_labels}
        cuda.load_batch(**arguments, cuda_stream=consumer.cuda_stream)
        assert not late.query(), "what is waited for was there before the launch"
    consumer.synchronize()
    assert_same((out.cpu(), out_labels.cpu()), on_cpu(case, torch.float32))


class ByInterface:
    """A tensor that only the older interface shows."""

    def __init__(self, tensor, **fields):
        tensor = tensor.view(torch.uint16) if tensor.dtype == torch.bfloat16 else tensor
        self.tensor = tensor
        types = {torch.uint8: "|u1", torch.int64: "<i8", torch.uint16: "<u2"}
        self.__cuda_array_interface__ = {
            "version": 3,
            "shape": tuple(tensor.shape),
            "typestr": types[tensor.dtype],
            "data": (tensor.data_ptr(), False),
            "strides": tuple(stride * tensor.itemsize for stride in tensor.stride()),
            "stream": handle() or 1,
        } | fields


def by_interface(case, **fields):
    out = make_out((case["stop"] - case["start"], 3, 32, 32), torch.bfloat16, True, "cuda")
    out_labels = torch.zeros(len(out), dtype=torch.int64, device="cuda")
    arrays = {name: torch.as_tensor(case[name], device="cuda") for name in ("images", "labels")}
    arrays |= {"out_images": out, "out_labels": out_labels}
    arrays = {name: ByInterface(tensor, **fields) for name, tensor in arrays.items()}
    cuda.load_batch(**case | arrays, cuda_stream=handle())
    return out.cpu(), out_labels.cpu()


def test_the_older_interface():
    case = stream_of(50, 5, 105)
    assert_same(by_interface(case), on_cpu(case, torch.bfloat16, True))
    assert_same(by_interface(case, stream=None), on_cpu(case, torch.bfloat16, True))
    with pytest.raises(ValueError, match=r"^out_images: .*read-only"):
        by_interface(case, data=(torch.zeros(1, device="cuda").data_ptr(), True))
    with pytest.raises(ValueError, match=r"^images: .*got host memory"):
        by_interface(case, data=(np.zeros(1).ctypes.data, False))


def test_a_tensor_that_needs_a_gradient_is_named():
    case = stream_of(50, 5, 105)
    held = {name: torch.as_tensor(case[name], device="cuda") for name in ("images", "labels")}
    out = torch.zeros((100, 3, 32, 32), device="cuda", requires_grad=True)
    out_labels = torch.zeros(100, dtype=torch.int64, device="cuda")
    with pytest.raises(ValueError, match=r"^out_images: .*BufferError: .*gradient"):
        cuda.load_batch(
            **case | held, out_images=out, out_labels=out_labels, cursor=None, cuda_stream=handle()
        )


def test_tensors_are_handed_over_as_capsules(monkeypatch):
    """What the loaders do: no event is made, on whichever stream."""
    case = stream_of(50, 5, 105)
    side = torch.cuda.Stream()
    monkeypatch.setattr(torch.cuda, "Event", None)
    with torch.cuda.stream(side):
        held = {name: hold(torch.as_tensor(case[name], device="cuda")) for name in ARRAYS}
        out = make_out((100, 3, 32, 32), torch.bfloat16, True, "cuda")
        out_labels = torch.zeros(100, dtype=torch.int64, device="cuda")
        launch(**case | {"shuffle": True} | held, out_images=out, out_labels=out_labels)
    side.synchronize()
    assert_same((out.cpu(), out_labels.cpu()), on_cpu(case, torch.bfloat16, True))


def test_memory_of_what_was_passed_is_given_back():
    case = stream_of(50, 0, 256)
    on_device(case, torch.float32)
    gc.collect()
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    for _ in range(20):
        on_device(case, torch.float32)
    gc.collect()
    assert torch.cuda.memory_allocated() == before


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two devices")
def test_another_device_than_the_current_one():
    case = stream_of(50, 5, 105)
    arrays = {name: torch.as_tensor(case[name], device="cuda:1") for name in ("images", "labels")}
    out = make_out((100, 3, 32, 32), torch.float32, False, "cuda:1")
    out_labels = torch.zeros(100, dtype=torch.int64, device="cuda:1")
    stream = torch.cuda.current_stream("cuda:1").cuda_stream
    arguments = case | arrays | {"out_images": out, "out_labels": out_labels}
    cuda.load_batch(**arguments, cuda_stream=stream)
    assert torch.cuda.current_device() == 0
    assert_same((out.cpu(), out_labels.cpu()), on_cpu(case, torch.float32))
    with pytest.raises(ValueError, match=r"^cuda_stream: expected one of device 1"):
        cuda.load_batch(**arguments, cuda_stream=torch.cuda.Stream("cuda:0").cuda_stream)
    cuda.load_batch(**arguments, cuda_stream=stream)  # the failure left nothing behind
    with pytest.raises(ValueError, match=r"^labels: .*on device 1, as images is, got one on 0"):
        cuda.load_batch(**arguments | {"labels": arrays["labels"].to("cuda:0")}, cuda_stream=stream)
