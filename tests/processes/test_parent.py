"""What torchrun has started is asked to stop when torchrun is killed."""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

SCRIPT = """
import os, signal, sys
from bsgrow.processes.parent import stop_with_launcher

if os.fork() == 0:
    signal.signal(signal.SIGTERM, lambda *_: (print("asked to stop", flush=True), os._exit(0)))
    stop_with_launcher()
    signal.alarm(60)
    print("ready", flush=True)
    sys.stdin.readline()
    os._exit(0)
signal.pause()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the signal is one of Linux")
@pytest.mark.parametrize(("launched", "says"), [(True, "asked to stop\n"), (False, "")])
def test_only_torchrun_is_followed(launched, says):
    """One that a shell has left behind in the background goes on."""
    variables = {"TORCHELASTIC_RUN_ID": "none"} if launched else {}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **variables},
    ) as parent:
        assert parent.stdout.readline() == "ready\n"
        parent.kill()
        parent.wait()
        if not launched:
            parent.stdin.close()
        assert parent.stdout.read() == says
