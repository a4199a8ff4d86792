import os

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.data.encoded.names import GrowingNames, Names
from bsgrow.text.printable import printable


@given(st.lists(st.binary(max_size=9)))
def test_names_are_what_was_put_in(names):
    held = Names.of(names)
    assert list(held) == names
    assert [held[i] for i in range(len(held))] == names
    assert held.ends.dtype == np.int64


NAMES = st.lists(st.sampled_from(["a.jpg", "b", "é.png", "\U0001d49c", "\udcff.jpg", "a\nb"]))


@given(st.lists(st.tuples(st.sampled_from(["a/", "é/b/", "\udcfe/"]), NAMES.filter(bool))))
def test_paths_are_those_of_the_file_system(folders):
    growing = GrowingNames()
    for folder, names in folders:
        growing.add_paths(folder, names)
    held = growing.held()
    assert list(held) == [os.fsencode(folder + n) for folder, names in folders for n in names]
    assert held.ends.dtype == np.int64


def test_a_name_that_can_be_printed_stays():
    assert printable("Käfer/图 1.jpg") == "Käfer/图 1.jpg"
    assert printable(b"a/b.jpg") == "a/b.jpg"


def test_control_characters_and_broken_text_are_escaped():
    assert printable("a\nb\x1b[31m.jpg") == r"'a\nb\x1b[31m.jpg'"
    assert printable(b"\xff.jpg") == r"'\udcff.jpg'"
