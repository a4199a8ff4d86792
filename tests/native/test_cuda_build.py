"""The CUDA sources compile for every architecture, into machine code that keeps to registers."""

import json
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOME = os.environ.get("CUDA_HOME")
NVCC = shutil.which("nvcc", path=f"{HOME}/bin" if HOME else None)
EM_CUDA = 190  # of an ELF header
WARPS_PER_MULTIPROCESSOR, REGISTERS_PER_MULTIPROCESSOR = 32, 65_536

pytestmark = pytest.mark.skipif(NVCC is None, reason="needs nvcc")


def compile_kernel(architecture, cubin):
    """What ptxas says of each kernel: {name: its lines}."""
    flags = ["-O3", "-std=c++17", "-fmad=false", "-Icsrc", "-Icsrc/include", "-Xptxas=-v"]
    command = [NVCC, *flags, f"-arch=sm_{architecture}", "-cubin", "csrc/cuda/load_batch.cu"]
    done = subprocess.run(
        [*command, "-o", cubin], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    _, *kernels = re.split(r"Compiling entry function '", done.stderr)
    return {text.partition("'")[0]: text for text in kernels}


# The first has no copies past registers, the others have and are of two generations.
@pytest.mark.parametrize("architecture", [75, 90, 120])
def test_machine_code_keeps_to_registers(architecture, tmp_path):
    cubin = tmp_path / "load_batch.cubin"
    kernels = compile_kernel(architecture, cubin)
    batches = [text for name, text in kernels.items() if "load_batch_kernel" in name]
    assert len(batches) == 12, "three dtypes, four ways to convert rows"
    for text in kernels.values():
        assert f"for 'sm_{architecture}'" in text
        assert "0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads" in text
        registers = int(re.search(r"Used (\d+) registers", text)[1])
        assert registers * 32 * WARPS_PER_MULTIPROCESSOR <= REGISTERS_PER_MULTIPROCESSOR
    header = cubin.read_bytes()
    assert header[:4] == b"\x7fELF"
    assert struct.unpack_from("<H", header, 18)[0] == EM_CUDA
    for name in kernels:
        assert f".text.{name}".encode() in header


def test_the_module_says_what_it_was_built_for():
    extension = pytest.importorskip("bsgrow._native_cuda", reason="bsgrow was built without nvcc")
    record = json.loads((Path(extension.__file__).parent / "_build.json").read_text())
    names = [f"sm_{each}" for each in extension.build_info()["architectures"]]
    assert names == record["_native_cuda"]["architectures"]
