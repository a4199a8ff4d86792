"""What a build puts where, what it says of that, and what distributions hold."""

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from shutil import copytree, ignore_patterns, which

import pytest
import setuptools
import torch

from tests.hosts import environment

ROOT = Path(__file__).parents[1]
KNOWN = ("75", "80", "90", "120")
NOT_SOURCES = ignore_patterns(".*", "build", "*.egg-info", "*.so", "_build.json", "__pycache__")


@pytest.fixture
def build(tmp_path, monkeypatch):
    """The command that builds the modules, and where an earlier build of each kind left one."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("BSGROW_REQUIRE", raising=False)  # as the gate sets it
    distribution = setuptools.distutils.core.run_setup("setup.py", stop_after="init")
    command = distribution.get_command_obj("build_ext")
    command.build_lib = str(tmp_path / "lib")
    command.build_temp = str(tmp_path / "temp")
    command.ensure_finalized()
    command.extensions = [ext for ext in command.extensions if ext.name == "bsgrow._native_cuda"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_HOME", str(tmp_path))  # where no nvcc is: it cannot be built
    file = command.get_ext_filename("bsgrow._native_cuda")
    modules = {folder: tmp_path / folder / file for folder in ("lib", ".")}
    for module in modules.values():
        module.parent.mkdir(parents=True)
        module.touch()
    return command, modules


@pytest.mark.parametrize("inplace", [False, True])
def test_what_cannot_be_built_again_is_removed(build, inplace):
    command, modules = build
    command.inplace = inplace
    command.run()
    assert not modules["lib"].exists()
    assert modules["."].exists() != inplace, "a build elsewhere leaves the source tree alone"


def metadata(monkeypatch, sources):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("BSGROW_SOURCES", sources)
    return setuptools.distutils.core.run_setup("setup.py", stop_after="config").metadata


def test_links_lead_to_the_sources_from_the_page_of_a_package_index(monkeypatch):
    shown = metadata(monkeypatch, "https://host/bsgrow/blob/v1")
    readme = (ROOT / "README.md").read_text()
    links = re.findall(r"(!?)\[[^]]*\]\(([^)]+)\)", shown.long_description)
    assert len(links) == readme.count("](") > 20
    assert all(target.startswith("https://") for _, target in links)
    for mark, target in links:
        place, _, path = target.partition("https://host/bsgrow/blob/v1/")
        assert place or (ROOT / path.removesuffix("?raw=true")).exists(), target
        assert path.endswith("?raw=true") == bool(mark), "a page about a picture is none"
    assert re.sub(r"https://host/bsgrow/blob/v1/|\?raw=true", "", shown.long_description) == readme
    assert shown.long_description_content_type == "text/markdown"
    for page in shown.project_urls.values():
        assert (ROOT / page.removeprefix("https://host/bsgrow/blob/v1/")).exists()
    assert "Documentation" in shown.project_urls


def test_links_are_left_out_where_no_address_of_the_sources_is_known(monkeypatch):
    shown = metadata(monkeypatch, "")
    targets = re.findall(r"\]\(([^)]+)\)", shown.long_description)
    assert targets
    assert all(target.startswith("https://") for target in targets)
    assert "[Theory]" not in shown.long_description
    assert "Theory" in shown.long_description
    assert not shown.project_urls


BROKEN = """
#include <Python.h>
extern "C" int defined_nowhere();
extern "C" PyObject* PyInit__native_cuda() { return defined_nowhere() ? Py_None : nullptr; }
"""


def test_what_was_compiled_and_cannot_be_imported_does_not_count_as_built(build, monkeypatch):
    command, modules = build
    (extension,) = command.extensions
    Path("broken.cpp").write_text(BROKEN)
    extension.sources, extension.libraries, extension.depends = ["broken.cpp"], [], []
    monkeypatch.delenv("CFLAGS", raising=False)
    monkeypatch.setattr(type(command), "prepare", lambda command, name, ext: ["any"])
    command.run()
    record = json.loads(Path("lib/bsgrow/_build.json").read_text())["_native_cuda"]
    assert not record["built"]
    assert "cannot be imported" in record["reason"]
    assert "defined_nowhere" in record["reason"]
    assert not modules["lib"].exists()


@pytest.fixture
def architectures(build, tmp_path, monkeypatch):
    """What setup.py compiles kernels for, by the variable and by an nvcc that knows some."""
    command, _ = build
    codes = "".join(f"echo sm_{each}\n" for each in KNOWN)
    (tmp_path / "nvcc").write_text(f"#!/bin/sh\n{codes}")
    (tmp_path / "nvcc").chmod(0o755)
    script = command.prepare.__func__.__globals__

    def compiled_for(named=""):
        monkeypatch.setenv("CUDAARCHS", named)
        return script["known_architectures"](tmp_path / "nvcc")

    return compiled_for, script


def test_kernels_are_compiled_for_what_torch_is(architectures):
    _, script = architectures
    ours = {name: {*map(int, each)} for name, each in script["ARCHITECTURES"].items()}
    of_torch = torch.cuda.PYTORCH_RELEASES_CODE_CC
    assert ours in [each for version, each in of_torch.items() if version.startswith("13.")]


def test_architectures_are_ours_where_nvcc_knows_them_or_those_named(architectures):
    compiled_for, script = architectures
    assert compiled_for() == [each for each in script["wanted_architectures"]() if each in KNOWN]
    assert compiled_for("90;75") == ["75", "90"], "the last one's PTX serves what is newer"
    for named, why in [("90;100", "does not compile for sm_90, sm_100"), ("90a", "are numbers")]:
        with pytest.raises(script["MissingToolError"], match=why):
            compiled_for(named)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """A source distribution, made from the sources alone and unpacked elsewhere."""
    folder = tmp_path_factory.mktemp("sdist")
    copytree(ROOT, folder / "sources", ignore=NOT_SOURCES)
    make = "from setuptools.build_meta import build_sdist; print(build_sdist('..'))"
    done = run(folder / "sources", make)
    with tarfile.open(folder / done.splitlines()[-1]) as archive:
        archive.extractall(folder, filter="data")
    (top,) = folder.glob("bsgrow-*/")
    return top


def run(folder, code, python=sys.executable, **variables):
    command, given = [python, "-c", code], os.environ | variables
    done = subprocess.run(
        command, cwd=folder, env=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def files_of(folder, parts=("bsgrow", "csrc", "docs", "examples")):
    copied = (path for part in parts for path in (folder / part).rglob("*"))
    kept = (path for path in copied if path.is_file() and "__pycache__" not in path.parts)
    built = {".so", ".pyd"}
    names = {str(path.relative_to(folder)) for path in kept if path.suffix not in built}
    return names - {"bsgrow/_build.json"}


def test_a_source_distribution_holds_all_sources(unpacked):
    assert files_of(unpacked) == files_of(ROOT)
    assert {path.suffix for path in (unpacked / "csrc").rglob("*.*")} >= {".cu", ".h", ".inl"}


def test_what_is_built_from_it_is_what_is_built_from_the_checkout(unpacked):
    modules = """
