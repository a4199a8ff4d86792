"""The processor's name."""

import platform
from pathlib import Path


def processor_name() -> str:
    """Return the processor's model as Linux names it, or what Python knows elsewhere."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
