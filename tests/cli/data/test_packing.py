"""`bsgrow data pack` says how to go on after Ctrl-C, and in plain words what it takes."""

from bsgrow.cli.data import packing


def test_ctrl_c_says_how_to_go_on(bsgrow, monkeypatch):
    def interrupted(*_positional, **_named):
        raise KeyboardInterrupt

    monkeypatch.setattr(packing, "pack", interrupted)
    done = bsgrow("data", "pack", "photographs", "packed")
    assert done.code == 130
    assert "note: stopped; the same command again goes on" in done.err


def test_what_a_number_may_be_is_said_as_for_keys_of_a_recipe(bsgrow):
    done = bsgrow("data", "pack", "photographs", "packed", "--num-workers", "5000")
    assert done.code == 2
    assert "'--num-workers': must be less than or equal to 1024" in done.err
