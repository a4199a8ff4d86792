"""What was built, what is found at run time, and why something is missing.

Nothing here imports what may be missing but to see whether it loads.
"""

from dataclasses import replace

from bsgrow.reporting.doctor.devices import examine_driver
from bsgrow.reporting.doctor.finding import Finding
from bsgrow.reporting.doctor.machine import examine_machine
from bsgrow.reporting.doctor.modules import examine_modules
from bsgrow.reporting.doctor.packages import examine_packages

__all__ = ["Finding", "examine"]


def examine() -> list[Finding]:
    """Look at everything that bsgrow can use; raises nothing and changes nothing."""
    driver = examine_driver()
    packages = [_beside(driver, package) for package in examine_packages()]
    return [examine_machine(), *examine_modules(), *packages, driver]


def _beside(driver: Finding, package: Finding) -> Finding:
    """Say of a torch that sees no device, where the driver does, what to do about it."""
    if package.name != "torch" or not driver.works or package.facts.get("num_cuda_devices"):
        return package
    cuda = driver.facts["cuda_driver"]
    hint = f"the driver sees devices and torch none: install torch for CUDA {cuda} or older"
    return replace(package, hint=hint)
