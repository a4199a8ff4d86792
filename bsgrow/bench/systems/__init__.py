"""The systems that are compared: a new one is a new file and a line here."""

from bsgrow.bench.systems import bsgrow, dali, ffcv, limit, spdl, torch
from bsgrow.bench.systems.system import System
from bsgrow.validation.registry import Registry

SYSTEMS: Registry[System] = Registry("system")
for _system in (
    limit.LIMIT,
    bsgrow.BSGROW,
    dali.DALI,
    dali.DALI_PADDED,
    ffcv.FFCV,
    spdl.SPDL,
    torch.TORCH,
):
    SYSTEMS.register(_system.name, _system)

__all__ = ["SYSTEMS", "System"]
