"""The sample stream on processors that are not here: without vector extensions, ARM, AVX-512.

Its sources are compiled for them and run by QEMU, or where it does not know their instructions with
functions in place of these; what they write is compared with this machine's.
How rows are cut into vectors of sixteen lanes is tried without such vectors, too.
"""

import functools
import itertools
import platform
import shutil
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest

from bsgrow import _native

ROOT = Path(__file__).parents[2]
SOURCES, HOST = ROOT / "csrc/cpu", ROOT / "tests/native/host"
BASELINE, DIGEST = SOURCES / "isa_baseline.cpp", HOST / "stream_digest.cpp"
NUM_SAMPLES, START = 40, 35  # as in host/stream_digest.cpp, and so is what follows
AFFINE = (0.015625, 0.02, 0.03), (-2.0, -1.5, -1.0)
ERRING = (0.015625, 0.02, 0.011021125), (-2.0, -1.5, -0.58407754)  # rounding once changes a number
FEW, MANY = 50, 700  # images of a batch: within the caches, and past them

X86 = ["qemu-x86_64", "-cpu", "core2duo"]  # without SSE4.2 and AVX
SIXTEEN_LANES = ("-DBSGROW_BASELINE_LANES=16", "-Wno-psabi")
PROCESSORS = {  # the compiler, its options for the vector code, and what runs the program
    "x86-64": ("g++", (), X86),
    "x86-64, sixteen lanes": ("g++", SIXTEEN_LANES, X86),
    "ARM": ("aarch64-linux-gnu-g++", (), ["qemu-aarch64"]),
}
AVX512 = ("-DBSGROW_AVX512BF16", "-Wno-psabi", "-isystem", HOST / "emulated")


@functools.cache
def make_images(channels, side):
    index = np.arange(NUM_SAMPLES * channels * side * side)
    images = (index * index % 257 + index // 257).astype(np.uint8)
    return images.reshape(NUM_SAMPLES, channels, side, side)


def digest(num, channels, side, dtype, channels_last, cutout, affine=AFFINE):
    scale, bias = affine
    shape = (num, side, side, channels) if channels_last else (num, channels, side, side)
    out, out_labels = np.zeros(shape, dtype), np.zeros(num, np.int64)
    _native.load_batch(
        images=make_images(channels, side),
        labels=np.arange(NUM_SAMPLES),
        seed=7,
        start=START,
        stop=START + num,
        pad=3,
        padding="zero",
        flip=True,
        cutout=cutout,
        scale=np.float32(scale[:channels]),
        bias=np.float32(bias[:channels]),
        out_images=out.transpose(0, 3, 1, 2) if channels_last else out,
        out_labels=out_labels,
        shuffle=True,
        num_threads=1,
    )
    return zlib.crc32(out_labels.astype(np.uint8), zlib.crc32(out))


@functools.cache
def digests():
    dtypes = (np.float32, np.float16, np.uint16)
    few = itertools.product([FEW], (1, 2, 3), (32, 13), dtypes, (False, True), (0, 5))
    many = itertools.product([MANY], [3], (32, 36), dtypes, (False, True), [5])
    erring = itertools.product([FEW], [3], [32], dtypes, (False, True), [0], [ERRING])
    return [str(digest(*case)) for case in (*few, *many, *erring)]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """Compile a source, and give its object to every program that has it compiled the same."""
    folder = tmp_path_factory.mktemp("objects")
    numbers = itertools.count()

    @functools.cache
    def compile_once(compiler, options, source):
        target = folder / f"{next(numbers)}-{source.stem}.o"
        flags = ["-std=c++17", "-O1", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"]
        includes = [f"-I{ROOT}/csrc", f"-I{ROOT}/csrc/include"]
        command = [compiler, *flags, "-pthread", *includes, *options, "-c", source, "-o", target]
        subprocess.run(command, check=True, timeout=600)
        return target

    return compile_once


@pytest.mark.parametrize("processor", PROCESSORS)
def test_it_writes_the_same_bits(processor, compiled, tmp_path):
    compiler, options, emulator = PROCESSORS[processor]
    if compiler == "g++" and platform.machine() != "x86_64":
        pytest.skip("g++ compiles for another processor here")
    missing = [tool for tool in (compiler, emulator[0]) if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}")
    others = [
        compiled(compiler, (), source) for source in SOURCES.glob("*.cpp") if source != BASELINE
    ]
    objects = [*others, compiled(compiler, options, BASELINE), compiled(compiler, (), DIGEST)]
    program = link([compiler, "-static"], objects, tmp_path)
    assert run([*emulator, program]) == ["baseline", *digests()]


def test_avx512_by_functions_in_place_of_its_instructions(compiled, tmp_path):
    if platform.machine() != "x86_64":
        pytest.skip("x86-64's vector code")
    header = ["g++", "-fsyntax-only", "-include", "simde/x86/avx512.h", "-x", "c++", "/dev/null"]
    if shutil.which("g++") is None or subprocess.run(header, capture_output=True).returncode:
        pytest.skip("needs g++ and SIMDe")
    generic = (path for path in SOURCES.glob("*.cpp") if path.stem != "kernels")
    sources = [path for path in generic if not path.stem.startswith("isa_")]
    objects = [compiled("g++", (), source) for source in (*sources, DIGEST)]
    emulated = compiled("g++", AVX512, HOST / "emulated_avx512.cpp")
    program = link(["g++"], [*objects, emulated], tmp_path)
    assert run([program]) == ["emulated_avx512", *digests()]


def link(linker, objects, folder):
    program = folder / "stream_digest"
    subprocess.run([*linker, "-pthread", *objects, "-o", program], check=True, timeout=600)
    return program


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    return done.stdout.split()
