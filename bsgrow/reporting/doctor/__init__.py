"""What was built, what is found at run time, and why something is missing.

Nothing here imports what may be missing but to see whether it loads.
"""

from bsgrow.reporting.doctor.devices import examine_driver
from bsgrow.reporting.doctor.finding import Finding
from bsgrow.reporting.doctor.machine import examine_machine
from bsgrow.reporting.doctor.modules import examine_modules
from bsgrow.reporting.doctor.packages import examine_packages

__all__ = ["Finding", "examine"]


def examine() -> list[Finding]:
    """Look at everything that bsgrow can use; raises nothing and changes nothing."""
    return [examine_machine(), *examine_modules(), *examine_packages(), examine_driver()]
