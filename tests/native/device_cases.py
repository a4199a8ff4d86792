"""What the tests of the kernels on a device share."""

import numpy as np
import torch

from bsgrow.native import Augment, cuda
from bsgrow.native import load_batch as load_batch_on_cpu

DTYPES = [torch.float32, torch.float16, torch.bfloat16]
ARRAYS = ("images", "labels")
AUGMENT = Augment(pad=4, flip=True, cutout=8)
CIFAR = {"mean": (0.49, 0.48, 0.45), "std": (0.25, 0.24, 0.26)}


def make_images(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def make_out(shape, dtype, channels_last, device):
    layout = torch.channels_last if channels_last else torch.contiguous_format
    return torch.ones(shape, dtype=dtype).to(memory_format=layout).to(device)


def handle():
    return torch.cuda.current_stream().cuda_stream


def as_array(tensor):
    tensor = tensor.view(torch.uint16) if tensor.dtype == torch.bfloat16 else tensor
    return tensor.numpy()


def on_cpu(case, dtype, channels_last=False):
    num = case["stop"] - case["start"]
    images = make_out((num, *case["images"].shape[1:]), dtype, channels_last, "cpu")
    labels = np.full(num, -9)
    load_batch_on_cpu(**case, out_images=as_array(images), out_labels=labels, num_threads=2)
    return images, torch.from_numpy(labels)


def on_device(case, dtype, channels_last=False, **options):
    """What the kernel writes, on the host; images may be tensors of the device already."""
    num = case["stop"] - case["start"]
    images = make_out((num, *case["images"].shape[1:]), dtype, channels_last, "cuda")
    labels = torch.full((num,), -9, device="cuda")
    held = {name: torch.as_tensor(case[name], device="cuda") for name in ("images", "labels")}
    options = {"cuda_stream": handle()} | options
    cuda.load_batch(**case | held, out_images=images, out_labels=labels, **options)
    return images.cpu(), labels.cpu()


def bits(tensor):
    return tensor.contiguous().view(torch.int32 if tensor.dtype == torch.float32 else torch.int16)


def assert_same(ours, expected):
    assert torch.equal(bits(ours[0]), bits(expected[0]))
    assert torch.equal(ours[1], expected[1])


def stream_of(num_samples, start, stop, shape=(3, 32, 32), **changes):
    return {
        "images": make_images((num_samples, *shape)),
        "labels": np.arange(num_samples) * 7,
        "seed": 2**40 + 1,
        "start": start,
        "stop": stop,
        "augment": AUGMENT,
        **CIFAR,
    } | changes
