"""Build the native modules where they are asked for, and say which of them work here."""

import json
import os
import subprocess
import sys

from tests.device_check.running import ROOT


def main() -> None:
    """Print, as JSON, 1 for each module that works and 0 for each other one."""
    if "--build" in sys.argv:
        _build()
    command = [sys.executable, "-m", "bsgrow", "doctor", "--format", "json"]
    found = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    json.dump({name: int(each["works"]) for name, each in found["module"].items()}, sys.stdout)
    if "--build" in sys.argv:
        _require_card()


def _build() -> None:
    """Build for the architecture of this card alone: each takes half a minute."""
    command = [sys.executable, "setup.py", "build_ext", "--inplace"]
    asked = {"BSGROW_REQUIRE": "_native_cuda", "CUDAARCHS": _architecture()}
    subprocess.run(command, cwd=ROOT, env={**asked, **os.environ}, stdout=sys.stderr, check=True)


def _architecture() -> str:
    import torch  # which only this needs

    major, minor = torch.cuda.get_device_capability(0)
    return f"{major}{minor}"


def _require_card() -> None:
    from bsgrow.native import cuda  # only now is it there

    if reason := cuda.why_unavailable(0):
        sys.exit(f"the kernels do not run on the card: {reason}")


if __name__ == "__main__":
    main()
