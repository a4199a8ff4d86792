"""Text as editors and shells save it, in every file that a person may have written."""

import codecs
import json

import pytest

from bsgrow.errors import InputError
from bsgrow.files.text import read_text
from bsgrow.recipe import as_toml, load_recipe
from bsgrow.recipe.lr_table import read_table
from bsgrow.reporting.throughput import read_throughput

ROW = {"case": "train", "system": "bsgrow", "global_batch_size": 8, "samples_per_second": 2.0}
FILES = {
    "recipe.toml": (as_toml(load_recipe("digits")), lambda path: load_recipe(str(path))),
    "lr.csv": ("epochs,lr\n0,0.1\n1,0.05\n", lambda path: read_table(str(path))),
    "bench.json": (json.dumps({"rows": [ROW]}, indent=1) + "\n", read_throughput),
}
FORMS = {
    "a mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16, the other way": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "UTF-32": lambda text: text.encode("utf-32"),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "CR": lambda text: text.replace("\n", "\r").encode(),
    "a mark, CRLF": lambda text: codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode(),
    "no newline at the end": lambda text: text.rstrip("\n").encode(),
}
BROKEN = {
    "empty": b"",
    "a mark alone": codecs.BOM_UTF8,
    "a mark of UTF-16 alone": codecs.BOM_UTF16_LE,
    "bytes that are no text": b"\x80\x81 = 1\n",
    "half a character of UTF-16": "lr".encode("utf-16")[:-1],
    "UTF-16 without a mark": "epochs,lr\n0,0.1\n".encode("utf-16-le"),
    "NUL": b"\0\0\0\0",
    "NUL within": b"epochs,lr\n0,0.1\0\n",
    "nested without end": b"[" * 100_000,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("name", FILES)
def test_the_form_of_a_text_changes_nothing(tmp_path, name, form):
    text, read = FILES[name]
    plain, saved = tmp_path / f"plain-{name}", tmp_path / name
    plain.write_text(text, "utf-8")
    saved.write_bytes(form(text))
    assert read(saved) == read(plain)


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("name", FILES)
def test_what_is_no_text_is_refused_by_name(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"{name}|data: is missing") as caught:
        FILES[name][1](path)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["recipe.toml", "lr.csv"])
def test_another_encoding_is_to_be_saved_as_text(tmp_path, name):
    path = tmp_path / name
    path.write_bytes("# é\n".encode("latin-1"))
    with pytest.raises(InputError, match=name) as caught:
        FILES[name][1](path)
    assert caught.value.hint == "save it as UTF-8, or as UTF-16 with a byte order mark"


@pytest.mark.parametrize("name", FILES)
def test_a_folder_in_the_place_of_a_file(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(InputError, match=rf"{name}.*[Ii]s a directory"):
        FILES[name][1](tmp_path / name)


def test_one_mark_is_no_part_of_the_text(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(codecs.BOM_UTF8 + "é\r\r\n\n".encode())
    assert read_text(path, 99) == "é\n\n\n"


def test_a_file_without_an_end_is_not_read():
    with pytest.raises(InputError, match="/dev/zero: not a regular file"):
        load_recipe("/dev/zero")


def test_a_file_may_have_the_largest_size_and_no_more(tmp_path):
    (tmp_path / "text").write_text("12345")
    assert read_text(tmp_path / "text", 5) == "12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_text(tmp_path / "text", 4)
