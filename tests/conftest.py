"""Settings and fixtures that every test shares."""

import ctypes
import gc
import importlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

# Before torch is imported, and for the commands that start: the tests go side by side, each on a
# core of its own. What is about threads says how many.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from bsgrow.cli import interrupt
from bsgrow.native import Augment
from tests.drawn import EVERYDAY, THOROUGH

# Machines are shared: an example may take long without anything being wrong.
settings.register_profile("everyday", deadline=None, max_examples=EVERYDAY)
settings.register_profile("thorough", deadline=None, max_examples=THOROUGH)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))


def pytest_configure(config):
    """Hides devices from tests that do not ask for one: what they say holds on every machine."""
    if hides_devices(config.getoption("markexpr")):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


def pytest_collection_finish():
    """Leaves what is there before the first test out of every later search for garbage."""
    gc.collect()
    gc.freeze()


def hides_devices(marks):
    """Whether the expression after pytest's -m selects others than the tests of a CUDA device."""
    return "cuda" not in marks.split() or "not cuda" in marks


# A shell's background job ignores Ctrl-C, and so would every program that a test starts and stops.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parent.parent
DTYPES = {"float32": 0, "float16": 1, "bfloat16": 2}
LAYOUTS = ("any", "planar", "interleaved", "fours")


class _Batch(ctypes.Structure):
    """bsgrow::DeviceLoadBatch, field by field."""

    _fields_ = [
        ("num_samples", ctypes.c_uint64),
        ("seed", ctypes.c_uint64),
        ("shuffle", ctypes.c_bool),
        ("start", ctypes.c_uint64),
        ("stop", ctypes.c_uint64),
        ("pad", ctypes.c_uint32),
        ("padding", ctypes.c_uint8),
        ("flip", ctypes.c_bool),
        ("cutout", ctypes.c_uint32),
        ("shape", ctypes.c_int64 * 3),
        ("images", ctypes.c_void_p),
        ("labels", ctypes.c_void_p),
        ("scale", ctypes.c_void_p),
        ("bias", ctypes.c_void_p),
        ("dtype", ctypes.c_uint8),
        ("channels_last", ctypes.c_bool),
        ("out_images", ctypes.c_void_p),
        ("out_labels", ctypes.c_void_p),
        ("cursor", ctypes.c_void_p),
        ("gathered", ctypes.c_bool),
    ]


class HostKernel:
    """The CUDA kernel's source, compiled for the host and called on arrays.

    Attributes:
        launches: (layout, bands of an image, whether tiles are staged) of each call.
        default_few_items: below so many bands, images are cut into more.
    """

    def __init__(self, library):
        kernel = ctypes.CDLL(str(library))
        self._load_batch = kernel.load_batch_on_host
        kernel.default_few_items.restype = ctypes.c_uint64
        self.default_few_items = kernel.default_few_items()
        assert kernel.size_of_batch() == ctypes.sizeof(_Batch)
        self.launches = []

    def __call__(
        self,
        images,
        labels,
        *,
        seed,
        start,
        stop,
        augment,
        scale,
        bias,
        out_images,
        out_labels,
        dtype,
        channels_last=False,
        shuffle=True,
        num_samples=None,
        cursor=None,
        items_per_warp=0,
        few_items=0,
        backwards=False,
    ):
        augment = augment or Augment()
        batch = _Batch(
            num_samples=num_samples or len(images),
            seed=seed,
            shuffle=shuffle,
            start=start,
            stop=stop,
            pad=augment.pad,
            padding=augment.padding == "reflect",
            flip=augment.flip,
            cutout=augment.cutout,
            shape=images.shape[1:],
            images=images.ctypes.data,
            labels=labels.ctypes.data,
            scale=scale.ctypes.data,
            bias=bias.ctypes.data,
            dtype=DTYPES[dtype],
            channels_last=channels_last,
            out_images=out_images.ctypes.data,
            out_labels=out_labels.ctypes.data,
            cursor=None if cursor is None else cursor.ctypes.data,
            gathered=num_samples is not None,
        )
        bands, staged = ctypes.c_uint32(), ctypes.c_int()
        layout = self._load_batch(
            ctypes.byref(batch),
            ctypes.c_uint32(items_per_warp),
            ctypes.c_uint64(self.default_few_items if few_items is None else few_items),
            backwards,
            ctypes.byref(bands),
            ctypes.byref(staged),
        )
        self.launches.append((LAYOUTS[layout], bands.value, bool(staged.value)))


def compile_for_host(folder):
    """Builds the CUDA kernel's source with the host's compiler; returns the library's path.

    The variable BSGROW_HOST_KERNEL_FLAGS adds flags: `.ci/sanitized` asks for its sanitizers.
    """
    compiler = os.environ.get("CXX", "c++").split()
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"needs a C++ compiler; {compiler[0]} was not found")
    library = folder / "device_kernel.so"
    source = ROOT / "tests/native/host/device_kernel.cpp"
    options = ["-std=c++17", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"]
    options += shlex.split(os.environ.get("BSGROW_HOST_KERNEL_FLAGS", ""))
    includes = [f"-I{ROOT / 'csrc'}", f"-I{ROOT / 'csrc/include'}"]
    command = [*compiler, *options, "-fPIC", "-shared", *includes, source, "-o", library]
    # A sanitizer's runtime that is loaded into this process is none for the compiler.
    clean = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    subprocess.run(command, env=clean, check=True)
    return library


@pytest.fixture(scope="session")
def host_kernel(tmp_path_factory):
    return HostKernel(compile_for_host(tmp_path_factory.mktemp("device_kernel")))


@pytest.fixture
def user_module(tmp_path, monkeypatch):
    """Write a module into the current folder, an empty one, and forget it when the test ends."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    known = {*sys.modules}

    def write(text, name="mine"):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
        sys.modules.pop(name, None)
        importlib.invalidate_caches()

    yield write
    for name in {*sys.modules} - known:
        if getattr(sys.modules[name], "__file__", None) in map(str, tmp_path.rglob("*.py")):
            del sys.modules[name]


@pytest.fixture(autouse=True)
def _no_interrupt_before():
    """Let no test find that another one was interrupted, as commands remember it."""
    interrupt._received.clear()
