"""Build the native modules where they are asked for, and say which of them work here."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import invalidate_caches
from importlib.util import find_spec

from bsgrow.reporting.doctor.modules import examine_modules
from tests.device_check.machine import has_headers
from tests.device_check.running import ROOT


def main() -> None:
    """Print, as JSON, 1 for each module that works and 0 for each other one."""
    for_card = "--for-card" in sys.argv
    failed = None
    if for_card:
        failed = _build({"BSGROW_REQUIRE": "_native_cuda", "CUDAARCHS": _architecture()})
    elif find_spec("bsgrow._native") is None:
        failed = _build({})
    invalidate_caches()
    found = {module.name: module for module in examine_modules()}
    json.dump({name: int(module.works) for name, module in found.items()}, sys.stdout)
    for name, module in found.items():
        if not module.works:
            sys.stderr.write(f"{name}: {module.reason}\n")
    if failed is None and for_card and found["_native_cuda"].works:
        failed = _why_not_on_card()
    sys.exit(failed)


def _build(asked: Mapping[str, str]) -> str | None:
    """Build, and return why that has failed; without Python's headers what is there is kept."""
    if not has_headers():
        sys.stderr.write("not built: Python.h is not there (Debian: python3-dev; or CPATH)\n")
        return None
    command = [sys.executable, "setup.py", "build_ext", "--inplace"]
    environment = {**asked, **os.environ}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=sys.stderr, check=False)
    return f"the build has failed: exit code {done.returncode}" if done.returncode else None


def _architecture() -> str:
    """Return that of the card, as each takes half a minute to build for."""
    import torch  # which only this needs

    major, minor = torch.cuda.get_device_capability(0)
    return f"{major}{minor}"


def _why_not_on_card() -> str | None:
    from bsgrow.native import cuda  # only now is it there

    reason = cuda.why_unavailable(0)
    return reason and f"the kernels do not run on the card: {reason}"


if __name__ == "__main__":
    main()
