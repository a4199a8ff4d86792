"""What the layout promises: imports go one way, and files stay small."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "bsgrow"

# A room imports only from those above it in this list. Each module and package that lies at the
# root of bsgrow is a room; of a package a module may be named that others need before it.
ORDER = [
    {"_native", "_native_cuda", "_native_jpeg"},  # compiled
    {"text", "lazy"},  # lazy: of the face, and of the packages that import as it does
    {"errors"},
    {"native.extension", "native.cuda_architectures"},
    {"validation", "user_code"},
    {"schedule", "stream", "files", "processes"},
    {"images", "loggers"},
    {"data", "native"},
    {"loading", "models"},
    {"recipe"},
    {"training"},
    {"integrations", "experiments", "trained"},
    {"reporting"},
    {"bench"},
    {"cli"},
    {"__init__", "__main__"},
]
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}


def room_of(module):
    """The longest part of a module's name, bsgrow's left out, that the table has."""
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((name for name in names if name in RANK), parts[0])


def module_of(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imported_modules(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            if package == "bsgrow" and rest and rest != "__version__":
                yield rest


def test_every_module_at_the_root_is_in_the_table():
    paths = [path for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()]
    modules = {path.stem for path in paths if path.suffix == ".py" or list(path.rglob("*.py"))}
    assert modules == {room for room in RANK if not re.search(r"^_native|\.", room)}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=str)
def test_imports_go_one_way(path):
    room = room_of(module_of(path))
    for imported in map(room_of, imported_modules(path)):
        assert imported == room or RANK[imported] < RANK[room], f"{room} imports {imported}"


def test_no_file_is_over_300_lines():
    folders = (ROOT / name for name in ("tests", "benchmarks"))
    python = [path for folder in (PACKAGE, *folders) for path in folder.rglob("*.py")]
    sources = [*python, *(ROOT / "csrc").rglob("*.*"), *(ROOT / "tests").rglob("*.cpp")]
    long = {str(path): n for path in sources if (n := len(path.read_text().splitlines())) > 300}
    assert long == {}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout of git")
def test_git_holds_no_file_over_a_megabyte():
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    paths = [ROOT / name for name in listed.split("\0") if name]
    assert [path for path in paths if path.is_file() and path.stat().st_size > 2**20] == []


def test_only_the_command_line_imports_rich_and_typer():
    for path in PACKAGE.rglob("*.py"):
        if room_of(module_of(path)) != "cli":
            text = path.read_text()
            assert "import rich" not in text, path
            assert "from rich" not in text, path
            assert "import typer" not in text, path


def test_pillow_is_called_where_images_are_read_and_where_others_are_measured():
    for path in PACKAGE.rglob("*.py"):
        if room_of(module_of(path)) not in ("images", "bench"):
            assert not re.search(r"^\s*(from|import) PIL\b", path.read_text(), re.MULTILINE), path


def test_the_extension_includes_neither_torch_nor_aten():
    for path in (ROOT / "csrc").rglob("*.*"):
        assert "torch/" not in path.read_text(), path
        assert "ATen" not in path.read_text() or path.name == "README.md", path
