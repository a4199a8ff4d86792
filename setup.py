"""Builds the native modules; everything else about the package is in pyproject.toml.

``bsgrow._native`` is always built. ``bsgrow._native_jpeg`` needs libjpeg-turbo and
``bsgrow._native_cuda`` needs nvcc; the package is built without those that cannot be, unless the
variable BSGROW_REQUIRE names them (``BSGROW_REQUIRE=_native_jpeg,_native_cuda``). What was compiled
counts as built once it was imported. CPPFLAGS and LDFLAGS say where another libjpeg-turbo lies, and
CUDAARCHS (CMake's: ``80;90``) which architectures the kernels are compiled for.
``bsgrow/_build.json`` says what was built and why something was not: `bsgrow doctor` reads it.

BSGROW_SOURCES is the address at which a browser finds these sources; a package index, which has no
files beside README.md, links there.
"""

import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from pybind11.setup_helpers import ParallelCompile, Pybind11Extension, build_ext
from setuptools import setup

CSRC = Path("csrc")
HEADERS = sorted(str(path) for kind in ("h", "inl", "cuh") for path in CSRC.rglob(f"*.{kind}"))
# CFLAGS may say otherwise, as a build with sanitizers does.
OPTIMISED = [] if "-O" in os.environ.get("CFLAGS", "") else ["-O3"]
# No contraction: a fused multiply-add would round differently from the reference.
FLAGS = [*OPTIMISED, "-ffp-contract=off", "-Wall", "-Wextra", "-pthread"]
# What is linked in statically serves this module alone: Pillow's libjpeg, say, is another one.
CLOSED = ["-Wl,--exclude-libs,ALL"] if sys.platform == "linux" else []
CUDA_FLAGS = ["-O3", "-std=c++17", "-fmad=false", "-Xcompiler=-fPIC,-fvisibility=hidden"]
# Those of torch's own builds for CUDA 13; what is newer takes the last one's PTX.
ARCHITECTURES = {
    "x86_64": ("75", "80", "86", "90", "100", "120"),  # T4, A100, A10, H100, B200, RTX 50
    "aarch64": ("80", "90", "100", "110", "120"),  # a GH200 is sm_90, Thor sm_110
}
REQUIRED = {"_native", *os.environ.get("BSGROW_REQUIRE", "").split(",")}

HAS_JPEG = """
#include <stdio.h>
#include <jpeglib.h>
#ifndef LIBJPEG_TURBO_VERSION
#error "jpeglib.h is not libjpeg-turbo's"
#endif
"""


IMPORT = """
import sys
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location(*sys.argv[1:])
spec.loader.exec_module(module_from_spec(spec))
"""

RELATIVE_LINK = re.compile(r"(!?)\[([^]]*)\]\((?!https?:)([^)]+)\)")


class MissingToolError(Exception):
    """What a module needs is not on this machine."""


class BrokenModuleError(Exception):
    """A module was compiled and cannot be imported."""


def find(*patterns: str) -> list[str]:
    return sorted(str(path) for pattern in patterns for path in CSRC.glob(pattern))


def kernels() -> list[str]:
    return find("cuda/*.cu")


def module(
    name: str, sources: list[str], depends: Iterable[str] = (), **options: list[str]
) -> Pybind11Extension:
    return Pybind11Extension(
        f"bsgrow.{name}",
        sources,
        depends=[*HEADERS, *depends],
        include_dirs=["csrc", "csrc/include"],
        extra_compile_args=[*FLAGS],
        extra_link_args=["-pthread", *CLOSED],
        cxx_std=17,
        optional=name not in REQUIRED,
        **options,
    )


def modules() -> list[Pybind11Extension]:
    shared = find("cpu/*.cpp", "bindings/arguments.cpp", "bindings/positions.cpp")
    task = find("bindings/task.cpp", "bindings/images_out.cpp")
    return [
        module("_native", find("cpu/*.cpp", "files/*.cpp", "bindings/*.cpp")),
        module(
            "_native_jpeg",
            find("jpeg/**/*.cpp", "bindings/jpeg/*.cpp") + shared + task,
            libraries=["jpeg"],
        ),
        module(
            "_native_cuda",
            find("bindings/cuda/*.cpp", "bindings/batch_arguments.cpp", "bindings/images_out.cpp")
            + shared,
            depends=kernels(),
            libraries=["cudart_static", "dl", "rt"],
        ),
    ]


def compiler() -> list[str]:
    return shlex.split(os.environ.get("CXX", "c++"))


def check_jpeg() -> None:
    flags = shlex.split(os.environ.get("CPPFLAGS", ""))
    command = [*compiler(), *flags, "-E", "-x", "c++", "-"]
    done = subprocess.run(command, input=HAS_JPEG, capture_output=True, text=True, check=False)
    if done.returncode:
        error = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr)
        raise MissingToolError(f"libjpeg-turbo's header was not found: {error.strip()}")


def find_nvcc() -> Path:
    home = os.environ.get("CUDA_HOME")
    nvcc = shutil.which("nvcc", path=f"{home}/bin" if home else None)
    if nvcc is None:
        raise MissingToolError(f"nvcc was not found in {'CUDA_HOME' if home else 'PATH'}")
    return Path(nvcc)


def find_toolkit(nvcc: Path) -> Path:
    """Return the folder of the toolkit; nvcc itself knows it, its path may be a wrapper's."""
    command = [nvcc, "--dryrun", "-E", "-x", "cu", os.devnull]
    steps = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    top = next(line for line in steps.splitlines() if line.startswith("#$ TOP="))
    return Path(top.removeprefix("#$ TOP=")).resolve()


