"""`bsgrow data pack` and `verify`, and planning with images that are counted where they lie."""

import json
import os
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.data.conftest import encode_image, write_images
from tests.e2e.conftest import command

PLAN = [
    "schedule.global_batch_size=4",
    "run.ghost_batch_size=4",
    "growth.max_batch_size=8",
]


@pytest.fixture
def photographs(tmp_path):
    images = {
        f"{split}/{label}/{i}.jpg": encode_image(40, 30, seed=i)
        for split, count in (("train", 8), ("val", 2))
        for label in ("cat", "dog")
        for i in range(count)
    }
    return write_images(tmp_path / "photographs", images)


def test_pack_and_verify(bsgrow, photographs):
    words = ("data", "pack", "photographs", "packed", "--shortest-side", "20")
    first = bsgrow(*words)
    assert first.code == 0, first.err
    assert first.out.splitlines() == [
        f"packed/train: 16 samples, {size(photographs, 'train')}, 1 shard",
        f"packed/val: 4 samples, {size(photographs, 'val')}, 1 shard",
    ]
    again = json.loads(bsgrow(*words, "--format", "json").out)
    assert [split["num_kept_shards"] for split in again["splits"]] == [1, 1]
    verified = bsgrow("data", "verify", "packed", "--decode", "--format", "json")
    assert verified.code == 0
    report = json.loads(verified.out)
    assert (report["num_samples"], report["num_damaged"], report["left_out"]) == (20, 0, [])


def size(photographs, split):
    path = photographs.parent / "packed" / split / "shard-000000.bsgrow"
    return f"{path.stat().st_size / 1024:.3g} KiB"


def test_what_is_damaged_is_listed_and_fails(bsgrow, photographs):
    (photographs / "train/cat/3.jpg").write_bytes(b"")
    (photographs / "val/dog/[red]\n.jpg").write_bytes(b"text")
    result = bsgrow("data", "verify", "photographs", "--decode")
    assert result.code == 1
    assert result.out.splitlines() == [
        "photographs/train/cat/3.jpg: the file is empty",
        r"'photographs/val/dog/[red]\n.jpg': not an image that can be read "
        "(one of JPEG, PNG, BMP, GIF, TIFF, WebP, PPM)",
        result.out.splitlines()[2],
    ]
    assert result.out.endswith("2 damaged\n")
    stopped = bsgrow("data", "pack", "photographs", "packed")
    assert stopped.code == 1
    assert "photographs/train/cat/3.jpg: the file is empty" in stopped.err
    assert "hint: --on-error skip" in stopped.err
    packed = bsgrow("data", "pack", "photographs", "packed", "--on-error", "skip")
    assert packed.code == 0
    assert packed.err.count("left out: ") == 2
    assert "1 left out" in packed.out
    kept = bsgrow("data", "verify", "packed")
    assert (kept.code, kept.out.count("left out when it was packed")) == (0, 2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["pack", "none", "packed"], "none: cannot be listed: No such file or directory"),
        (["pack", "photographs", "packed", "--shard-bytes", "many"], "--shard-bytes many: not a"),
        (["verify", "none"], "none: there is no such file or folder"),
    ],
    ids=str,
)
def test_wrong_input(bsgrow, photographs, words, message):
    result = bsgrow("data", *words)
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err
    assert not (photographs.parent / "packed").exists()


def test_a_destination_in_a_file(bsgrow, photographs):
    result = bsgrow("data", "pack", "photographs", "/dev/null/packed")
    assert result.code == 2
    assert "/dev/null is not a folder\nhint: " in result.err


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc, which takes no folders")
def test_a_destination_that_cannot_be_made(bsgrow, photographs):
    result = bsgrow("data", "pack", "photographs", "/proc/packed")
    assert result.code == 1
    assert "cannot make /proc/packed" in result.err


