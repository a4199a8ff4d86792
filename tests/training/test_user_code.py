"""A run with code of the user: trained, recorded, gone on with, and told where it has changed."""

import json
import logging
from types import SimpleNamespace

import pytest

from bsgrow.errors import InputError
from bsgrow.recipe import load_recipe
from bsgrow.training import InterruptedRunError, RunDirectory, carry_out
from bsgrow.training.alike import traits
from bsgrow.training.user_code import code_of
from bsgrow.user_code.errors import UserCodeError

NET = """
from torch import nn
def net(num_classes, hidden=8):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, hidden), nn.ReLU(),
                         nn.Linear(hidden, num_classes))
"""
SHORT = [
    "schedule.epochs=0.1",
    "schedule.curve={name='ConstantLR', factor=1.0}",
    "run.device=cpu",
    "model.name=mine:net",
]


def run(folder, *overrides, resume=False, stops=False):
    recipe = load_recipe("digits", [*SHORT, *overrides])
    return carry_out(
        recipe,
        RunDirectory(folder),
        resume=resume,
        on_event=lambda event: None,
        should_stop=lambda: stops,
    )


def begin(folder):
    with pytest.raises(InterruptedRunError):
        run(folder, stops=True)


def test_it_trains_and_records_its_code(user_module, tmp_path):
    user_module(NET)
    finished = run(tmp_path / "run")
    recorded = json.loads((tmp_path / "run/code.json").read_text())
    assert recorded == code_of(load_recipe("digits", SHORT))
    assert recorded["model.name"].startswith("sha256:")
    assert run(tmp_path / "again").weights_sha256 == finished.weights_sha256


def test_a_run_without_code_of_the_user_records_none(tmp_path):
    run(tmp_path / "run", "model={name='wide_resnet', depth=10, width=1}")
    assert not (tmp_path / "run/code.json").exists()


def test_a_change_of_the_code_is_told_when_a_run_goes_on(user_module, tmp_path, caplog):
    user_module(NET)
    begin(tmp_path / "run")
    with caplog.at_level(logging.WARNING, "bsgrow"):
        user_module(NET + "# changed\n")
        run(tmp_path / "run", resume=True)
    (told,) = [record.getMessage() for record in caplog.records if "code of" in record.getMessage()]
    assert told.startswith(f"the code of model.name has changed since {tmp_path / 'run'} began")


@pytest.mark.parametrize("record", [None, b"", b"[1]", b"{", b'{"model.name": 7}'])
def test_a_record_that_is_lost_or_damaged_does_not_end_a_run(user_module, tmp_path, record):
    user_module(NET)
    begin(tmp_path / "run")
    (tmp_path / "run/code.json").unlink()
    if record is not None:
        (tmp_path / "run/code.json").write_bytes(record)
    assert run(tmp_path / "run", resume=True).num_updates > 0


def test_other_arguments_are_another_run(user_module, tmp_path):
    user_module(NET)
    begin(tmp_path / "run")
    with pytest.raises(InputError, match=r"model\.hidden was None, is 9"):
        run(tmp_path / "run", "model.hidden=9", resume=True)


def test_ranks_compare_their_code(user_module):
    user_module(NET)
    recipe = load_recipe("digits", SHORT)
    job = SimpleNamespace(
        recipe=recipe,
        dataset=SimpleNamespace(fingerprint="x"),
        device=SimpleNamespace(type="cpu"),
    )
    assert traits(job)["code of model.name"] == code_of(recipe)["model.name"]


def test_a_model_that_fails_in_the_midst_of_training_shows_its_own_traceback(user_module, tmp_path):
    user_module("""
        from torch import nn
        class Net(nn.Module):
            def __init__(self, num_classes):
                super().__init__()
                self.inner, self.calls = nn.Linear(64, num_classes), 0
            def forward(self, images):
                self.calls += 1
                if self.calls == 6:
                    self.fail()
                return self.inner(images.flatten(1))
            def fail(self):
                raise RuntimeError("enough")
        """)
    with pytest.raises(UserCodeError, match="raised RuntimeError: enough") as caught:
        run(tmp_path / "run", "model.name=mine:Net")
    frames = [line for line in caught.value.message.splitlines() if line.startswith("  File")]
    assert [frame.rpartition(" in ")[2] for frame in frames] == ["forward", "fail"]
