"""Each host's tests are collected in its own environment alone, which `make hosts` makes."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
HOST = Path(sys.prefix).name.partition("-")[0]  # transformers-4 is tested as transformers is

collect_ignore = [
    each.name for each in HERE.iterdir() if each.is_dir() and each.name not in (HOST, "__pycache__")
]


def pytest_configure(config):
    """Takes a host's own warnings for what they are: they are not about this project."""
    if (HERE / HOST).is_dir():
        config.addinivalue_line("filterwarnings", "default")