def wanted_architectures() -> list[str]:
    named = os.environ.get("CUDAARCHS")
    if not named:
        return list(ARCHITECTURES.get(platform.machine(), ARCHITECTURES["x86_64"]))
    wanted = named.split(";")
    if not all(arch.isdecimal() for arch in wanted):
        raise MissingToolError(f"CUDAARCHS = {named}: architectures are numbers, as in 80;90")
    return sorted(wanted, key=int)


def known_architectures(nvcc: Path) -> list[str]:
    """Return those that are compiled for: of ours what nvcc knows, of those named all or none."""
    listed = subprocess.run([nvcc, "--list-gpu-code"], capture_output=True, text=True, check=True)
    wanted, codes = wanted_architectures(), listed.stdout.split()
    known = [arch for arch in wanted if f"sm_{arch}" in codes]
    if not known or (known != wanted and os.environ.get("CUDAARCHS")):
        raise MissingToolError(f"{nvcc} does not compile for sm_{', sm_'.join(wanted)}")
    return known


def compile_kernels(nvcc: Path, architectures: list[str], folder: Path) -> list[str]:
    """Return the objects of csrc/cuda, compiled for all architectures and the last one's PTX."""
    codes = [f"-gencode=arch=compute_{arch},code=sm_{arch}" for arch in architectures]
    codes.append(f"-gencode=arch=compute_{architectures[-1]},code=compute_{architectures[-1]}")
    objects = []
    for source in map(Path, kernels()):
        target = folder / source.with_suffix(".o")
        target.parent.mkdir(parents=True, exist_ok=True)
        includes = ["-Icsrc", "-Icsrc/include"]
        subprocess.run(
            [nvcc, *CUDA_FLAGS, *codes, *includes, "-c", source, "-o", target], check=True
        )
        objects.append(str(target))
    return objects


def check_imports(name: str, file: Path) -> None:
    """Import a module as it lies there; a linker leaves symbols open that nothing defines."""
    if "-fsanitize" in os.environ.get("CFLAGS", ""):
        return  # the interpreter would have to load the sanitizer's runtime first
    command = [sys.executable, "-c", IMPORT, name, str(file.resolve())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        raise BrokenModuleError(f"it was compiled and cannot be imported: {reason}")


def is_stale(target: str, source: str) -> bool:
    """Whether an object is older than anything it is made of: modules share objects."""
    if not Path(target).exists():
        return True
    newest = max(Path(path).stat().st_mtime for path in (source, "setup.py", *HEADERS))
    return newest > Path(target).stat().st_mtime


class Build(build_ext):
    """Builds the modules, goes on without an optional one, and writes down what came of it."""

    def run(self) -> None:
        self.record: dict[str, dict[str, object]] = {}
        self.beside_sources = bool(self.inplace)  # setuptools forgets it while it runs
        super().run()
        folder = Path() if self.inplace else Path(self.build_lib)
        record = folder / "bsgrow" / "_build.json"
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(self.record, indent=2) + "\n")

    def build_extension(self, ext: Pybind11Extension) -> None:
        name = ext.name.rpartition(".")[2]
        facts: dict[str, object] = {"compiler": " ".join(compiler()), "flags": FLAGS}
        try:
            facts["architectures"] = self.prepare(name, ext)
            super().build_extension(ext)
            check_imports(ext.name, Path(self.get_ext_fullpath(ext.name)))
        except Exception as error:
            if name in REQUIRED:
                raise
            print(f"bsgrow is built without {name}: {error}", file=sys.stderr)
            self.record[name] = {"built": False, "reason": str(error)}
            self.remove_earlier(ext)
        else:
            self.record[name] = {"built": True, **facts}

    def remove_earlier(self, ext: Pybind11Extension) -> None:
        """Leave nothing of an earlier build where this one puts its modules."""
        file = self.get_ext_filename(ext.name)
        for folder in (self.build_lib, *(["."] if self.beside_sources else [])):
            Path(folder, file).unlink(missing_ok=True)

    def prepare(self, name: str, ext: Pybind11Extension) -> list[str]:
        """Find what a module needs, and return the architectures that it is built for."""
        if name == "_native_jpeg":
            check_jpeg()
        if name != "_native_cuda":
            return [platform.machine()]
        nvcc = find_nvcc()
        toolkit = find_toolkit(nvcc)
        ext.include_dirs.append(str(toolkit / "include"))
        # The last is where NVIDIA's wheels have it.
        places = (toolkit / "lib64", *toolkit.glob("targets/*/lib"), toolkit / "lib")
        ext.library_dirs += map(str, places)
        known = known_architectures(nvcc)
        ext.extra_objects = compile_kernels(nvcc, known, Path(self.build_temp))
        return [f"sm_{arch}" for arch in known]


def long_description(sources: str) -> str:
    """Return README.md with its relative links leading to where a browser finds the sources.

    Without such an address links become their text, and pictures are left out.
    """

    def absolute(link: re.Match[str]) -> str:
        mark, text, path = link.groups()
        if not sources:
            return "" if mark else text
        return f"{mark}[{text}]({sources}/{path}{'?raw=true' if mark else ''})"

    return RELATIVE_LINK.sub(absolute, Path("README.md").read_text(encoding="utf-8"))


def project_urls(sources: str) -> dict[str, str]:
    pages = {"Documentation": "docs/index.md", "Changes": "CHANGELOG.md"}
    return {name: f"{sources}/{path}" for name, path in pages.items()} if sources else {}


ParallelCompile("NPY_NUM_BUILD_JOBS", needs_recompile=is_stale).install()
SOURCES = os.environ.get("BSGROW_SOURCES", "")
setup(
    ext_modules=modules(),
    cmdclass={"build_ext": Build},
    long_description=long_description(SOURCES),
    long_description_content_type="text/markdown",
    project_urls=project_urls(SOURCES),
)
