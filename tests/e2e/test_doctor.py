"""`bsgrow doctor`, where all is well and where the core cannot be loaded."""

import json
import os

# Python imports it when it starts; None makes every import of that module fail.
HIDE = "import sys; sys.modules['{}'] = None"


def test_a_table_names_modules_packages_and_devices(bsgrow):
    result = bsgrow("doctor")
    assert result.code == 0, result.err
    for name in ("_native", "_native_jpeg", "_native_cuda", "torch", "cuda"):
        assert name in result.out


def test_json_is_for_programs(bsgrow):
    report = json.loads(bsgrow("doctor", "--format", "json").out)
    assert report["works"]
    assert report["module"]["_native"]["works"]
    assert report["module"]["_native"]["facts"]["instruction_sets"]
    assert report["package"]["torch"]["facts"]["version"]


def test_without_the_core_the_doctor_says_why_and_the_others_fail(started, tmp_path):
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    (tmp_path / "sitecustomize.py").write_text(HIDE.format("bsgrow._native"))
    environment = {"PYTHONPATH": path}
    result = started("doctor", "--format", "json", **environment)
    assert result.code == 1
    report = json.loads(result.out)
    assert not report["works"]
    assert report["module"]["_native"]["state"] == "missing"
    assert "training cannot work without _native" in result.err
    assert "hint: it needs a C++17 compiler" in result.err
    assert started("recipes", **environment).code == 1


def test_an_instruction_set_that_is_not_there_is_named(started):
    result = started("doctor", BSGROW_INSTRUCTION_SET="mmx")
    assert result.code == 1
    assert "got mmx" in result.out
    assert "unset BSGROW_INSTRUCTION_SET" in result.err
