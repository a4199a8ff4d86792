"""Where one run stands, in words."""

from collections.abc import Mapping
from typing import Any

from bsgrow.cli.numbers import clock
from bsgrow.reporting.run_curves import Curve
from bsgrow.reporting.run_standing import Condition, Standing
from bsgrow.reporting.run_values import as_values
from bsgrow.text.command import resume_command
from bsgrow.text.printable import printable

_GOES_ON = (Condition.STOPPED, Condition.KILLED, Condition.FAILED)
_MEANT = {
    Condition.NOT_BEGUN: "there is no recipe.toml in it yet",
    Condition.KILLED: "no process trains it, and it did not come to its end",
}


def rows_of(standing: Standing) -> dict[str, str]:
    """Return what is known of a run, a name and a sentence each."""
    values = as_values(standing)
    rows = {
        "run": printable(standing.path),
        "state": ": ".join(filter(None, (standing.state, _why(standing)))),
        "recipe": _recipe(values),
        "progress": _progress(values),
        "made with": _made_with(values),
        "training loss": _number(values["train_loss"], ".4f"),
        "test accuracy": _accuracy(values),
        "speed": _speed(values, is_running=standing.state is Condition.RUNNING),
        "checkpoint": "" if standing.checkpoint is None else f"update {standing.checkpoint}",
        "loggers": "; ".join(f"{name}: {printable(at)}" for name, at in values["loggers"].items()),
        "go on with": str(resume_command(standing.path)) if standing.state in _GOES_ON else "",
    }
    return {name: value for name, value in rows.items() if value}


def number(curve: Curve, at: int) -> str:
    """Return the value of a point of a curve; empty where it has none."""
    if not curve.points:
        return ""
    value = curve.points[at][1]
    return f"{value:.1%}" if curve.name.endswith("accuracy") else f"{value:.4g}"


def _why(standing: Standing) -> str:
    return standing.reason or _MEANT.get(standing.state, "")


def _recipe(values: Mapping[str, Any]) -> str:
    if values["recipe"] is None:
        return ""
    many = values["world_size"]
    on = f"{many} processes, {values['device']}" if many > 1 else values["device"]
    return f"{printable(values['recipe'])}; seed {values['seed']}, on {on}"


def _progress(values: Mapping[str, Any]) -> str:
    if values["planned_num_updates"] is None:
        return ""
    phase = f"phase {values['phase']} of {values['num_phases']}, " if values["phase"] else ""
    resumed: int = values["num_starts"] - 1
    times = f", gone on with {resumed} {'time' if resumed == 1 else 'times'}" if resumed else ""
    return (
        f"{phase}update {values['num_updates']} of {values['planned_num_updates']} "
        f"(decaying baseline {values['baseline_num_updates']}), "
        f"{values['consumed_samples']:,} of {values['planned_num_samples']:,} samples, "
        f"epoch {values['epoch']:.2f} of {values['planned_epochs']:g}{times}"
    )


def _made_with(values: Mapping[str, Any]) -> str:
    if values["global_batch_size"] is None:
        return ""
    return (
        f"global batch {values['global_batch_size']}, lr {_number(values['lr'])}, "
        f"momentum {_number(values['momentum'])}, "
        f"sgd noise scale {_number(values['sgd_noise_scale'])}"
    )


def _accuracy(values: Mapping[str, Any]) -> str:
    if values["test_accuracy"] is None:
        return ""
    last: str = f"{values['test_accuracy']:.2%} (loss {_number(values['test_loss'], '.4f')})"
    if values["best_test_accuracy"] is None:
        return last
    return f"{last}; best {values['best_test_accuracy']:.2%} at update {values['best_num_updates']}"


def _speed(values: Mapping[str, Any], *, is_running: bool) -> str:
    if values["samples_per_second"] is None:
        return ""
    left = values["seconds_left"] if is_running else None
    parts = [
        f"{values['samples_per_second']:,.0f} samples/s",
        f"{clock(values['wall_seconds'])} spent" if values["wall_seconds"] is not None else "",
        f"{clock(left)} left" if left is not None else "",
        _waiting(values["data_wait_share"]),
    ]
    return ", ".join(filter(None, parts))


def _waiting(share: float | None) -> str:
    return "" if share is None else f"waiting for data {share:.0%}"


def _number(value: float | None, form: str = ".4g") -> str:
    return "" if value is None else format(value, form)
