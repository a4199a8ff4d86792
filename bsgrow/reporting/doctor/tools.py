"""The tools that are called while bsgrow runs."""

import os
import shlex
import shutil
import sys

from bsgrow.reporting.doctor.finding import Finding

_HINT = "`run.compile = true` needs it; install it (Debian: g++), or name another in CXX"


def examine_compiler() -> Finding:
    """Say whether the C++ compiler is there that torch.compile calls: CXX, or its default."""
    default = "clang++" if sys.platform == "darwin" else "g++"
    name, *_ = shlex.split(os.environ.get("CXX", "")) or [default]
    path = shutil.which(name)
    if path is None:
        return Finding("tool", "c++", "missing", reason=f"{name} was not found", hint=_HINT)
    return Finding("tool", "c++", "works", facts={"path": path})
