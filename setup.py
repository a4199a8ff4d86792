"""Builds the extension; everything else about the package is in pyproject.toml."""

from pathlib import Path

from pybind11.setup_helpers import ParallelCompile, Pybind11Extension, build_ext
from setuptools import setup

ROOT = Path("csrc")
SOURCES = sorted(
    str(path) for folder in ("cpu", "bindings") for path in ROOT.glob(f"{folder}/*.cpp")
)
HEADERS = sorted(str(path) for path in [*ROOT.rglob("*.h"), *ROOT.rglob("*.inl")])

# No contraction: a fused multiply-add would round differently from the reference.
FLAGS = ["-O3", "-ffp-contract=off", "-Wall", "-Wextra", "-pthread"]

ParallelCompile("NPY_NUM_BUILD_JOBS").install()
setup(
    ext_modules=[
        Pybind11Extension(
            "bsgrow._native",
            SOURCES,
            depends=HEADERS,
            include_dirs=["csrc", "csrc/include"],
            extra_compile_args=FLAGS,
            extra_link_args=["-pthread"],
            cxx_std=17,
        )
    ],
    cmdclass={"build_ext": build_ext},
)
