"""What a command imports before it answers: what it does not need stays out, and so does time."""

import json
import subprocess
import sys

ANSWERS = [
    "--version",
    "--help",
    "plan --help",
    "bench loader --help",
    "plan cifar10-grow --world-size 1,8",
    "plan cifar10-grow digits --format json",
    "plan cifar10-grow --max-batch-size 16000 --format megatron --tokens-per-sample 1024",
    "recipes",
    "data list",
    "plan digist",
    "plan digits --set schedule.lr=fast",
    "plan folder",
    "plan folder --data nowhere",
    "plan imagenet-grow --data nowhere",
    "plan digits --epoch 3",
    "train digist",
    "train digits --set run.ghost_batch_size=1000",
    "train cifar10-grow --data nowhere",
    "train --resume",
    "train --resume --out nowhere",
    "compare digits --arms gorw",
    "compare digits --seeds one",
    "report --help",
    "report nowhere",
    "bench loader --batch-sizes many",
    "bench train digist",
    "trian",
]
RUN = """
import json, os, sys
from bsgrow.cli import main
heavy, found = set(json.loads(sys.argv[1])), {}
for words in json.loads(sys.argv[2]):
    sys.argv = ["bsgrow", *words.split()]
    try:
        main()
    except SystemExit:
        pass
    new = heavy.intersection(name.partition(".")[0] for name in sys.modules)
    heavy -= new
    found[words] = sorted(new)
os.write(3, json.dumps([found, sorted(sys.modules)]).encode())
"""
HEAVY = ["torch", "numpy", "PIL", "matplotlib", "sklearn", "scipy", "nvidia", "requests", "pooch"]


def imported(tmp_path, *answers):
    """Run commands one after the other in one process.

    Returns:
        What of the heavy packages each was the first to import, and all modules at the end.
    """
    found = tmp_path / "modules.json"
    line = 'exec "$0" -c "$@" 3>"$MODULES"'
    subprocess.run(
        ["/bin/sh", "-c", line, sys.executable, RUN, json.dumps(HEAVY), json.dumps(answers)],
        env={"MODULES": str(found)},
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    of_each, modules = json.loads(found.read_text())
    return of_each, set(modules)


def roots(modules):
    return {name.partition(".")[0] for name in modules}


def test_neither_torch_nor_numpy_is_imported(tmp_path):
    of_each, _ = imported(tmp_path, *ANSWERS)
    assert {words: found for words, found in of_each.items() if found} == {}
    assert of_each.keys() == {*ANSWERS}


def test_numpy_would_be_found(tmp_path):
    of_each, _ = imported(tmp_path, "plan --help", "data fetch digits --path nowhere")
    assert of_each["plan --help"] == []
    assert "numpy" in of_each["data fetch digits --path nowhere"]


def test_the_version_needs_neither_a_recipe_nor_what_renders_one(tmp_path):
    _, modules = imported(tmp_path, "--version")
    assert {"pydantic", "rich"}.isdisjoint(roots(modules))
    assert sum(name.startswith("bsgrow") for name in modules) < 20


def test_one_command_does_not_import_another(tmp_path):
    _, modules = imported(tmp_path, "plan digits")
    others = ("train", "show", "compare", "report", "recipes", "doctor", "bench", "data")
    assert modules.isdisjoint(f"bsgrow.cli.{name}" for name in others)
    assert "bsgrow.schedule.export" not in modules


def test_the_package_alone_imports_nothing():
    code = "import sys; before = set(sys.modules); import bsgrow; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [name for name in done.stdout.split() if name.startswith("bsgrow")] == ["bsgrow"]
    assert roots(done.stdout.split()) <= {"bsgrow", *sys.stdlib_module_names}