def test_images_are_counted_for_a_plan(bsgrow, photographs):
    bsgrow("data", "pack", "photographs", "packed")
    for name, path in (("folder", "photographs"), ("shards", "packed")):
        settings = [*PLAN, "augment={}", f"data.name={name}", f"data.path={path}"]
        result = bsgrow("plan", "digits", "--format", "json", settings=settings)
        assert result.code == 0, result.err
        assert json.loads(result.out)["num_samples"] == 16
    missing = bsgrow("plan", "digits", settings=["augment={}", "data.name=folder"])
    assert missing.code == 2
    assert "data.path is not set" in missing.err
    given = bsgrow(
        "plan", "digits", settings=["augment={}", "data.name=folder", "data.num_samples=2000"]
    )
    assert given.code == 0, given.err


def test_what_is_not_taken_is_a_note_and_two_layouts_are_refused(bsgrow, photographs):
    write_images(photographs, {"train/a.tar": b"x", "train/cat/[a].gif": b"x"})
    settings = [*PLAN, "augment={}", "data.name=folder", "data.path=photographs"]
    result = bsgrow("plan", "digits", "--format", "json", settings=settings)
    assert json.loads(result.out)["num_samples"] == 16
    assert result.err.splitlines()[:2] == [
        "note: photographs/train: a file in the class folders that is not named as images are, "
        "cat/[a].gif",
        "note: photographs/train: not taken, beside the class folders: a.tar",
    ]
    for words in (["pack", "photographs", "packed"], ["verify", "photographs"]):
        refused = bsgrow("data", *words)
        assert refused.code == 2
        assert "holds tars (a.tar) and folders of images (cat/, dog/)" in refused.err


def test_verify_finds_the_damage_that_the_decoder_of_the_training_finds(bsgrow, photographs):
    pytest.importorskip("bsgrow._native_jpeg")
    path = photographs / "train/cat/3.jpg"
    whole = path.read_bytes()
    path.write_bytes(whole[:-40] + b"\xff\xd9")  # libjpeg fills the rest; Pillow passes it over
    result = bsgrow("data", "verify", "photographs", "--decode")
    assert result.code == 1
    assert "photographs/train/cat/3.jpg: Corrupt JPEG data" in result.out
    assert result.out.endswith("1 damaged\n")


@pytest.mark.parametrize(
    "how", [["--shortest-side", "20"], ["--longest-side", "20"], ["--decode"]], ids=str
)
def test_pack_finds_it_too(bsgrow, photographs, how):
    pytest.importorskip("bsgrow._native_jpeg")
    path = photographs / "train/cat/3.jpg"
    path.write_bytes(path.read_bytes()[:-40] + b"\xff\xd9")
    result = bsgrow("data", "pack", "photographs", "packed", *how)
    assert result.code == 1
    assert "photographs/train/cat/3.jpg: cannot be decoded: Corrupt JPEG data" in result.err


def run_in_a_terminal(words, folder):
    """What a command writes to stdout, a pipe, and to stderr, a terminal."""
    terminal, its_end = os.openpty()
    with subprocess.Popen(
        command(*words),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=its_end,
        text=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    ) as process:
        os.close(its_end)
        drawn = b""
        with suppress(OSError):  # how a terminal says that nobody writes to it any more
            while part := os.read(terminal, 4096):
                drawn += part
        os.close(terminal)
        written = process.stdout.read()
    assert process.returncode == 0, drawn
    return written, drawn.decode()


@pytest.mark.parametrize(
    ("words", "action", "lines"),
    [
        (["pack", "photographs", "packed"], "packing", 2),
        (["verify", "photographs"], "verifying", 1),
    ],
    ids=["pack", "verify"],
)
def test_a_bar_is_drawn_on_stderr_alone(photographs, tmp_path, words, action, lines):
    written, drawn = run_in_a_terminal(["data", *words], tmp_path)
    assert action in drawn
    assert "20/20" in drawn
    assert len(written.splitlines()) == lines
    assert action not in written
    assert "\x1b" not in written


def test_no_bar_is_drawn_where_stderr_is_no_terminal(bsgrow, photographs):
    assert "packing" not in bsgrow("data", "pack", "photographs", "packed").err
