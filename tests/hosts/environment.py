"""Makes an environment over that of the interpreter it is run with: python -m … FOLDER."""

import shutil
import sys
import sysconfig
from pathlib import Path
from venv import EnvBuilder


def make(folder: Path) -> None:
    """Make an environment that has all that this one has; what is installed in it goes first."""
    shutil.rmtree(folder, ignore_errors=True)
    EnvBuilder(symlinks=True).create(folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    ours = sysconfig.get_path("purelib")
    (packages / "project.pth").write_text(f"import site; site.addsitedir({ours!r})\n")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
