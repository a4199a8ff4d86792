"""The machine as results state it."""

import json

from bsgrow.reporting.machine import describe_machine


def test_it_is_json_with_hardware_and_versions_of_what_is_installed():
    machine = json.loads(json.dumps(describe_machine()))
    hardware, versions = machine["hardware"], machine["versions"]
    assert hardware["num_cpus"] >= 1
    assert len(hardware["cuda_devices"]) == len(hardware["cuda_memory_bytes"])
    assert {"bsgrow", "python", "numpy", "torch"} <= set(versions)
    assert all(isinstance(version, str) for version in versions.values())
