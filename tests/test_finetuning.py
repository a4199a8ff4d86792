"""What docs/finetuning.md says is done as it stands there, on a smaller network and images."""

import json
import re
import shlex
from pathlib import Path

import torch

from bsgrow.recipe import load_recipe
from bsgrow.trained.loading import load_model
from tests.in_process import Shell
from tests.photo_folder import write_photographs

PAGE = (Path(__file__).parent.parent / "docs/finetuning.md").read_text()
COMMANDS = re.findall(r"^\$ bsgrow (.*)$", PAGE, re.MULTILINE)
SMALL = "--epochs 1 --device cpu --set images.size=16 --set model.width=1 --set model.depth=10"


def run(line):
    is_new = line.startswith("train") and "--resume" not in line
    done = Shell()(
        *shlex.split(f"{line} {SMALL} --set schedule.curve.milestones=[0.5]" if is_new else line)
    )
    assert done.code == 0, done.err
    return done


def test_commands_run_one_after_the_other(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    write_photographs(Path("photographs"), 8, 2)
    write_photographs(Path("birds"), 8, 2, seed=1)
    for split in ("train", "val"):
        (Path("birds") / split / "china").rename(Path("birds") / split / "a")
        (Path("birds") / split / "third").mkdir()
        image = (Path("birds") / split / "a/0000.jpg").read_bytes()
        (Path("birds") / split / "third/0000.jpg").write_bytes(image)
    first, exported, tuned, resumed = map(run, COMMANDS)
    assert not first.notes or not any("made new" in note for note in first.notes)
    assert exported.code == 0
    assert "classifier: the file has it for 2 classes; it is made new, for 3" in tuned.notes
    before, after = load_model("runs/photographs"), load_model("runs/birds")
    assert torch.equal(before.stem.weight, after.stem.weight)
    assert not torch.equal(before.blocks[0].conv1.weight, after.blocks[0].conv1.weight)
    assert after.classifier.out_features == 3
    assert json.loads(Path("runs/birds/summary.json").read_text())["num_updates"] > 0
    assert resumed.code == 0


def test_the_page_says_what_the_recipe_has():
    recipe, folder = load_recipe("finetune"), load_recipe("folder")
    assert (recipe.model.freeze, recipe.optimizer.head_lr_scale) == (("stem",), 10)
    assert (recipe.schedule.lr, recipe.schedule.epochs) == (0.01, 30)
    assert (folder.schedule.lr, folder.schedule.epochs) == (0.1, 90)
    assert recipe.model.weights is None
