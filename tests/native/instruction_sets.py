"""The digest of a module of these tests, as another instruction set makes it."""

import os
import subprocess
import sys

import pytest

INSTRUCTION_SETS = ("baseline", "avx2", "avx512", "avx512bf16")


def digest_by(instruction_set: str, module: str) -> str:
    """What digest() of the module gives with that set; skips where the machine lacks it."""
    result = subprocess.run(
        [sys.executable, "-c", f"from {module} import digest; print(digest())"],
        env=os.environ | {"BSGROW_INSTRUCTION_SET": instruction_set},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if "on this machine" in result.stderr:
        pytest.skip(f"this machine lacks {instruction_set}")
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()
