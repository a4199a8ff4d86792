"""The systems that are compared: a new one is a new file and a line here."""

from collections.abc import Mapping
from types import MappingProxyType

from bsgrow.bench.systems import bsgrow, dali, ffcv, limit, spdl, torch
from bsgrow.bench.systems.system import System

SYSTEMS: Mapping[str, System] = MappingProxyType(
    {
        system.name: system
        for system in (
            limit.LIMIT,
            bsgrow.BSGROW,
            dali.DALI,
            dali.DALI_PADDED,
            ffcv.FFCV,
            spdl.SPDL,
            torch.TORCH,
        )
    }
)

__all__ = ["SYSTEMS", "System"]
