"""The group of commands: each built when it is asked for, with its errors fit to print."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from importlib import import_module
from types import MappingProxyType
from typing import Any

import typer
from typer.core import TyperGroup

from bsgrow.text.printable import printable_lines

_MODULES: Mapping[str, str] = MappingProxyType(
    {
        "train": "train",
        "plan": "plan.command",
        "compare": "compare",
        "recipes": "recipes",
        "doctor": "doctor",
        "bench": "bench.command",
        "data": "data.command",
    }
)
"""The commands in the order of the help, and where in ``bsgrow.cli`` each registers itself."""


class BuiltWhenAsked(MutableMapping[str, Any]):
    """Commands by name; the module of one is imported when it is first looked up."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules, self._built = dict(modules), dict[str, Any]()

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            self._built[name] = _build(name, self._modules[name])
        return self._built[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._modules.setdefault(name, "")
        self._built[name] = command

    def __delitem__(self, name: str) -> None:
        del self._modules[name]
        self._built.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


def _build(name: str, module: str) -> Any:
    app = typer.Typer(rich_markup_mode="markdown", pretty_exceptions_enable=False)
    import_module(f"bsgrow.cli.{module}").register(app)
    command = typer.main.get_group(app).commands[name]
    for parameter in _parameters(command):
        vars(parameter)["process_value"] = _passing_none(parameter)
    return command


def _parameters(command: Any) -> Iterator[Any]:
    """Yield the parameters of a command, and of those in it."""
    yield from command.params
    for inner in getattr(command, "commands", {}).values():
        yield from _parameters(inner)


def _passing_none(parameter: Any) -> Callable[[Any, Any], Any]:
    """Return what reads a value, and leaves one that is not given as it is.

    Typer has Pydantic make a validator for it first, which for all of `plan` takes as long as a
    plan.
    """
    read: Callable[[Any, Any], Any] = parameter.process_value
    is_plain = not (parameter.required or parameter.callback)
    nothing = () if parameter.multiple or parameter.nargs == -1 else None
    return lambda ctx, value: nothing if value is None and is_plain else read(ctx, value)


class EscapedErrors(TyperGroup):
    """A group whose errors quote what was typed escaped."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Take the command line apart."""
        with _escaped():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Take the words of a command apart, and run it."""
        with _escaped():
            return super().invoke(ctx)


class Commands(EscapedErrors):
    """All commands of bsgrow."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "commands": {}})
        self.commands = BuiltWhenAsked(_MODULES)


@contextmanager
def _escaped() -> Iterator[None]:
    """Let an error that can be shown as a message show one that is printable."""
    try:
        yield
    except Exception as error:  # of a class that typer does not export
        if hasattr(error, "format_message"):
            text = printable_lines(error.format_message())
            vars(error)["format_message"] = lambda: text
        raise
