import pytest

from bsgrow.schedule.rescaling import rescaled_decay


def test_one_update_of_several_batches_forgets_as_much_as_they_do():
    after_three = 0.9 * 0.9 * 0.9
    assert rescaled_decay(0.9, 3) == pytest.approx(after_three, rel=1e-15)


def test_an_update_of_the_reference_forgets_as_much_as_it_says():
    assert rescaled_decay(0.9999, 1) == 0.9999


def test_a_cut_update_forgets_its_part():
    assert rescaled_decay(0.81, 0.5) == pytest.approx(0.9, rel=1e-15)
