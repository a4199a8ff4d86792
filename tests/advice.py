"""What a hint or a note tells the user to type, read by a machine: is it there, and is it accepted.

In a text that was printed, options stand bare and a whole command ends at ``;`` or at the end, as
``bsgrow.text.command`` has it.
"""

import inspect
import json
import re
import shlex
from functools import cache

import typer

from bsgrow.cli.app import app
from bsgrow.errors import InputError
from bsgrow.models import MODELS
from bsgrow.recipe import Recipe, load_recipe, parse_value, recipe_from_table
from bsgrow.recipe.section import table_type
from bsgrow.schedule import CURVES

_USAGE_ERROR = typer.BadParameter.__base__
_QUOTED = r"(?:'[^']*'|\"[^\"]*\"|[^\s;'\"`,])+"
_OPTION = rf"--[a-z][a-z-]*(?:[ =](?!or\b|and\b|to\b|-){_QUOTED})?"
_RUN_OF_OPTIONS = re.compile(rf"(?<![\w/-]){_OPTION}(?: {_OPTION})*")
_COMMAND = re.compile(rf"\bbsgrow((?: {_QUOTED})+)")
_TABLES = "data|augment|images|model|optimizer|loss|schedule|growth|run"
_KEY_AND_VALUE = re.compile(rf"\b(?:{_TABLES})\.\w+ = ")
_NAME = re.compile(r"[a-z]+(?:[._][a-z]+)+")
_FILES = ("toml", "html", "json", "jsonl", "csv", "tar", "py", "cls", "jpg", "onnx", "pt2", "pth")
_OTHER_PROGRAM = re.compile(r"`(?!bsgrow)[a-z]+ [^`]*`")
_LAUNCHER = re.compile(r"\btorchrun [^;`]*? -m (?=bsgrow\b)")
_OF_TAR = {"--sparse"}
_OTHER_NAMES = {"e.g", "samples_per_second"} | {"make_fill", "streamed_fill"}  # of the library


@cache
def root():
    return typer.main.get_command(app)


def command_at(words):
    """Return the subcommand that words begin with, and the rest of them."""
    found, rest = root(), list(words)
    while hasattr(found, "commands"):
        if not rest or rest[0] not in found.commands:
            return None, rest
        found = found.commands[rest.pop(0)]
    return found, rest


@cache
def all_options():
    def walk(command):
        for parameter in command.params:
            yield from (*parameter.opts, *parameter.secondary_opts)
        for inner in getattr(command, "commands", {}).values():
            yield from walk(inner)

    return {*walk(root()), "--help", *_OF_TAR}


@cache
def keys():
    """Return every key of a recipe, dotted; tables are among them."""
    names = set()
    for table, field in Recipe.model_fields.items():
        kind = table_type(Recipe, table)
        fields = getattr(kind, "model_fields", None) or getattr(kind, "__dataclass_fields__", {})
        names |= {table, *(f"{table}.{name}" for name in fields)}
        assert field is not None
    return names | {
        f"model.{name}" for name in _arguments(model.check for model in MODELS.values())
    }


@cache
def known_names():
    """Return what a word with a dot or an underscore may be: a key, or an argument of a curve."""
    leaves = {name.rpartition(".")[2] for name in keys()}
    return {*keys(), *leaves, *_arguments(CURVES.values()), *MODELS, *_OTHER_NAMES}


def _arguments(functions):
    return {name for function in functions for name in inspect.signature(function).parameters}


def commands_in(text):
    """Return the whole commands in a text, each as its words without the program's."""
    found = [shlex.split(match) for match in _COMMAND.findall(text.replace("`", " ; "))]
    return [words for words in found if command_at(words)[0] is not None]


def options_in(text):
    """Return the options that a text names, those that stand together in one list."""
    return [shlex.split(match) for match in _RUN_OF_OPTIONS.findall(_COMMAND.sub("", text))]


def faults(text, *, is_hint=True):
    """Return what of a printed text cannot be followed, a sentence each."""
    text = _LAUNCHER.sub("", _OTHER_PROGRAM.sub("", text))
    return [
        *_of_commands(text),
        *_of_options(text),
        *(f"{key} is no option to paste" for key in _KEY_AND_VALUE.findall(text) if is_hint),
        *(f"{name} is no key" for name in _unknown_names(_COMMAND.sub("", text))),
    ]


def _of_commands(text):
    for words in commands_in(text):
        command, rest = command_at(words)
        if not rest:
            continue  # a command that is spoken of
        try:
            command.make_context("bsgrow", list(rest))
        except _USAGE_ERROR as error:
            yield f"{shlex.join(words)}: {error.format_message()}"
        yield from _of_settings(words)


def _of_options(text):
    for words in options_in(text):
        for word in words:
            flag = word.partition("=")[0]
            if flag.startswith("--") and flag not in all_options():
                yield f"{flag} is no option"
        yield from _of_settings(words)


def _of_settings(words):
    for at, word in enumerate(words):
        if word == "--set" and (reason := _refused(words[at + 1 : at + 2])):
            yield reason


def _refused(words):
    """Return why an override is refused, by itself; empty where it is not."""
    key, separator, value = (words or [""])[0].partition("=")
    if not separator or key.isupper() or "…" in key:
        return ""
    if key.rpartition(".")[0] != "schedule.curve" and key not in keys():
        return f"{key} is no key"
    reasons = [_reason(name, key, parse_value(value)) for name in ("digits", "folder")]
    return "" if "" in reasons else reasons[0]


def _reason(recipe, key, value):
    table = json.loads(load_recipe(recipe).model_dump_json(exclude_none=True))
    inner = table
    *parents, leaf = key.split(".")
    for parent in parents:
        inner = inner.setdefault(parent, {})
    inner[leaf] = value
    try:
        recipe_from_table(table)
    except InputError as error:
        return error.message if error.message.startswith(f"{key} ") else ""
    return ""


def _unknown_names(text):
    for word in re.split(r"[\s`'\"(),;=…]+", text):
        bare = word.strip(".:?!")
        is_file = bare.rpartition(".")[2] in _FILES
        if (
            _NAME.fullmatch(bare)
            and not is_file
            and bare.removeprefix("schedule.curve.") not in known_names()
        ):
            yield bare
