"""Where a run stands as plain values, for JSON; what is not known, or not finite, is None."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bsgrow.loggers.background import FOLDER
from bsgrow.loggers.kept import Kept
from bsgrow.reporting.run_standing import Standing
from bsgrow.text.path_text import to_text
from bsgrow.training.events.as_json import finite_or_none, to_dict

if TYPE_CHECKING:
    from bsgrow.training.events.events import Evaluated, Progress

_NOW = ("global_batch_size", "lr", "momentum", "sgd_noise_scale")
_LATEST = ("samples_per_second", "wall_seconds", "seconds_left", "data_wait_share")


def as_values(standing: Standing) -> dict[str, Any]:
    """Return what `bsgrow show --format json` has of a run."""
    seen, started = standing.seen, standing.seen.started
    index = standing.phase_index
    values: dict[str, Any] = {
        "run": to_text(str(standing.path)),
        "state": str(standing.state),
        "reason": to_text(standing.reason) or None,
        "recipe": started and started.recipe,
        "seed": started and started.seed,
        "device": started and started.device,
        "world_size": started and started.world_size,
        "num_starts": seen.num_starts,
        "phase": None if index is None else index + 1,
        "num_phases": len(standing.phases),
        "num_updates": seen.num_updates,
        "planned_num_updates": started and started.num_updates,
        "baseline_num_updates": started and started.baseline_num_updates,
        "consumed_samples": standing.consumed_samples,
        "planned_num_samples": standing.num_total_samples,
        "epoch": standing.epoch,
        "planned_epochs": started and started.epochs,
        **{key: getattr(standing.now, key, None) for key in _NOW},
        **_measured(standing),
        "checkpoint": standing.checkpoint,
        "loggers": _loggers(standing.path),
        "evaluations": [to_dict(each) for each in seen.evaluated],
    }
    return {key: finite_or_none(value) for key, value in values.items()}


def _loggers(path: Path) -> dict[str, str]:
    """Return where each logger of a run has put it, as far as it said so."""
    files = sorted((path / FOLDER).glob("*.json"))
    kept = {file.stem: Kept(file).get("where", "") for file in files}
    return {name: where for name, where in kept.items() if where}


def _measured(standing: Standing) -> dict[str, Any]:
    seen = standing.seen
    last = seen.evaluated[-1] if seen.evaluated else seen.finished
    progress = seen.progress[-1] if seen.progress else None
    values = {
        "train_loss": train_loss(standing),
        "test_accuracy": last and last.test_accuracy,
        "test_loss": last and last.test_loss,
        "best_test_accuracy": seen.best and seen.best.test_accuracy,
        "best_num_updates": seen.best and seen.best.num_updates,
        **{key: getattr(progress, key, None) for key in _LATEST},
    }
    if seen.finished is not None:
        ended = seen.finished
        values |= {"wall_seconds": ended.wall_seconds, "seconds_left": 0.0}
        values |= {"samples_per_second": ended.samples_per_second}
    return values


def train_loss(standing: Standing) -> float | None:
    """Return the mean training loss that was told last, in nats."""
    told: list[Progress | Evaluated] = [*standing.seen.progress[-1:], *standing.seen.evaluated[-1:]]
    return max(told, key=lambda event: event.num_updates).train_loss if told else None
