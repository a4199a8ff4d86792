"""What the doctor finds, and how it says why something is missing."""

import json
import sys
from types import SimpleNamespace

import pytest

from bsgrow.reporting.doctor import examine
from bsgrow.reporting.doctor.devices import examine_driver
from bsgrow.reporting.doctor.modules import examine_modules, read_build_record
from bsgrow.reporting.doctor.packages import examine_packages


def by_name(findings):
    return {finding.name: finding for finding in findings}


def write_record(folder, record):
    (folder / "_build.json").write_text(json.dumps(record))


def test_what_this_test_runs_on_works():
    findings = by_name(examine())
    assert findings["_native"].works
    assert findings["torch"].works
    assert findings["torch"].facts["version"].startswith("2.")
    assert all(f.works for f in findings.values() if f.needed)


def test_whatever_is_missing_has_a_reason_and_a_hint():
    for finding in examine():
        assert finding.works or (finding.reason and finding.hint), finding


def test_the_instruction_set_in_use_is_one_of_those_available():
    facts = by_name(examine_modules())["_native"].facts
    assert facts["instruction_set"] in facts["instruction_sets"]
    assert "baseline" in facts["instruction_sets"]


def test_a_module_that_was_not_built_gives_the_reason_of_the_build(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "bsgrow._native_cuda", None)
    write_record(tmp_path, {"_native_cuda": {"built": False, "reason": "nvcc was not found"}})
    finding = by_name(examine_modules(tmp_path))["_native_cuda"]
    assert not finding.works
    assert finding.reason == "nvcc was not found"
    assert "CUDA_HOME" in finding.hint


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00"])
def test_a_record_that_is_none_is_said_to_be_missing(tmp_path, content):
    (tmp_path / "_build.json").write_text(content)
    assert read_build_record(tmp_path) == {}
    assert by_name(examine_modules(tmp_path))["_native"].facts["built"] == "without a record"


def test_what_a_cuda_module_says_of_itself_is_shown(monkeypatch):
    fake = SimpleNamespace(
        build_info=lambda: {"architectures": [80, 90], "cuda_runtime": (13, 0)},
        device_count=lambda: (0, "no driver"),
    )
    monkeypatch.setitem(sys.modules, "bsgrow._native_cuda", fake)
    facts = by_name(examine_modules())["_native_cuda"].facts
    assert facts["architectures"] == ["sm_80", "sm_90"]
    assert facts["cuda_runtime"] == "13.0"
    assert (facts["num_devices"], facts["complaint"]) == (0, "no driver")


def test_a_package_that_cannot_be_imported_says_why(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    finding = by_name(examine_packages())["scikit-learn"]
    assert not finding.works
    assert "cannot be imported" in finding.reason


def test_a_driver_that_is_not_there_is_no_failure(monkeypatch):
    monkeypatch.setattr("bsgrow.reporting.doctor.devices._LIBRARY", "libnot_there.so.1")
    finding = examine_driver()
    assert not finding.works
    assert not finding.needed
    assert "libnot_there" in finding.reason


def test_a_driver_that_fails_says_with_what(monkeypatch):
    class Driver:
        def cuInit(self, _):
            return 100

        def cuGetErrorString(self, _, text):
            text._obj.value = b"no CUDA-capable device is detected"

    monkeypatch.setattr("ctypes.CDLL", lambda _: Driver())
    assert examine_driver().reason == "cuInit failed: no CUDA-capable device is detected"
