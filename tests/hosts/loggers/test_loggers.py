"""The loggers in their systems: what was logged is read back as the run's own log has it."""

import json

import pytest

from bsgrow.errors import InputError
from tests.hosts.loggers.runs import expected, train, train_with_a_kill

LR, ACCURACY = "schedule/lr", "test/accuracy"


def kept(folder, name):
    return json.loads((folder / "loggers" / f"{name}.json").read_text())


def require_as_logged(folder, lrs, accuracies):
    """Each position once, in order, at the samples consumed."""
    for logged, own in zip((lrs, accuracies), expected(folder), strict=True):
        assert [place for place, _ in logged] == list(own)
        assert [value for _, value in logged] == pytest.approx(list(own.values()))


def test_tensorboard_shows_the_run_once(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train_with_a_kill(tmp_path / "run", "tensorboard")
    read = EventAccumulator(kept(tmp_path / "run", "tensorboard")["where"])
    read.Reload()
    series = [[(e.step, e.value) for e in read.Scalars(name)] for name in (LR, ACCURACY)]
    require_as_logged(tmp_path / "run", *series)


def test_mlflow_has_one_run(tmp_path, monkeypatch):
    from mlflow import MlflowClient

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    train_with_a_kill(tmp_path / "run", "mlflow")
    client = MlflowClient()
    experiment = client.get_experiment_by_name("bsgrow")
    (found,) = client.search_runs([experiment.experiment_id])
    assert (found.info.status, found.info.run_id) == (
        "FINISHED",
        kept(tmp_path / "run", "mlflow")["id"],
    )
    assert found.data.params["schedule.lr"] == "0.1"
    series = [
        [(m.step, m.value) for m in client.get_metric_history(found.info.run_id, name)]
        for name in (LR, ACCURACY)
    ]
    require_as_logged(tmp_path / "run", *map(sorted, series))


def test_wandb_offline_has_parts_of_one_run(tmp_path, monkeypatch):
    import wandb

    from tests.hosts.loggers.offline_run import rows_in

    monkeypatch.setenv("WANDB_MODE", "offline")
    train_with_a_kill(tmp_path / "run", "wandb")
    wandb.teardown()  # waits for its process, which may close the file after finish has answered
    parts = sorted((tmp_path / "run/wandb").glob("offline-run-*/*.wandb"))
    assert {path.stem for path in parts} == {f"run-{kept(tmp_path / 'run', 'wandb')['id']}"}
    rows = [row for path in parts for row in rows_in(path)]
    series = [
        [(row["consumed_samples"], row[name]) for row in rows if name in row]
        for name in (LR, ACCURACY)
    ]
    require_as_logged(tmp_path / "run", *series)


def test_wandb_without_a_key_is_refused_before_training(tmp_path, monkeypatch):
    import wandb

    wandb.teardown()  # which has read its settings in the tests before
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "NETRC", "WANDB_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    with pytest.raises(InputError, match="wandb has no API key"):
        train(tmp_path / "run", "wandb")
    assert not (tmp_path / "run").exists()
