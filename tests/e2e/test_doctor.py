"""`bsgrow doctor` from outside, on a machine that works and on one that does not."""

import json


def test_it_says_what_was_built_and_found(bsgrow):
    done = bsgrow("doctor", "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["works"] is True
    assert report["module"]["_native"]["works"] is True
    assert set(report["module"]) == {"_native", "_native_jpeg", "_native_cuda"}
    assert report["package"]["torch"]["facts"]["version"]


def test_where_the_core_cannot_be_loaded_it_still_runs_and_says_why(bsgrow):
    done = bsgrow("doctor", env={"BSGROW_INSTRUCTION_SET": "sse9"})
    assert done.returncode == 1
    assert "sse9" in done.stdout
    assert "error: training cannot work without _native" in done.stderr
    assert "hint: unset it" in done.stderr
    assert "Traceback" not in done.stderr
