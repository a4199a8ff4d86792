"""kill -9 at every line of saving a checkpoint leaves a whole one, and the next save works.

A process of one thread forks a child per line; the child saves and kills itself there. The state
is a number that the checkpoint's index implies, so the one found is known to be the right one.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

SCRIPT = """
import os, shutil, signal, sys
from pathlib import Path
import torch
from bsgrow.files import atomic
from bsgrow.training.checkpoint import checkpoint, manifest
from bsgrow.training.checkpoint import folder as checkpoint_folder
from tests.training.checkpoint.checkpoint_files import plan_of, position

torch.set_num_threads(1)
MODULES = (atomic, checkpoint, checkpoint_folder, manifest)
FILES = {module.__file__ for module in MODULES}
IDENTITY = checkpoint.Identity(0, "recipe", "data")
PLAN = plan_of(momentum=0.0)
model = torch.nn.Linear(3, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=PLAN.update(0).lr)

def save(folder, index):
    torch.nn.init.constant_(model.weight, index)
    checkpoint.save_checkpoint(folder, IDENTITY, position(index), model, optimizer)

def newest(folder):
    path, _ = checkpoint_folder.newest_whole_checkpoint(folder)
    index = checkpoint.load_checkpoint(path, IDENTITY, PLAN, model, optimizer).update_index
    assert (model.weight == index).all(), index
    return index

def kill_at_line(number):
    lines = iter(range(number))
    def trace(frame, event, _):
        if frame.f_code.co_filename not in FILES:
            return None
        if event == "line" and next(lines, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
    sys.settrace(trace)

def save_killed_at(folder, line):
    if (child := os.fork()) == 0:
        kill_at_line(line)
        save(folder, 3)
        sys.settrace(None)
        os._exit(0)
    return os.waitpid(child, 0)[1] == signal.SIGKILL

root, line, found = Path(sys.argv[1]), 0, []
for index in (1, 2):
    save(root / "template", index)
while True:
    shutil.copytree(root / "template", folder := root / str(line))
    killed = save_killed_at(folder, line)
    found.append(newest(folder))
    save(folder, 4)
    assert newest(folder) == 4
    kept = {path.name for path in folder.iterdir()}
    assert len(kept) == 4 and not any("tmp" in name for name in kept), kept
    if not killed:
        break
    shutil.rmtree(folder)
    line += 1
assert found == sorted(found), found
print(found.count(2), found.count(3))
"""


def test_a_kill_at_any_line_leaves_a_whole_checkpoint(tmp_path):
    command = [sys.executable, "-W", "error", "-c", SCRIPT, str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=1200, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    num_before, num_after = map(int, done.stdout.split())
    assert num_before > 50  # lines up to the rename of the manifest
    assert num_after > 10  # lines of cleaning up after it
