"""What is listed in C++ is what `folder_listing` lists, and nothing is listed twice."""

import os
from functools import partial
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.data.encoded.tally import Tally
from bsgrow.data.folder import class_folders
from bsgrow.data.folder.class_folders import list_classes
from bsgrow.data.folder.listing import image_paths
from bsgrow.errors import InputError
from bsgrow.native.extension import extension
from tests.drawn import num_cases

ELSEWHERE = Path(__file__).parents[2] / "exports/plans"
CLASSES = ["a", "B", "é", os.fsdecode(b"\xff"), "n01", "a b"]
FILES = ["1.jpg", "10.JPG", "2.JpEg", "x.png", "x.txt", "y.csv", "jpg", ".jpg", ".hidden", "~.tiff"]
ODD = ["é.webp", "\U0001d49c.png", os.fsdecode(b"\xff.ppm"), "sub/1.jpg", "sub/x.txt", "sub.jpg/"]
LINKS = ["to-file.jpg", "to-nothing.png", "to-folder.jpg", "to-itself.bmp"]


def make(folder, files):
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.startswith("to-"):
            targets = {"to-file.jpg": __file__, "to-folder.jpg": ELSEWHERE}
            path.symlink_to(targets.get(name, name if "itself" in name else "nowhere"))
        elif name.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            path.touch()


def by_python_alone(folder, classes, others):
    names, counts = [], []
    for name in classes:
        on_other = partial(lambda name, path: others.add(f"{name}/{path}"), name)
        found = [b + file for b, files in image_paths(folder / name, on_other) for file in files]
        names += [os.fsencode(f"{name}/{path}") for path in found]
        counts.append(len(found))
    return names, counts


TREES = st.dictionaries(
    st.sampled_from(CLASSES),
    st.tuples(
        st.lists(st.sampled_from(FILES), unique=True),
        st.lists(st.sampled_from(ODD), max_size=1),
        st.lists(st.sampled_from(LINKS), max_size=1),
    ),
    min_size=1,
)


@settings(max_examples=num_cases(60))
@given(TREES)
def test_it_is_what_python_alone_lists(tmp_path_factory, tree):
    folder = tmp_path_factory.mktemp("split")
    for name, files in tree.items():
        (folder / name).mkdir()
        make(folder / name, [*chain.from_iterable(files)])
    classes = sorted(tree)
    others, expected = Tally("", ""), Tally("", "")
    names, counts = list_classes(folder, classes, others)
    assert (list(names), counts) == by_python_alone(folder, classes, expected)
    assert others == expected


@pytest.mark.parametrize("num", [1, 63, 64, 65, 200])
def test_any_number_of_classes(tmp_path, num):
    classes = [f"{i:04d}" for i in range(num)]
    for i, name in enumerate(classes):
        make(tmp_path / name, [f"{k}.jpg" for k in range(i % 5)] or [])
        (tmp_path / name).mkdir(exist_ok=True)
    names, counts = list_classes(tmp_path, classes, Tally("", ""))
    assert counts == [i % 5 for i in range(num)]
    assert list(names) == [b"%04d/%d.jpg" % (i, k) for i in range(num) for k in range(i % 5)]


def test_flat_folders_are_not_listed_by_python(tmp_path, monkeypatch):
    make(tmp_path / "a", ["1.jpg", "notes.txt", "to-file.jpg", "to-nothing.png"])
    monkeypatch.setattr(class_folders, "image_paths", lambda *_: pytest.fail("listed again"))
    names, counts = list_classes(tmp_path, ["a"], Tally("", ""))
    assert list(names) == [b"a/1.jpg", b"a/to-file.jpg", b"a/to-nothing.png"]
    assert counts == [3]


def test_a_class_that_is_gone_is_named(tmp_path):
    with pytest.raises(InputError, match="gone: cannot be listed: No such file"):
        list_classes(tmp_path, ["gone"], Tally("", ""))


def test_a_link_that_leads_back_is_named(tmp_path):
    make(tmp_path / "a", ["1.jpg"])
    Path(tmp_path / "a/loop").symlink_to(".")
    with pytest.raises(InputError, match="a/loop: a link that leads back"):
        list_classes(tmp_path, ["a"], Tally("", ""))


@pytest.mark.parametrize(("name", "value"), [("folder", -1), ("num_threads", 0)])
def test_arguments_are_checked(name, value):
    given = {"folder": 0, "names": [b"a"], "endings": [b".jpg"], "num_threads": 1, name: value}
    with pytest.raises(ValueError, match=name):
        extension.list_images(**given)
