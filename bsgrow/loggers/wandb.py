"""Weights & Biases: a run of its own, gone on with by its id; its environment variables count."""

import os
import secrets
from collections.abc import Mapping

import wandb

from bsgrow.errors import InputError
from bsgrow.loggers.logger import Ended, LoggedRun

_STEP = "consumed_samples"
_PROJECT = "bsgrow"
_WITHOUT_LOGIN = ("offline", "disabled", "dryrun")


class WeightsAndBiases:
    """Logs to W&B, with the samples consumed as the axis of every chart.

    WANDB_PROJECT, WANDB_ENTITY, WANDB_MODE and the others mean what they mean to W&B. What it keeps
    on this disk is in the run directory, unless WANDB_DIR says otherwise.
    """

    def __init__(self, run: LoggedRun) -> None:
        run_id = run.kept.setdefault("id", secrets.token_hex(4))
        self._run = wandb.init(
            id=run_id,
            resume="allow",
            name=os.environ.get("WANDB_NAME", run.name),
            project=os.environ.get("WANDB_PROJECT", _PROJECT),
            dir=os.environ.get("WANDB_DIR", str(run.path)),
            config=dict(run.recipe),
            reinit="create_new",  # a process may make several runs
            settings=wandb.Settings(console="off", silent=True),  # the display is ours
        )
        self._run.define_metric(_STEP, hidden=True)
        self._run.define_metric("*", step_metric=_STEP)
        run.kept["where"] = self._run.url or self._run.dir

    @staticmethod
    def check() -> None:
        """Raise InputError where W&B would ask for a key while the run goes on."""
        settings = wandb.setup(wandb.Settings(silent=True)).settings
        if settings.mode in _WITHOUT_LOGIN or wandb.login(prompt=False, verify=False):
            return
        raise InputError(
            "run.loggers: wandb has no API key",
            hint="log in with `wandb login`, or log to this disk alone with WANDB_MODE=offline "
            "in the environment",
        )

    def log(self, metrics: Mapping[str, float], consumed_samples: int) -> None:
        """Log numbers."""
        self._run.log({**metrics, _STEP: consumed_samples})

    def close(self, ended: Ended) -> None:
        """Upload what is left; a run that did not finish is marked as failed until it goes on.

        W&B's own process may close the file on this disk a moment later; ``wandb.teardown`` waits
        for that, and W&B has Python call it as it ends.
        """
        self._run.finish(exit_code=0 if ended == "finished" else 1)
