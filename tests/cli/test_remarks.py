import logging

from bsgrow.cli.remarks import warnings_as_notes


def test_each_warning_is_a_note_once(capsys):
    log = logging.getLogger("bsgrow.data.something")
    with warnings_as_notes():
        for _ in range(2):
            log.warning("%s: left [aside]", "a.tar")
        log.warning("another")
        log.info("no warning")
    log.warning("after it")
    assert capsys.readouterr().err.splitlines() == ["note: a.tar: left [aside]", "note: another"]
