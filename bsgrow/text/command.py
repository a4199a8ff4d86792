"""Commands that are suggested to the user, as a POSIX shell takes them.

Everything that a hint, a note or a summary tells the user to type is rendered here, and nowhere by
string formatting: a whole command by ``Command`` (``resume_command`` is the usual one), a part of
one by ``option`` and ``setting``, a single word by ``quoted``. In a sentence a whole command stands
after a colon or at the end, followed by ``;`` or by nothing; an option stands bare. So each can be
marked with the mouse, and ``tests/advice.py`` can follow it.
"""

import os
import re
import shlex
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

PROGRAM = "bsgrow"
_TABLES = "data|augment|images|model|optimizer|loss|schedule|growth|run"
_VALUE = r"""(?:"[^"]*"|'[^']*'|\[[^\]]*\]|true\b|false\b|[+-]?\d[\w.+-]*\b)"""
_SETTING = re.compile(rf"(?:\b(?:set|use) )?\b((?:{_TABLES})(?:\.\w+)+) = ({_VALUE})")


@dataclass(frozen=True)
class Command:
    """A command line of bsgrow; ``str`` gives it as text that a shell takes apart into its words.

    Attributes:
        words: what stands before the overrides: the command's name, its arguments and options,
            each as the program gets it, without quotes.
        overrides: the words that change the recipe: ``("--epochs", "3", "--set", "run.seed=7")``.
        launcher: what starts it in several processes, without ``-m``; empty for one.
    """

    words: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    launcher: tuple[str, ...] = ()

    def with_overrides(self, *words: str) -> "Command":
        """Return the command with further words that change the recipe, after its own."""
        return replace(self, overrides=(*self.overrides, *words))

    def __str__(self) -> str:
        module = ("-m",) if self.launcher else ()
        return quoted(*self.launcher, *module, PROGRAM, *self.words, *self.overrides)


def resume_command(folder: str | os.PathLike[str], overrides: Iterable[str] = ()) -> Command:
    """Return the command that goes on with the run in a folder, in as many processes as here."""
    words = ("train", "--resume", "--out", os.fspath(folder))
    return Command(words, tuple(overrides), launcher())


def launcher(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return what started this process and others, as torchrun says; empty where it is alone.

    Where that was on several machines, it is to be called on each; they meet where they met.
    """
    names = ("TORCHELASTIC_RUN_ID", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR")
    if not environment.keys() >= {*names} or environment["WORLD_SIZE"] == "1":
        return ()
    machines = environment.get("GROUP_WORLD_SIZE", "1")
    meeting = ("--rdzv-backend", "c10d", "--rdzv-endpoint", environment["MASTER_ADDR"])
    restarts = environment.get("TORCHELASTIC_MAX_RESTARTS", "0")
    return (
        "torchrun",
        *(("--nnodes", machines) if machines != "1" else ()),
        *("--nproc-per-node", environment["LOCAL_WORLD_SIZE"]),
        *(meeting if machines != "1" else ()),
        *(("--max-restarts", restarts) if restarts != "0" else ()),
    )


def argument(text: str) -> str:
    """Return an argument as a word that is not taken for an option."""
    return f"./{text}" if text.startswith("-") else text


def option(flag: str, value: object) -> str:
    """Return an option and its value, quoted, such as ``--max-batch-size 128``."""
    return quoted(flag, str(value))


def setting(key: str, value: object) -> str:
    """Return what sets a key of the recipe, quoted, such as ``--set growth.shrink=true``."""
    return quoted("--set", f"{key}={_as_toml(value)}")


def as_options(hint: str) -> str:
    """Return a hint that sets keys as a recipe does, ``key = value``, with options in their place.

    The library speaks of keys; whoever reads a hint in a terminal pastes ``--set key=value``.
    """
    return _SETTING.sub(_as_option, hint)


def _as_option(found: re.Match[str]) -> str:
    key, text = found.groups()
    try:
        option = setting(key, tomllib.loads(f"value = {text}")["value"])
    except (ValueError, RecursionError):  # part of a name, which looks like a setting
        return found[0]
    return option if found[0].startswith(key) else f"pass {option}"


def quoted(*words: str) -> str:
    """Return words in one line from which a POSIX shell makes the same words.

    Bytes that no mouse can mark, of a name with control characters or that is no UTF-8, are left
    to the shell's printf; line breaks at its end, which the shell would drop, stand as they are.
    """
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    kept = word.rstrip("\n")
    if kept.isprintable():
        return shlex.quote(word)
    ending = shlex.quote(word[len(kept) :]) if kept != word else ""
    octals = "".join(map(_octal, os.fsencode(kept)))
    if octals.startswith("-"):  # which printf would take for an option
        octals = f"\\055{octals[1:]}"
    return f"\"$(printf '{octals}')\"{ending}"


def _octal(byte: int) -> str:
    """Return a byte as the format of printf has it."""
    plain = 0x20 <= byte < 0x7F and byte not in b"\\%'"
    return chr(byte) if plain else f"\\{byte:03o}"


def _as_toml(value: object) -> str:
    """Return a value as ``--set`` reads it; text is bare where that is read as text."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return repr(value)
    try:
        tomllib.loads(f"value = {value}")
    except (ValueError, RecursionError):
        if value == value.strip():
            return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
