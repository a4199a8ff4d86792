"""The page of every command, from what `--help` is made of."""

from collections.abc import Iterable, Iterator
from typing import Any

import typer
from tables import escaped, table

from bsgrow.cli.app import app


def commands_page() -> str:
    """Return a page of Markdown with the text, arguments, options and examples of each command."""
    return "\n".join(["# Commands", "", *_of(typer.main.get_command(app), "bsgrow", 1)]) + "\n"


def _of(command: Any, name: str, level: int) -> Iterator[str]:
    context = command.make_context(name, [], resilient_parsing=True)
    if level > 1:
        yield from (f"{'#' * min(level, 4)} {name}", "")
    usage = " ".join(command.collect_usage_pieces(context))
    yield from ("```text", f"{name} {usage}", "```", "", command.help or "", "")
    parameters = [each for each in command.get_params(context) if not each.hidden]
    yield from table(("argument or option", "what it is"), _rows(parameters, context))
    if examples := getattr(command, "examples", ()):
        yield from ("```console", *(f"$ {each}" for each in examples), "```", "")
    for inner, each in getattr(command, "commands", {}).items():
        yield from _of(each, f"{name} {inner}", level + 1)


def _rows(parameters: Iterable[Any], context: Any) -> Iterator[tuple[str, str]]:
    for each in parameters:
        words = [*each.opts, *each.secondary_opts] if each.param_type_name == "option" else []
        if "--help" in words:
            continue
        names = ", ".join(f"`{word}`" for word in words)
        yield f"{names} {_value(each, context)}".strip(), escaped(_text(each))


def _value(parameter: Any, context: Any) -> str:
    if getattr(parameter, "is_flag", False):
        return ""
    return f"`{escaped(parameter.display_type(context))}`"


def _text(parameter: Any) -> str:
    text = parameter.help or ""
    default = parameter.default
    if parameter.required:
        return f"{text} Required."
    if default in (None, False, ()) or callable(default) or not parameter.show_default:
        return text
    return f"{text} Default: `{getattr(default, 'value', default)}`."
