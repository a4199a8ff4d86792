"""TensorBoard: event files in ``tensorboard/`` of the run directory."""

from collections.abc import Mapping

from torch.utils.tensorboard import SummaryWriter

from bsgrow.loggers.logger import Ended, LoggedRun

FOLDER = "tensorboard"


class TensorBoard:
    """Writes scalars; `tensorboard --logdir runs` shows all runs below a folder.

    A run that goes on writes into the same folder, and takes back what was logged behind the
    checkpoint that it goes on from: TensorBoard leaves that out.
    """

    takes_back = True

    def __init__(self, run: LoggedRun) -> None:
        folder = run.path / FOLDER
        later = run.first_sample + 1 if folder.exists() else None
        self._writer = SummaryWriter(str(folder), purge_step=later)
        run.kept["where"] = str(folder)

    def log(self, metrics: Mapping[str, float], consumed_samples: int) -> None:
        """Write numbers, so that they are read at once."""
        for name, value in metrics.items():
            self._writer.add_scalar(name, value, consumed_samples)
        self._writer.flush()

    def close(self, ended: Ended) -> None:
        """Close the file."""
        self._writer.close()
