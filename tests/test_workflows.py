"""The workflows of GitHub's machines, which run nowhere here: what can be said of them without."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def jobs():
    found = [(path.stem, yaml.safe_load(path.read_text())["jobs"]) for path in WORKFLOWS]
    return [(workflow, *job) for workflow, each in found for job in each.items()]


def pythons_by_job():
    matrices = ((name, job.get("strategy", {}).get("matrix", {})) for _, name, job in jobs())
    return {name: matrix["python"] for name, matrix in matrices if "python" in matrix}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_those_of_one_commit_whose_version_is_said(path):
    uses = re.findall(r"uses: (.*)", path.read_text())
    assert uses
    for each in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_may_read_and_no_more(path):
    assert yaml.safe_load(path.read_text())["permissions"] == {"contents": "read"}


def test_what_publishes_alone_may_say_who_it_is():
    allowed = {f"{workflow}.{name}": job.get("permissions") for workflow, name, job in jobs()}
    assert {name: each for name, each in allowed.items() if each} == {
        "wheels.publish": {"id-token": "write"}
    }


def test_all_jobs_end():
    assert all("timeout-minutes" in job for _, _, job in jobs())


def test_every_python_that_is_named_is_tested_and_has_a_wheel():
    known = [name.rpartition(" ")[2] for name in PROJECT["project"]["classifiers"]]
    named = [version for version in known if re.fullmatch(r"3\.\d+", version)]
    assert PROJECT["project"]["requires-python"] == f">={named[0]}"
    assert pythons_by_job() == {"tests": named, "installed": named}
    tags = [f"cp{version.replace('.', '')}-*" for version in named]
    assert PROJECT["tool"]["cibuildwheel"]["build"] == tags


def test_runners_which_have_no_gpu_get_torch_for_the_cpu():
    index = "https://download.pytorch.org/whl/cpu"
    installing = [
        (path.stem, name, {**content.get("env", {}), **job.get("env", {})})
        for path in WORKFLOWS
        for content in [yaml.safe_load(path.read_text())]
        for name, job in content["jobs"].items()
        if re.search(r"make |pip install bsgrow", str(job["steps"]))
    ]
    assert {name for _, name, _ in installing} == {"lint", "tests", "docs", "installed"}
    for workflow, name, variables in installing:
        assert variables.get("PIP_EXTRA_INDEX_URL") == index, f"{workflow}.{name}"


def test_what_is_made_is_there_to_be_made():
    targets = {*re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)}
    made = {name for path in WORKFLOWS for name in re.findall(r"make (\S+)", path.read_text())}
    assert made
    assert made <= targets
