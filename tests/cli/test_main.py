"""The entry point: what it makes of errors, of a signal, and of the outputs it is given."""

import errno
import os
import subprocess
import sys
import textwrap

import pytest

from bsgrow.cli import entry, main
from bsgrow.cli.text_output import prepare_text_output
from bsgrow.errors import BsgrowError, InputError

DISK_FULL = (
    "error: cannot write the output: No space left\n"
    "hint: make room on the disk, or send the output elsewhere\n"
)


@pytest.fixture
def main_with(monkeypatch, capsys):
    """Run main with a command that raises, and return exit code, stdout and stderr."""

    def run(error):
        def command():
            raise error

        monkeypatch.setattr(entry, "_run", command)
        with pytest.raises(SystemExit) as caught:
            main()
        return caught.value.code, *capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (InputError("x = 3: wrong", "take 4"), 2, "error: x = 3: wrong\nhint: take 4\n"),
        (BsgrowError("cannot"), 1, "error: cannot\n"),
        (OSError(errno.ENOSPC, "No space left"), 1, DISK_FULL),
        (OSError(errno.ENOSPC, "Full", "a"), 1, "error: [Errno 28] Full: 'a'\n"),
        (OSError(errno.EIO, "Failed"), 1, "error: [Errno 5] Failed\n"),
        (BrokenPipeError(), 1, ""),
        (KeyboardInterrupt(), 130, ""),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_an_error_becomes_lines_and_an_exit_code(main_with, error, code, lines):
    assert main_with(error) == (code, "", lines)


def test_an_interrupt_in_the_middle_of_an_import_gives_the_exit_code(tmp_path):
    """Imports execute text, as `dataclass` does."""
    program = """
        import signal
        from bsgrow.cli import entry, main
        entry._run = lambda: exec("signal.raise_signal(signal.SIGINT)")
        main()
    """
    (tmp_path / "interrupted.py").write_text(textwrap.dedent(program))
    command = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


def test_an_interrupt_before_signals_are_handled_gives_the_exit_code(tmp_path):
    program = """
        import signal, sys
        from bsgrow.cli import main
        class Interrupting:
            def find_spec(self, name, *where):
                if name == "bsgrow.cli.interrupt":
                    signal.raise_signal(signal.SIGINT)
        sys.meta_path.insert(0, Interrupting())
        main()
    """
    (tmp_path / "interrupted.py").write_text(textwrap.dedent(program))
    command = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize("module", ["bsgrow.cli.app", "bsgrow.cli.plan.command"])
def test_an_interrupt_that_an_import_swallows_stops_the_command(tmp_path, module):
    """As one that falls into a callback of the interpreter's."""
    program = f"""
        import contextlib, signal, sys
        from bsgrow.cli import main
        class Swallowing:
            def find_spec(self, name, *where):
                if name == {module!r}:
                    with contextlib.suppress(KeyboardInterrupt):
                        signal.raise_signal(signal.SIGINT)
        sys.meta_path.insert(0, Swallowing())
        sys.argv = ["bsgrow", "plan", "digits"]
        main()
    """
    (tmp_path / "interrupted.py").write_text(textwrap.dedent(program))
    command = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_no_other_module_is_imported_before_an_interrupt_is_caught():
    program = "import sys; had = {*sys.modules}; import bsgrow.cli; print(*({*sys.modules} - had))"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert set(result.stdout.split()) == {"bsgrow", "bsgrow.cli"}


def test_an_error_of_ours_is_called_one(main_with, monkeypatch):
    monkeypatch.delenv("BSGROW_TRACEBACK", raising=False)
    code, _, lines = main_with(ZeroDivisionError("division by zero"))
    assert code == 1
    assert lines.startswith("error: internal error: ZeroDivisionError: division by zero\nhint: ")
    assert "BSGROW_TRACEBACK=1" in lines


def test_an_error_of_ours_shows_its_trace_on_request(main_with, monkeypatch):
    monkeypatch.setenv("BSGROW_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        main_with(ZeroDivisionError())


def test_nothing_heavy_is_imported_before_a_signal_is_handled():
    program = "import sys, bsgrow.cli.entry; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    heavy = {"numpy", "pydantic", "rich", "torch", "typer", "bsgrow._native", "bsgrow.cli.app"}
    assert heavy.isdisjoint(result.stdout.split())


def run_bsgrow(*words, environment=None, redirection=""):
    line = f'"$0" -m bsgrow "$@" {redirection}'
    return subprocess.run(
        ["/bin/sh", "-c", line, sys.executable, *words],
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_closed_stdout():
    result = run_bsgrow("plan", redirection=">&-")
    assert result.returncode == 0
    assert result.stderr.startswith("note: ")


def test_a_reader_that_has_seen_enough():
    words = ("plan", "cifar10-grow", "--format", "csv", "--every", "update")
    result = run_bsgrow(*words, redirection="| head -1")
    assert result.stdout.startswith("index,")
    assert result.stderr == ""


def test_a_full_disk():
    result = run_bsgrow("recipes", redirection=">/dev/full")
    said = DISK_FULL.replace("left", "left on device")
    assert (result.returncode, result.stderr) == (1, said)


def test_an_encoding_without_the_signs_of_a_table_and_a_terminal_of_no_width():
    environment = {"PYTHONIOENCODING": "ascii", "COLUMNS": "0"}
    result = run_bsgrow("plan", "cifar10-grow", environment=environment)
    assert result.returncode == 0, result.stderr
    assert "micro ? accum ? world" in result.stdout
    assert "note: " in result.stderr


@pytest.mark.parametrize("value", ["1000000000", "²", "abc", "-5", "9" * 5000, "0", ""])
def test_a_size_of_the_terminal_that_is_none(value, monkeypatch):
    """Rich would fill a billion columns with dashes, and typer reads the width when imported."""
    names = ("COLUMNS", "LINES", "TERMINAL_WIDTH")
    for name in names:
        monkeypatch.setenv(name, value)
    prepare_text_output()
    assert {*names}.isdisjoint(os.environ)


def test_a_size_of_the_terminal_is_kept(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    prepare_text_output()
    assert os.environ["COLUMNS"] == "80"


def test_an_instruction_set_that_is_none():
    result = run_bsgrow("plan", environment={"BSGROW_INSTRUCTION_SET": "foo"})
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: BSGROW_INSTRUCTION_SET: expected one of")
