"""MLflow: a run of its own, gone on with by its id; its environment variables count."""

import os
import time
from collections.abc import Mapping
from types import MappingProxyType

from mlflow import MlflowClient
from mlflow.entities import Metric, Param

from bsgrow.loggers.logger import Ended, LoggedRun

_EXPERIMENT = "bsgrow"
_STATUS = MappingProxyType({"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"})
_LONGEST = 500  # characters of a parameter, in every version of MLflow
_MOST = 100  # parameters of a batch


class MLflow:
    """Logs to the store of MLFLOW_TRACKING_URI, or MLflow's own default in the current folder.

    The experiment is that of MLFLOW_EXPERIMENT_NAME, else "bsgrow". A run that goes on does so in
    the store that it was begun in, unless MLFLOW_TRACKING_URI names another one.
    """

    def __init__(self, run: LoggedRun) -> None:
        uri = os.environ.get("MLFLOW_TRACKING_URI") or run.kept.get("tracking_uri")
        self._client = MlflowClient(tracking_uri=uri)
        if run.kept.get("tracking_uri") == self._client.tracking_uri:
            self._id = run.kept["id"]
            self._client.update_run(self._id, status="RUNNING")
            return
        self._id = self._begin(run)
        run.kept["where"] = f"run {self._id} in {self._client.tracking_uri}"

    def _begin(self, run: LoggedRun) -> str:
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", _EXPERIMENT)
        found = self._client.get_experiment_by_name(name)
        experiment = found.experiment_id if found else self._client.create_experiment(name)
        begun = self._client.create_run(experiment, run_name=run.name)
        run_id: str = begun.info.run_id
        run.kept.update(id=run_id, tracking_uri=self._client.tracking_uri)
        values = run.recipe.items()
        params = [Param(key, str(value)[:_LONGEST]) for key, value in values if value is not None]
        for first in range(0, len(params), _MOST):
            self._client.log_batch(run_id, params=params[first : first + _MOST])
        return run_id

    def log(self, metrics: Mapping[str, float], consumed_samples: int) -> None:
        """Log numbers, in one request."""
        now = int(1000 * time.time())
        batch = [Metric(name, value, now, consumed_samples) for name, value in metrics.items()]
        self._client.log_batch(self._id, metrics=batch)

    def close(self, ended: Ended) -> None:
        """Say how the run has ended."""
        self._client.set_terminated(self._id, status=_STATUS[ended])
