"""The launchers of a growing number of processes start none where there is no plan."""

import os
import subprocess

import pytest

from tests.conftest import ROOT

SLURM = {"GROW_WORLD_SCRIPT": "x", "SLURM_JOB_NUM_NODES": "1", "SLURM_JOB_NODELIST": "alpha"}


@pytest.mark.parametrize("script", ["grow-world.sh", "slurm-grow-world.sbatch"])
def test_a_recipe_that_cannot_be_planned_starts_nothing(script, tmp_path):
    for name in ("bsgrow", "torchrun", "srun", "sbatch", "scontrol"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name} >> {tmp_path}/started\nexit 2\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["bash", ROOT / "examples" / script, tmp_path / "run", "nosuch"],
        env={**os.environ, **SLURM, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=False,
    )
    assert done.returncode == 2
    assert (tmp_path / "started").read_text() == "bsgrow\n"
