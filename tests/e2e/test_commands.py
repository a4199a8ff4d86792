"""The commands around training: compare, data, recipes, help, completion."""

import json

import pytest

import bsgrow as package
from tests.e2e.conftest import TINY


def test_compare_makes_a_table_and_a_picture_and_goes_on_where_it_stopped(bsgrow, tmp_path):
    words = ["compare", "digits", "--arms", "decay,hybrid,grow", "--seeds", "0,1", "--jobs", "1"]
    settings = [*TINY, "growth.max_batch_size=1000"]
    first = bsgrow(*words, "--out", "cmp", "--format", "json", settings=settings)
    arms = json.loads(first.out)["arms"]
    assert [arm["arm"] for arm in arms] == ["decay", "hybrid", "grow"]
    assert [arm["seeds"] for arm in arms] == [[0, 1]] * 3
    assert arms[0]["num_updates"] > arms[1]["num_updates"] > arms[2]["num_updates"]
    picture = tmp_path / "cmp" / "compare.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    again = bsgrow(*words, "--out", "cmp", settings=settings)
    assert again.code == 0
    assert "±" in again.out
    summaries = [path.stat().st_mtime_ns for path in tmp_path.glob("cmp/*/*/summary.json")]
    assert max(summaries) < picture.stat().st_mtime_ns, "finished runs are not made again"


def test_compare_does_not_mix_recipes(bsgrow):
    words = ["compare", "digits", "--arms", "grow", "--seeds", "0", "--out", "cmp"]
    assert bsgrow(*words, settings=TINY).code == 0
    result = bsgrow(*words, settings=[*TINY, "schedule.lr=0.2"])
    assert result.code == 2
    assert "schedule.lr was 0.1, is 0.2" in result.err


@pytest.mark.parametrize(
    "command", ["", "train", "plan", "compare", "data", "data pack", "data verify", "recipes"]
)
def test_help_of_every_command(bsgrow, command):
    result = bsgrow(*command.split(), "--help")
    assert result.code == 0
    assert "Usage: bsgrow" in result.out


def test_version(started):
    assert started("--version").out == f"bsgrow {package.__version__}\n"


def test_lists(bsgrow):
    recipes = json.loads(bsgrow("recipes", "--format", "json").out)
    assert recipes["cifar10-grow"] == {
        "description": "arXiv 1711.00489, CIFAR-10: increasing batch size up to about N/10",
        "data": "cifar10",
        "model": "wide_resnet",
        "num_updates": 29142,
        "baseline_num_updates": 78125,
        "num_updates_saved": 48983,
        "time": "minutes on a GPU",
        "values_from": ["paper", "other", "two readings"],
    }
    assert recipes["folder"]["num_updates"] is None
    assert all(recipe["time"] for recipe in recipes.values())
    sets = json.loads(bsgrow("data", "list", "--format", "json").out)
    assert sets["cifar10"]["num_samples"] == 50_000
    assert sets["shards"]["num_samples"] is None
    assert "sha256:" in bsgrow("data", "fetch", "digits").out


def test_completion_offers_recipes(started):
    environment = {
        "_BSGROW_COMPLETE": "complete_bash",
        "COMP_WORDS": "bsgrow plan cifar10-g",
        "COMP_CWORD": "2",
    }
    offered = started(**environment).out.split()
    assert "cifar10-grow" in offered
    assert "digits" not in offered


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "digits", "--format", "json"),
        ("plan", "cifar10-gro"),
        ("plan", "--set", "growth.max_batch_size=8"),
        ("train", "--set", "model.depth=11"),
        ("bench", "loader", "--batch-sizes", "0"),
        ("data", "verify", "none"),
    ],
    ids=" ".join,
)
def test_a_process_says_what_is_said_without_one(bsgrow, started, words):
    """So that the others may be called in this process, where that is not what they are about."""
    assert bsgrow(*words) == started(*words)
