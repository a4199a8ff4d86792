"""The machine: processors and interpreter."""

import os
import platform

import bsgrow
from bsgrow.reporting.doctor.finding import Finding
from bsgrow.reporting.processor import processor_name


def examine_machine() -> Finding:
    """Describe processor, system and interpreter."""
    facts = {
        "bsgrow": bsgrow.__version__,
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "machine": platform.machine(),
        "processor": processor_name(),
        "num_cpus": os.cpu_count(),
        "num_usable_cpus": num_usable_cpus(),
    }
    return Finding("machine", platform.node() or "machine", "works", facts=facts)


def num_usable_cpus() -> int | None:
    """Return the CPUs that this process may run on, which a batch system may have limited."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()
