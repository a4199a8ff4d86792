"""The loggers that ``run.loggers`` names: a new one is a new file, and a line here.

``package.module:Class`` names one of the user: called with a ``LoggedRun``, it gives a ``Logger``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pkgutil import resolve_name

from bsgrow.errors import InputError
from bsgrow.loggers.logger import LoggedRun, Logger
from bsgrow.text.printable import shown
from bsgrow.user_code.loading import load_function
from bsgrow.user_code.names import check_name, is_user_code
from bsgrow.validation.registry import Registry

MakeLogger = Callable[[LoggedRun], Logger]


@dataclass(frozen=True)
class LoggerSpec:
    """A logger of this package.

    Attributes:
        name: as ``run.loggers`` has it; also that of its module here, and of its extra.
        needs: the module of the library that it needs.
        make: name of what makes it, in its module.
    """

    name: str
    needs: str
    make: str

    def require_installed(self) -> None:
        """Raise InputError unless its library is there."""
        if find_spec(self.needs) is None:
            raise InputError(
                f"run.loggers: {self.name} is not installed",
                hint=f"install it: `pip install {self.needs}`; "
                "or train without it: --set 'run.loggers=[]'",
            )

    def load(self) -> MakeLogger:
        """Import what makes it, and its library."""
        make: MakeLogger = resolve_name(f"bsgrow.loggers.{self.name}:{self.make}")
        return make


LOGGERS: Registry[LoggerSpec] = Registry(
    "logger",
    ("tensorboard", LoggerSpec("tensorboard", "tensorboard", "TensorBoard")),
    ("wandb", LoggerSpec("wandb", "wandb", "WeightsAndBiases")),
    ("mlflow", LoggerSpec("mlflow", "mlflow", "MLflow")),
)


def check_logger(name: str) -> None:
    """Check that there is such a logger; of one of the user, the form of its name.

    Raises:
        InputError: there is none.
    """
    if is_user_code(name):
        check_name(name, "run.loggers")
    else:
        LOGGERS.find(name, f"run.loggers = {shown(name)}")


def load_logger(name: str) -> MakeLogger:
    """Return what makes a logger, once all that can be wrong before a run is looked at.

    Raises:
        InputError: its library is not installed, or the user's class is not there.
        UserCodeError: the user's module raised an error.
    """
    if is_user_code(name):
        return load_function(name, "run.loggers")
    spec = LOGGERS.find(name, f"run.loggers = {shown(name)}")
    spec.require_installed()
    make = spec.load()
    getattr(make, "check", lambda: None)()
    return make
