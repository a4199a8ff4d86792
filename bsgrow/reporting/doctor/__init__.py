"""What was built, what is found at run time, and why something is missing.

Nothing here imports what may be missing but to see whether it loads.
"""

from collections.abc import Iterable
from dataclasses import replace

from bsgrow.reporting.doctor.devices import compare_with_kernels, examine_driver
from bsgrow.reporting.doctor.finding import Finding
from bsgrow.reporting.doctor.machine import examine_machine
from bsgrow.reporting.doctor.modules import examine_modules
from bsgrow.reporting.doctor.packages import examine_packages
from bsgrow.reporting.doctor.tools import examine_compiler
from bsgrow.reporting.doctor.verdict import verdict

__all__ = ["Finding", "examine", "verdict"]


def examine() -> list[Finding]:
    """Look at everything that bsgrow can use; raises nothing and changes nothing."""
    modules = examine_modules()
    driver = compare_with_kernels(examine_driver(), _built_for(modules))
    packages = [_beside(driver, package) for package in examine_packages()]
    return [examine_machine(), *modules, *packages, examine_compiler(), driver]


def _built_for(modules: Iterable[Finding]) -> list[int] | None:
    """Return the compute capabilities that the kernels were built for; None where they are not."""
    for module in modules:
        if module.name == "_native_cuda" and module.works:
            return list(module.facts["architectures"])
    return None


def _beside(driver: Finding, package: Finding) -> Finding:
    """Say of a torch that sees no device, where the driver does, what to do about it."""
    if package.name != "torch" or not driver.works or package.facts.get("num_cuda_devices"):
        return package
    cuda = driver.facts["cuda_driver"]
    hint = f"the driver sees devices and torch none: install torch for CUDA {cuda} or older"
    return replace(package, hint=hint)
