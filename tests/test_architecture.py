"""What the layout promises: imports go one way, and files stay small."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "bsgrow"

# A package imports only from those above it in this list.
LAYERS = [
    {"printable"},
    {"__init__", "command", "errors", "signals"},
    {"cuda_architectures", "files", "path_text", "validation", "schedule"}
    | {"_native", "_native_cuda", "_native_jpeg"},
    {"extension"},
    {"images"},
    {"native", "data", "models"},
    {"recipe", "loading"},
    {"training"},
    {"reporting"},
    {"bench"},
    {"cli"},
    {"__main__"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "bsgrow":
                names = [f"bsgrow.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            if package == "bsgrow" and rest:
                yield rest.partition(".")[0]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=str)
def test_imports_go_one_way(path):
    room = room_of(path)
    for imported in imported_rooms(path):
        assert imported == room or RANK[imported] < RANK[room], f"{room} imports {imported}"


def test_no_file_is_over_300_lines():
    folders = (ROOT / name for name in ("tests", "benchmarks"))
    python = [path for folder in (PACKAGE, *folders) for path in folder.rglob("*.py")]
    sources = [*python, *(ROOT / "csrc").rglob("*.*"), *(ROOT / "tests").rglob("*.cpp")]
    long = {str(path): n for path in sources if (n := len(path.read_text().splitlines())) > 300}
    assert long == {}


def test_only_the_command_line_imports_rich_and_typer():
    for path in PACKAGE.rglob("*.py"):
        if room_of(path) != "cli":
            text = path.read_text()
            assert "import rich" not in text, path
            assert "from rich" not in text, path
            assert "import typer" not in text, path


def test_the_extension_includes_neither_torch_nor_aten():
    for path in (ROOT / "csrc").rglob("*.*"):
        assert "torch/" not in path.read_text(), path
        assert "ATen" not in path.read_text() or path.name == "README.md", path
