"""Events as a run of the digits makes them."""

from bsgrow.training.events.events import Evaluated, Progress, RunFinished, RunStarted


def started(first_update=0):
    return RunStarted("digits", 1437, 48.0, 1712, 4320, "cpu", 16, 77_562, 0, first_update)


def progress(num_updates, train_loss=0.5):
    numbers = (0.1, 0.9, train_loss, 0.75, 1e4, 2.5, 20.0)
    return Progress(num_updates, 16 * num_updates, 0.01 * num_updates, 16, *numbers)


def evaluated(num_updates):
    return Evaluated(num_updates, 16 * num_updates, 0.01 * num_updates, 0.5, 0.25, 0.97, 3.0)


def finished():
    return RunFinished(0.99, 0.05, 1712, 4320, 68_976, 30.0, 2_300.0, "ab" * 32, "runs/digits")
