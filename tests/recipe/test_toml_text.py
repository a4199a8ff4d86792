"""TOML that is made to take long, or memory: refused before it is parsed."""

import tomllib
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.recipe import load_recipe
from bsgrow.recipe.toml_text import LARGEST, parse_toml

DEEP = ".".join("a" * 9)
PARTS = "more than 8 parts"
QUOTED = "in strings and comments"
BEYOND = {
    "a dotted key": (f"{DEEP} = 1", PARTS),
    "a dotted key with blanks": (f"{DEEP.replace('.', ' .' + chr(9))} = 1", PARTS),
    "a quoted dotted key": (DEEP.replace("a", '"a.b"') + " = 1", PARTS),
    "a header": (f"[{DEEP}]", PARTS),
    "a header of an array": (f"[[{DEEP}]]", PARTS),
    "an inline table": (f"a = [{{{DEEP} = 1}}]", PARTS),
    "behind strings": (f"a = \"\"\"#'\"\"\"\nb = '''\"'''\n{DEEP} = 1", PARTS),
    "keys": ("a=1\n" * 10_001, "more than 10000 times '='"),
    "headers": ("[a]\n" * 10_001, r"more than 10000 times '\['"),
    "nested arrays": ("a=" + "[" * 10_001, r"more than 10000 times '\['"),
    "inline tables": ("a=[" + "{}," * 10_001 + "]", "more than 10000 times '{'"),
    "strings": ("a=[" + "''," * 10_001 + "]", "more than 20000 times '\"'"),
    "numbers": ("a=[" + "1," * 250_001 + "]", "more than 250000 times ','"),
    "lines": ("\n" * 300_001, "more than 300000 times"),
    "a long string": ("a='" + "x" * 2**20 + "yz'", QUOTED),
    "comments": ("#" * (2**20 + 1), QUOTED),
    "a string without an end": ('a="""' + '\\"""' * 2**18 + "x" * 9, QUOTED),
    "a long key": ("a" * 10_000 + "=1", "a key or a number of 10000 characters"),
    "a long number": ("a=" + "1_" * 5_000, "a key or a number of 10000 characters"),
    "spaces": (" " * (LARGEST + 1), "larger than"),
}


@pytest.mark.parametrize(("text", "problem"), BEYOND.values(), ids=BEYOND)
def test_what_no_recipe_needs_is_refused_before_it_is_parsed(text, problem, monkeypatch):
    monkeypatch.setattr(tomllib, "loads", lambda text: pytest.fail("it is parsed"))
    with pytest.raises(ValueError, match=problem):
        parse_toml(text)


ALLOWED = [
    f'a = "{DEEP}"',
    f"a = '''\n{DEEP}\n''' # {DEEP}",
    'a = """' + '\n\\"' * 9 + '"""""',
    ".".join("a" * 8) + " = 1",
    "# " + "=" * 10_001,
    "# don't\na = 1  # it's",
    'a = "\\\\" # "',
]


@pytest.mark.parametrize("text", ALLOWED)
def test_what_is_in_strings_and_comments_is_no_key(text):
    assert parse_toml(text) == tomllib.loads(text)


QUOTES = st.sampled_from(["'", '"', "\\", "#", "\n", "a", "=", ".", "'''", '"""', 'a="', "a='''"])


@given(st.lists(QUOTES, max_size=20).map("".join))
def test_strings_and_comments_are_told_as_by_the_parser(text):
    """A key that is refused is seen behind any text that is TOML by itself."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    with pytest.raises(ValueError, match=PARTS):
        parse_toml(f"{text}\n[{DEEP}]")


@pytest.fixture
def peak():
    """Return a function that says how many bytes were taken at most since the test began."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_memory_is_bounded_by_what_is_allowed(peak):
    """The worst that is allowed: many items, each a number of its own."""
    numbers = ",".join(f"{i}.5" for i in range(10**8, 10**8 + 10_000))
    assert len(parse_toml(f"a=[{numbers}]")["a"]) == 10_000
    assert peak() < 100 * 2**20 / 25  # of as many items


@pytest.mark.parametrize("value", ["{" + DEEP + "=1}", "1\n[b]", "1\nb=2"])
def test_a_setting_is_no_way_around(value):
    with pytest.raises(InputError, match=r"run\.seed = '"):
        load_recipe("digits", [f"run.seed={value}"])


def test_the_text_of_a_key_is_not_made_for_each_of_its_values(tmp_path, peak):
    """It once was: 9999 characters by 10 000 values, 100 MB."""
    path = tmp_path / "a.toml"
    path.write_text("a" * 9_999 + " = [" + "1," * 10_000 + "]")
    with pytest.raises(InputError, match="there is no such key"):
        load_recipe(str(path))
    assert peak() < 10 * 2**20


def test_many_wrong_keys_are_counted_and_the_first_named(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text("".join(f"k{i} = 1\n" for i in range(5_000)))
    with pytest.raises(InputError, match="there is no such key") as caught:
        load_recipe(str(path))
    lines = caught.value.message.split("\n")
    assert len(lines) == 21
    assert lines[-1].endswith(f": and {5_000 + 3 - 20} more")  # and three tables that are needed


@pytest.mark.parametrize("special", ["/dev/zero", "/dev/full", "/dev/null"])
def test_a_device_is_no_recipe(special):
    with pytest.raises(InputError, match=f"cannot read the recipe {special}: not a regular file"):
        load_recipe(special)
