"""Pictures where a matplotlibrc of somebody lies in the current folder."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
from bsgrow.reporting.matplotlib_defaults import import_matplotlib
before = os.getcwd()
import_matplotlib()
import_matplotlib()
import matplotlib
assert dict(matplotlib.rcParams) == dict(matplotlib.rcParamsDefault), "others than the defaults"
assert (os.getcwd(), os.environ["MPLBACKEND"]) == (before, "junk")
"""


@pytest.mark.parametrize("kind", ["settings", "no text", "a pipe"])
def test_a_matplotlibrc_is_not_read(kind, tmp_path):
    path = tmp_path / "matplotlibrc"
    if kind == "a pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(b"text.usetex: True\nfigure.dpi: 7\n" + b"\xff\xfe" * (kind == "no text"))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={**os.environ, "MATPLOTLIBRC": str(path), "MPLBACKEND": "junk"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
