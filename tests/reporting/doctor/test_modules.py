"""What the doctor says of the native modules, however they were built."""

import json
import sys

import pytest

from bsgrow.reporting.doctor.modules import examine_modules, read_build_record


@pytest.fixture
def findings(tmp_path):
    """Examine with a record of the build as given."""

    def examine(**record):
        (tmp_path / "_build.json").write_text(json.dumps(record))
        return {finding.name: finding for finding in examine_modules(tmp_path)}

    return examine


def test_a_module_that_loads_says_how_it_was_built_and_what_it_uses(findings):
    build = {"built": True, "compiler": "g++", "flags": ["-O3", "-Wall"], "architectures": ["any"]}
    native = findings(_native=build)["_native"]
    assert native.state == "works"
    assert native.facts["compiler"] == "g++"
    assert native.facts["flags"] == "-O3 -Wall"
    assert native.facts["instruction_set"] in native.facts["instruction_sets"]
    assert native.facts["instruction_sets"][-1] == "baseline"


def test_a_build_without_a_record_is_told(tmp_path):
    assert read_build_record(tmp_path) == {}
    native, *_ = examine_modules(tmp_path)
    assert native.works
    assert native.facts["build"] == "without a record"


@pytest.mark.parametrize("text", ["", "[1]", "{", "\x00"])
def test_a_damaged_record_counts_as_none(tmp_path, text):
    (tmp_path / "_build.json").write_text(text)
    assert read_build_record(tmp_path) == {}


def test_a_module_that_was_not_built_says_why(findings, monkeypatch):
    monkeypatch.setitem(sys.modules, "bsgrow._native_cuda", None)
    cuda = findings(_native_cuda={"built": False, "reason": "nvcc was not found in PATH"})
    assert cuda["_native_cuda"].state == "missing"
    assert cuda["_native_cuda"].reason == "nvcc was not found in PATH"
    assert "nvcc" in cuda["_native_cuda"].hint
    assert not cuda["_native_cuda"].needed


def test_a_module_that_was_built_and_is_gone_says_so(findings, monkeypatch):
    monkeypatch.setitem(sys.modules, "bsgrow._native_cuda", None)
    cuda = findings(_native_cuda={"built": True, "compiler": "g++"})["_native_cuda"]
    assert cuda.state == "missing"
    assert cuda.reason.endswith("; it was built, and is gone")


class Answers:
    """A module as another build might be."""

    def __init__(self, **answers):
        for name, answer in answers.items():
            setattr(self, name, lambda answer=answer: answer)


def test_a_module_for_devices_says_what_it_was_built_for_and_finds(findings, monkeypatch):
    module = Answers(build_info={"architectures": ["sm_90"]}, device_count=(0, "no driver"))
    monkeypatch.setitem(sys.modules, "bsgrow._native_cuda", module)
    facts = findings(_native_cuda={"built": True, "compiler": "g++"})["_native_cuda"].facts
    assert facts.pop("compiler") == "g++"
    assert facts == {"architectures": ["sm_90"], "num_devices": 0, "devices_missing": "no driver"}


def test_a_module_that_cannot_be_loaded_is_broken(findings, monkeypatch):
    def fail(name):
        raise ImportError("libjpeg.so.62: cannot open shared object file")

    monkeypatch.setattr("bsgrow.reporting.doctor.modules.import_module", fail)
    for finding in findings(_native={"built": True}).values():
        assert finding.state == "broken"
        assert "libjpeg.so.62" in finding.reason
