"""A build leaves no module of an earlier one where it puts its own, and no other's alone."""

from pathlib import Path

import pytest
import setuptools

ROOT = Path(__file__).parents[1]


@pytest.fixture
def build(tmp_path, monkeypatch):
    """The command that builds the modules, and where an earlier build of each kind left one."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("BSGROW_REQUIRE", raising=False)  # as the gate sets it
    distribution = setuptools.distutils.core.run_setup("setup.py", stop_after="init")
    command = distribution.get_command_obj("build_ext")
    command.build_lib = str(tmp_path / "lib")
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
