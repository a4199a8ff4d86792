"""The group of commands: each built when it is asked for, with its errors fit to print."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import Any

import typer
from typer.core import TyperGroup

from bsgrow.cli.interrupt import raise_if_interrupted
from bsgrow.cli.one_of_many import refuse_usage
from bsgrow.text.printable import printable_lines

_MODULES: Mapping[str, str] = MappingProxyType(
    {
        "train": "train",
        "show": "show.command",
        "plan": "plan.command",
        "compare": "compare.command",
        "report": "report",
        "evaluate": "evaluate",
        "predict": "predict",
        "export": "export",
        "recipes": "recipes.command",
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
    raise_if_interrupted()
    command = typer.main.get_group(app).commands[name]
    _pass_none(command)
    return command


def _pass_none(command: Any) -> None:
    """Let a command and those in it read only what is given; see ``_reading_what_is_given``."""
    get_params = command.get_params
    vars(command)["get_params"] = lambda ctx: _reading_what_is_given(get_params(ctx))
    for inner in getattr(command, "commands", {}).values():
        _pass_none(inner)


def _reading_what_is_given(parameters: list[Any]) -> list[Any]:
    """Return parameters that leave a value that is not given as it is.

    Typer has Pydantic make a validator for each first, which for all of `plan` takes as long as a
    plan.
    """
    for parameter in parameters:
        if "process_value" not in vars(parameter):
            vars(parameter)["process_value"] = partial(_read, parameter, parameter.process_value)
    return parameters


def _read(parameter: Any, read: Callable[[Any, Any], Any], ctx: Any, value: Any) -> Any:
    if value is not None or parameter.required:
        return read(ctx, value)
    nothing = () if parameter.multiple or parameter.nargs == -1 else None
    return parameter.callback(ctx, parameter, nothing) if parameter.callback else nothing


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

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options of all commands, which read only what is given."""
        return _reading_what_is_given(super().get_params(ctx))


@contextmanager
def _escaped() -> Iterator[None]:
    """Let an error that can be shown as a message show one that is printable."""
    try:
        yield
    except Exception as error:  # of a class that typer does not export
        if hasattr(error, "format_message"):
            from bsgrow.validation.arguments import in_plain_words

            text = printable_lines(in_plain_words(error.format_message()))
            vars(error)["format_message"] = lambda: text
            refuse_usage(text)
        raise
