"""Arrays in memory of the host that say they are on a CUDA device."""

import ctypes

import numpy as np
import torch

CPU, CUDA = 1, 2


class _Device(ctypes.Structure):
    _fields_ = [("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32)]


class _Tensor(ctypes.Structure):
    """The fields of DLTensor that come before its strides."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device", _Device),
        ("num_dims", ctypes.c_int32),
        ("dtype", ctypes.c_uint32),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
    ]


def pretend(capsule, device_id):
    """Write another device into a capsule's tensor; its memory stays what it is."""
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.POINTER(_Tensor), [ctypes.py_object, ctypes.c_char_p]
    pointer(capsule, b"dltensor").contents.device = _Device(CUDA, device_id)
    return capsule


class OnDevice:
    """A tensor of the CPU that says it is on a device."""

    def __init__(self, tensor, device_id=0):
        self.tensor = tensor
        self.device_id = device_id
        self.streams = []

    def __dlpack_device__(self):
        return CUDA, self.device_id

    def __dlpack__(self, *, stream):
        self.streams.append(stream)
        return pretend(self.tensor.__dlpack__(), self.device_id)


class _Versioned(ctypes.Structure):
    """DLManagedTensorVersioned, as far as the shape."""

    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("manager", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("tensor", _Tensor),
    ]


class Versioned(OnDevice):
    """The same by DLPack 1.0, which has more to say."""

    def __init__(self, tensor, device_id=0, *, flags=0, major=1, says=None, shape=()):
        super().__init__(tensor, device_id)
        self.says = device_id if says is None else says
        self.flags, self.major, self.shape = flags, major, shape

    def __dlpack_device__(self):
        return CUDA, self.says

    def __dlpack__(self, *, stream, max_version):
        assert max_version == (1, 0)
        self.streams.append(stream)
        capsule = self.tensor.__dlpack__(max_version=max_version)
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype = ctypes.POINTER(_Versioned)
        managed = pointer(capsule, b"dltensor_versioned").contents
        managed.tensor.device = _Device(CUDA, self.device_id)
        managed.flags, managed.major = self.flags, self.major
        for dim, size in enumerate(self.shape):
            managed.tensor.shape[dim] = size
        return capsule


class Refusing(OnDevice):
    """A tensor whose producer does not hand it over."""

    def __init__(self, error):
        super().__init__(None)
        self.error = error

    def __dlpack__(self, *, stream, max_version=None):
        raise self.error


IMAGES = torch.arange(5 * 3 * 6 * 8, dtype=torch.int64).to(torch.uint8).view(5, 3, 6, 8)
LABELS = torch.arange(5)


def arguments(**changes):
    return {
        "images": OnDevice(IMAGES),
        "labels": OnDevice(LABELS),
        "seed": 0,
        "start": 0,
        "stop": 4,
        "pad": 2,
        "padding": "zero",
        "flip": True,
        "cutout": 3,
        "scale": np.ones(3, np.float32),
        "bias": np.ones(3, np.float32),
        "out_images": OnDevice(torch.full((4, 3, 6, 8), 9.0, dtype=torch.bfloat16)),
        "out_labels": OnDevice(torch.full((4,), 9)),
        "shuffle": True,
        "num_samples": None,
        "cursor": None,
        "cuda_stream": 0,
    } | changes


def on_device(*shape, dtype=torch.float32):
    return OnDevice(torch.zeros(shape, dtype=dtype))


SHARED = torch.zeros(4 * 3 * 6 * 8 * 4, dtype=torch.uint8)


class ByInterface:
    """Memory of the host behind __cuda_array_interface__."""

    def __init__(self, array, **fields):
        self.array = array
        self.__cuda_array_interface__ = array.__array_interface__ | {"stream": None} | fields
