import pytest

from bsgrow.errors import InputError
from bsgrow.user_code.errors import UserCodeError
from bsgrow.user_code.loading import load_function


def test_functions_classes_and_what_is_in_them_are_found(user_module):
    user_module("def f(): return 7\nclass C:\n    @staticmethod\n    def g(): return 8\n")
    assert load_function("mine:f", "model.name")() == 7
    assert load_function("mine:C.g", "model.name")() == 8
    assert load_function("os.path:join", "model.name")("a", "b") == "a/b"


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("no_such_module:f", "there is no module no_such_module", "current folder"),
        ("mine.inner:f", "there is no module mine.inner", "current folder"),
        ("mine.py:f", "there is no module mine.py", "a module is named without .py: mine"),
        ("mine:fivv", "mine has no fivv", 'did you mean "five"?'),
        ("mine:C.g", "C has no g", "one of h"),
        ("mine:five", "is an int, which cannot be called", "a function or a class"),
    ],
)
def test_what_is_not_there_or_cannot_be_called(user_module, name, message, hint):
    user_module("five = 5\ndef f(): ...\nclass C:\n    def h(): ...\n")
    with pytest.raises(InputError) as caught:
        load_function(name, "model.name")
    assert caught.value.message == f"model.name = {name!r}: {message}"
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:", "SyntaxError"),
        ("import no_such_module_of_mine", "ModuleNotFoundError: No module named"),
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_module_that_fails_shows_its_own_traceback(user_module, text, said):
    user_module(text)
    with pytest.raises(UserCodeError) as caught:
        load_function("mine:f", "data.name")
    first, *shown = caught.value.message.splitlines()
    assert first.startswith("data.name = 'mine:f': raised ")
    assert said in first
    assert "mine.py" in "\n".join(shown)
    assert "bsgrow/" not in "\n".join(shown)
    assert "importlib" not in "\n".join(shown)
    assert caught.value.exit_code == 1


def test_the_current_folder_comes_first_and_once(user_module):
    import sys

    user_module("def f(): ...")
    load_function("mine:f", "model.name")
    load_function("mine:f", "model.name")
    here = str(__import__("pathlib").Path.cwd())
    assert sys.path[0] == here
    assert sys.path.count(here) == 1
