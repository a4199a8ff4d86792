"""What `bsgrow` does first and last: it runs a command, and makes an exit code of its end."""

import errno
import os
import sys
from collections.abc import Callable
from importlib import import_module

from bsgrow.cli.garbage import few_collections
from bsgrow.cli.interrupt import raise_if_interrupted, remember_interrupts, was_interrupted
from bsgrow.cli.one_of_many import is_left_to_another, let_rank_0_say_it, record_failure
from bsgrow.cli.remarks import warnings_as_notes
from bsgrow.cli.text_output import flush_stdout, prepare_text_output
from bsgrow.errors import BsgrowError

_INTERRUPTED = 130  # 128 + SIGINT, as shells count it


def enter() -> None:
    """Run bsgrow, as ``bsgrow.cli.main`` says."""
    _set_defaults()
    try:
        remember_interrupts()
        prepare_text_output()
        _run()
    except KeyboardInterrupt:  # during the imports; a command that has begun handles its own
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:  # the reader of stdout has seen enough
        sys.exit(1)
    except BsgrowError as error:
        _fail(error)
    except OSError as error:
        _fail(_of_the_system(error))
    except Exception as error:  # the last resort: whatever it is, it is ours and not the user's
        if os.environ.get("BSGROW_TRACEBACK"):
            raise
        _fail(_internal(error))
    finally:
        if was_interrupted():
            _forget_unhandled()


def _set_defaults() -> None:
    """Say to libraries how they are to behave, unless the user has; before they are imported."""
    # OpenMP's threads spin while they wait; on a core that others use too, that made a training
    # step 4 to 6 times slower than sleeping does. It must be set before torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # What a process that is gone means for the run is said in a sentence, not in torch's stack.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    # To look for plugins, Pydantic would read what is known of every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def _forget_unhandled() -> None:
    """Let the exit code stand.

    An interrupt that comes out of code that is executed as text, as imports do, the interpreter
    takes for one that nobody handles, and ends by SIGINT; until some such code is begun anew.
    """
    exec("")  # noqa: S102 - an empty text, which runs nothing


def _run() -> None:
    """Run a command, which imports what it needs."""
    if is_left_to_another(sys.argv[1:]):
        sys.exit()
    try:
        with few_collections(), warnings_as_notes():
            app = _app()
            raise_if_interrupted()
            app(prog_name="bsgrow")
    finally:
        flush_stdout()


def _app() -> Callable[..., object]:
    if sys.argv[1:2] == ["doctor"]:  # it says why the others cannot be loaded, so it loads none
        from bsgrow.cli.doctor import app
    else:
        import_module("bsgrow.native.extension")  # without it no command answers
        from bsgrow.cli.app import app
    return app


def _of_the_system(error: OSError) -> BsgrowError:
    """Return what the system says; without a name of a file it is about the output."""
    if error.errno == errno.ENOSPC and error.filename is None:
        return BsgrowError(
            f"cannot write the output: {error.strerror}",
            hint="make room on the disk, or send the output elsewhere",
        )
    return BsgrowError(str(error))


def _internal(error: Exception) -> BsgrowError:
    return BsgrowError(
        f"internal error: {type(error).__name__}: {error}",
        hint="this is a bug in bsgrow; BSGROW_TRACEBACK=1 in the environment shows where it is",
    )


def _fail(error: BsgrowError) -> None:
    if was_interrupted():  # whatever went wrong, that is why
        sys.exit(_INTERRUPTED)
    from bsgrow.cli.console import print_error

    record_failure(error)
    if error.is_said:
        let_rank_0_say_it()
    else:
        print_error(error)
    sys.exit(error.exit_code)