import json, sys, setuptools
distribution = setuptools.distutils.core.run_setup("setup.py", stop_after="init")
parts = [(m.name, sorted(m.sources), sorted(m.depends)) for m in distribution.ext_modules]
print(json.dumps(parts))
"""
    lists = [json.loads(run(folder, modules)) for folder in (ROOT, unpacked)]
    assert lists[0] == lists[1]
    assert any(name.endswith(".cu") for _, _, depends in lists[1] for name in depends)


@pytest.fixture(scope="module")
def wheel(unpacked):
    """What the source distribution builds, but for the kernels: nvcc takes a minute for them."""
    headers = [ROOT / ".ci/python-headers", sys.executable, Path(sys.prefix) / "headers"]
    found = subprocess.run(headers, capture_output=True, text=True, check=True)
    # With ccache nothing is compiled that make has compiled for this environment.
    compiler = "ccache " * bool(which("ccache")) + os.environ.get("CXX", "c++")
    # Required elsewhere, where all is built; here there is no nvcc.
    required = [*{*os.environ.get("BSGROW_REQUIRE", "").split(",")} - {"_native_cuda"}]
    chosen = {
        "BSGROW_REQUIRE": ",".join(required),
        "CPATH": found.stdout.strip(),
        "CUDA_HOME": str(unpacked.parent),
        "CXX": compiler,
    }
    make = "from setuptools.build_meta import build_wheel; print(build_wheel('..'))"
    done = run(unpacked, make, **chosen)
    return unpacked.parent / done.splitlines()[-1]


def test_a_wheel_holds_the_package_and_the_licences(unpacked, wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {*archive.namelist()}
    sources = {name for name in files_of(unpacked, ["bsgrow"]) if not name.endswith(".md")}
    assert held >= sources | {"bsgrow/_build.json"}
    licenses = {name.partition("/licenses/")[2] for name in held} - {""}
    assert licenses == {"LICENSE", *files_of(unpacked, ["csrc/jpeg/licenses"])}
    assert any(name.startswith("bsgrow/_native.") for name in held)


COMMANDS = """
import sys
from pathlib import Path
import bsgrow
from bsgrow.cli import main
from bsgrow.recipe import shipped_recipes
assert Path(bsgrow.__file__).is_relative_to(sys.prefix), bsgrow.__file__
size, settings = ["--samples", "1000"], ["schedule.epochs=1", "schedule.curve.milestones=[0.5]"]
train = ["train", "digits", *(word for each in settings for word in ("--set", each))]
plans = [["plan", name, *size * (name in ("finetune", "folder"))] for name in shipped_recipes()]
for sys.argv[1:] in (train, ["doctor"], *plans):
    try:
        main()
    except SystemExit as ended:
        assert not ended.code, sys.argv
    if sys.argv[1] == "train":
        assert "bsgrow.native.cuda" not in sys.modules, "kernels wait for a device"
"""


def test_a_wheel_works_where_nothing_else_of_bsgrow_is(wheel, tmp_path):
    environment.make(tmp_path / "made")
    python = str(tmp_path / "made/bin/python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    subprocess.run([*pip, "--no-compile", "--no-deps", "--no-index", wheel], check=True)
    assert (tmp_path / "made/bin/bsgrow").exists()
    out = run(tmp_path, COMMANDS, python)
    assert "training on the CPU" in out
    assert "test accuracy" in out
