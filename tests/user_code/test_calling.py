import re

import pytest

from bsgrow.errors import InputError
from bsgrow.user_code.calling import call_user_code
from bsgrow.user_code.errors import UserCodeError

FUNCTIONS = """
def named(a, n=1, *, c=2): return a, n, c
def any(**rest): return rest
def none(): return "none"
def fails(): return inner()
def inner(): raise ValueError("boom\\nand more")
def only(a, /): return a
class Kind:
    def __init__(self, n): self.n = n
"""


@pytest.fixture(autouse=True)
def _mine(user_module):
    user_module(FUNCTIONS)


def call(name, written=(), offered=(), in_any_case=()):
    return call_user_code(
        f"mine:{name}", "model", dict(written), dict(offered), frozenset(in_any_case)
    )


def test_what_is_offered_is_given_where_it_is_named_and_not_written():
    assert call("named", {"a": 0}, {"n": 5, "c": 6, "x": 7}) == (0, 5, 6)
    assert call("named", {"a": 0, "n": 9}, {"n": 5}) == (0, 9, 2)
    assert call("Kind", {}, {"n": 5}).n == 5
    assert call("none", {}, {"n": 5}) == "none"


def test_a_function_of_any_arguments_gets_those_that_any_gets():
    assert call("any", {"z": 1}, {"n": 5, "c": 6}, ["n"]) == {"z": 1, "n": 5}
    assert call("any", {"n": 1}, {"n": 5}, ["n"]) == {"n": 1}


@pytest.mark.parametrize(
    ("name", "written", "message", "hint"),
    [
        ("named", {"a": 1, "cc": 3}, "model.cc = 3: mine:named has no such argument", "c"),
        (
            "none",
            {"z": 1},
            "model.z = 1: mine:none has no such argument",
            "leave it out",
        ),
        ("named", {}, "missing a required argument: 'a'", "beside name: a"),
        ("only", {}, "missing a required", "keyword arguments"),
    ],
)
def test_arguments_that_do_not_fit(name, written, message, hint):
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        call(name, written)
    assert hint in caught.value.hint


def test_an_error_shows_the_frames_of_the_user_alone():
    with pytest.raises(UserCodeError) as caught:
        call("fails")
    first, *shown = caught.value.message.splitlines()
    assert first == "model.name = 'mine:fails': raised ValueError: boom"
    assert shown[0] == "Traceback (most recent call last):"
    frames = [line for line in shown if line.startswith("  File")]
    assert [frame.rpartition(" in ")[2] for frame in frames] == ["fails", "inner"]
    assert shown[-2:] == ["ValueError: boom", "and more"]


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_what_is_no_fault_of_the_code_stays_what_it_is(user_module, error):
    user_module(f"def f(): raise {error.__name__}", "other")
    with pytest.raises(error):
        call_user_code("other:f", "model", {})


def test_what_code_prints_goes_to_stderr(user_module, capsys):
    user_module("print('imported')\ndef f(): print('called')", "other")
    call_user_code("other:f", "model", {})
    assert capsys.readouterr() == ("", "imported\ncalled\n")
