"""What the doctor says of packages, the machine and its devices."""

import os

import pytest

from bsgrow.reporting.doctor import devices, examine, packages, tools
from bsgrow.reporting.doctor.machine import examine_machine


def found(monkeypatch, *several):
    monkeypatch.setattr(packages, "_PACKAGES", several)
    return packages.examine_packages()


def test_what_training_needs_is_here():
    needed = [finding for finding in packages.examine_packages() if finding.needed]
    assert {"torch", "numpy", "pydantic"} <= {finding.name for finding in needed}
    assert all(finding.works and finding.facts["version"] for finding in needed)


def test_torch_says_which_cuda_it_was_built_for():
    torch, *_ = packages.examine_packages()
    assert {"cuda_build", "num_cuda_devices"} <= torch.facts.keys()


def test_the_first_distribution_that_is_installed_counts(monkeypatch):
    package = packages._Package("numpy", ("no-such-distribution", "numpy"))
    (finding,) = found(monkeypatch, package)
    assert (finding.name, finding.state) == ("numpy", "works")


def test_a_package_that_is_not_installed_is_missing(monkeypatch):
    package = packages._Package("nothing", ("no-such-distribution",), hint="get it")
    (finding,) = found(monkeypatch, package)
    assert (finding.state, finding.reason) == ("missing", "is not installed")
    assert finding.hint == "get it"


@pytest.mark.parametrize("source", ["raise RuntimeError('no')", "import no_such_module"])
def test_a_package_that_cannot_be_imported_is_broken(monkeypatch, tmp_path, source):
    (tmp_path / "broken_package.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    (finding,) = found(monkeypatch, packages._Package("broken_package", ("numpy",)))
    assert finding.state == "broken"
    assert "no" in finding.reason


def test_the_processors_of_this_process_are_counted():
    facts = examine_machine().facts
    assert 1 <= facts["num_usable_cpus"] <= facts["num_cpus"] == os.cpu_count()


def test_without_a_driver_there_are_no_devices(monkeypatch):
    monkeypatch.setattr(devices, "_LIBRARY", "libno-such-driver.so.1")
    finding = devices.examine_driver()
    assert finding.state == "missing"
    assert "libno-such-driver.so.1" in finding.reason
    assert not finding.needed


class Driver:
    """A driver with one device, as ctypes would show it."""

    def __init__(self, failing=None):
        self.failing = failing

    def __getattr__(self, name):
        def call(*arguments):
            values = {"cuDriverGetVersion": 13000, "cuDeviceGetCount": 1, "cuDeviceGet": 0}
            if name == self.failing:
                return 100
            if name == "cuDeviceGetAttribute":
                arguments[0]._obj.value = {75: 9, 76: 0}[arguments[1]]
            elif name == "cuDeviceGetName":
                arguments[0].value = b"NVIDIA H200"
            elif name == "cuDeviceTotalMem_v2":
                arguments[0]._obj.value = 1 << 37
            elif name == "cuGetErrorString":
                arguments[1]._obj.value = b"no CUDA-capable device is detected"
            elif name in values:
                arguments[0]._obj.value = values[name]
            return 0

        return call


def test_devices_are_described(monkeypatch):
    monkeypatch.setattr(devices.ctypes, "CDLL", lambda name: Driver())
    finding = devices.examine_driver()
    assert finding.works
    assert finding.facts["cuda_driver"] == "13.0"
    device = {"name": "NVIDIA H200", "architecture": "sm_90", "memory_bytes": 1 << 37}
    assert finding.facts["devices"] == [device]


def test_a_device_says_whether_the_kernels_run_on_it(monkeypatch):
    monkeypatch.setattr(devices.ctypes, "CDLL", lambda name: Driver())
    driver = devices.examine_driver()
    finding = devices.compare_with_kernels(driver, [80, 90, 100])
    assert finding.facts["devices"][0]["kernels"] == "run on it"
    assert (finding.works, finding.reason, finding.hint) == (True, None, None)
    assert devices.compare_with_kernels(driver, None) is driver


def test_a_device_that_kernels_were_not_built_for_says_so(monkeypatch):
    monkeypatch.setattr(devices.ctypes, "CDLL", lambda name: Driver())
    finding = devices.compare_with_kernels(devices.examine_driver(), [100])
    assert finding.facts["devices"][0]["kernels"].startswith("sm_90 is not among")
    assert finding.reason == "no device runs the kernels of _native_cuda"
    assert "on the CPU" in finding.hint


def test_without_a_device_there_is_nothing_to_compare(monkeypatch):
    monkeypatch.setattr(devices, "_LIBRARY", "libno-such-driver.so.1")
    driver = devices.examine_driver()
    assert devices.compare_with_kernels(driver, [80]) is driver


def test_a_compiler_is_found_by_its_variable(monkeypatch, tmp_path):
    compiler = tmp_path / "my-c++"
    compiler.write_text("")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", f"{compiler} -pipe")
    finding = tools.examine_compiler()
    assert finding.works
    assert finding.facts["path"] == str(compiler)


def test_without_a_compiler_the_doctor_says_what_needs_it(monkeypatch, tmp_path):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = tools.examine_compiler()
    assert (finding.state, finding.needed) == ("missing", False)
    assert "was not found" in finding.reason
    assert "run.compile" in finding.hint


@pytest.mark.parametrize(("num_devices", "is_told"), [(0, True), (1, False)])
def test_a_torch_that_sees_no_device_of_the_driver_is_told(monkeypatch, num_devices, is_told):
    monkeypatch.setattr(devices.ctypes, "CDLL", lambda name: Driver())
    sees = {"num_cuda_devices": num_devices}
    package = packages._Package("torch", ("torch",), facts=lambda torch: sees)
    monkeypatch.setattr(packages, "_PACKAGES", (package,))
    (torch,) = [finding for finding in examine() if finding.name == "torch"]
    assert ("install torch for CUDA 13.0" in (torch.hint or "")) == is_told


def test_a_driver_that_fails_says_why(monkeypatch):
    monkeypatch.setattr(devices.ctypes, "CDLL", lambda name: Driver(failing="cuInit"))
    finding = devices.examine_driver()
    assert finding.reason == "cuInit failed: no CUDA-capable device is detected"
