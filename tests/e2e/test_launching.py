"""Runs on two machines, started by the files in examples/: two network namespaces stand for them.

What starts one command on each machine, `srun` or Kubeflow's operator, is not here; a stand-in
gives the command the same words and variables.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import TINY
from tests.e2e.namespaces import two_hosts
from tests.in_process import as_options

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
ARGUMENTS = ["digits", "--device", "cpu", *as_options(TINY)]
MANIFEST = "cifar10-grow --data /runs/data"  # what it trains
SECONDS = 300  # after which what hangs is killed; a start takes a hundredth on a free machine


@pytest.fixture(scope="module")
def hosts():
    with two_hosts("launch") as made:
        yield made


@pytest.fixture
def programs(tmp_path):
    """Return the variables under which torchrun, and others that a test writes, are found first."""
    folder = tmp_path / "bin"
    folder.mkdir()
    write_program(folder / "torchrun", f'exec {sys.executable} -m torch.distributed.run "$@"')
    return {"PATH": f"{folder}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}


def write_program(path, *lines):
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)


def finished(started):
    """Return the codes and the outputs of processes, once all have ended."""
    try:
        outputs = [process.communicate(timeout=SECONDS) for process in started]
    finally:
        for process in started:
            with suppress(ProcessLookupError):  # as it should be
                os.killpg(process.pid, signal.SIGKILL)
    return [process.returncode for process in started], outputs


def summary_of(out):
    assert {"events.jsonl", "events-1.jsonl"} <= {path.name for path in out.iterdir()}
    return json.loads((out / "summary.json").read_text())


def test_slurm_and_kubernetes_make_the_same_run(hosts, programs, tmp_path):
    in_slurm = by_slurm(hosts, programs, tmp_path)
    in_pods = by_kubernetes(hosts, programs, tmp_path)
    assert in_slurm["num_updates"] == 17
    assert in_slurm["weights_sha256"] == in_pods["weights_sha256"]


def by_slurm(hosts, programs, tmp_path):
    """Carry out slurm.sbatch as its first machine would; srun starts a command on each."""
    folder = Path(programs["PATH"].partition(":")[0])
    write_program(folder / "scontrol", "echo alpha", "echo beta")
    lines = [f'{shlex.join(host.command())} "$@" & pids="$pids $!"' for host in hosts]
    write_program(folder / "srun", *lines, 'for pid in $pids; do wait "$pid" || exit; done')
    out = tmp_path / "by-slurm"
    job = {"SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "[alpha,beta]", "SLURM_JOB_NUM_NODES": "2"}
    ours = {"BSGROW_OUT": str(out), "BSGROW_PROCESSES": "1"}
    done = subprocess.run(
        ["bash", EXAMPLES / "slurm.sbatch", *ARGUMENTS],
        env=os.environ | programs | job | ours,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("test accuracy") == 1
    assert ", 2 processes" in done.stderr
    return summary_of(out)


def by_kubernetes(hosts, programs, tmp_path):
    """Carry out the command of kubernetes.yaml in two pods, whose variables the operator sets."""
    job = yaml.safe_load((EXAMPLES / "kubernetes.yaml").read_text())
    out = tmp_path / "by-kubernetes"
    pods = []
    for number, host in enumerate(hosts):
        kind = list(job["spec"]["pytorchReplicaSpecs"].values())[number]
        (container,) = kind["template"]["spec"]["containers"]
        (script,) = container["args"]
        assert MANIFEST in script
        words = [*container["command"], script.replace(MANIFEST, shlex.join(ARGUMENTS))]
        variables = of_operator(number) | programs | {"OUT": str(out)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        pods.append(host.start(words, variables, **pipes))
    codes, outputs = finished(pods)
    assert codes == [0, 0], outputs
    assert [out.count("test accuracy") for out, _ in outputs] == [1, 0]
    return summary_of(out)


def of_operator(number):
    """Return what pkg/controller.v1/pytorch/envvar.go of v1.9.0 sets, at a process a pod."""
    meeting = {"MASTER_ADDR": "alpha", "MASTER_PORT": "23456"}
    elastic = {f"PET_{name}": value for name, value in meeting.items()}
    elastic |= {"PET_NNODES": "2", "PET_NPROC_PER_NODE": "1", "PET_NODE_RANK": str(number)}
    return {"PYTHONUNBUFFERED": "1", "WORLD_SIZE": "2", "RANK": str(number), **meeting, **elastic}


def test_the_manifest_is_what_the_operator_takes():
    job = yaml.safe_load((EXAMPLES / "kubernetes.yaml").read_text())
    assert (job["apiVersion"], job["kind"]) == ("kubeflow.org/v1", "PyTorchJob")
    assert isinstance(job["spec"]["nprocPerNode"], str)
    kinds = job["spec"]["pytorchReplicaSpecs"]
    assert list(kinds) == ["Master", "Worker"]
    assert kinds["Master"]["replicas"] == 1
    for kind in kinds.values():
        pod = kind["template"]["spec"]
        (container,) = pod["containers"]
        assert container["name"] == "pytorch"
        assert container["image"]
        assert {each["name"] for each in container["volumeMounts"]} == {
            each["name"] for each in pod["volumes"]
        }
