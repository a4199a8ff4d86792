"""Doing what a hint or a note says, as a user does: pasting a command, an option, or a name."""

import re

from tests.advice import commands_in, options_in

_INSTEAD = re.compile(r'did you mean "([^"]+)"\?')
_LEAVE_OUT = re.compile(r"leave (--[a-z-]+(?: [a-z]+(?= out))?)(?:,? or (--[a-z-]+)| out)")


def ways(words, text, error=""):
    """Yield the command lines that a text tells the user to type in place of words.

    Args:
        words: what was typed.
        text: a hint or a note that it was answered with.
        error: the message that the hint belongs to.
    """
    commands = commands_in(text)
    yield from commands
    if commands:
        return
    if name := _INSTEAD.search(text):
        yield from _renamed(words, error, name[1])
        return
    left_out = [option for found in _LEAVE_OUT.findall(text) for option in found if option]
    for option in left_out:
        if option.split()[0] in words:
            yield _without(words, option.split())
    for options in options_in(_LEAVE_OUT.sub("", text)):
        if not _is_placeholder(options):
            yield [*words, *options]


def _is_placeholder(options):
    """Whether what stands for a value is to be filled in, or is left to the user."""
    return any(word.isupper() for word in options) or options[-1].startswith("--set ")


def _without(words, option):
    at = list(words).index(option[0])
    takes_value = len(option) > 1 or (at + 1 < len(words) and not words[at + 1].startswith("-"))
    return [*words[:at], *words[at + 1 + takes_value :]]


def _renamed(words, error, name):
    """Yield the words with a wrong name corrected: one that stands in quotes, or is a key."""
    wrong = [*re.findall(r"'([^']+)'", error), *re.findall(r"[\w.]*?(\w+) = ", error)]
    wrong += re.findall(r"--[a-z]+ (\w+)", error)
    for each in wrong:
        changed = [word.replace(each, name) for word in words]
        if changed != list(words):
            yield changed
