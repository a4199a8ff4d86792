"""What `bsgrow bench` accepts behind its options, and what it says of the rest."""

import pytest

from bsgrow.cli.bench.values import batch_size_list, image_shape, system_list
from bsgrow.errors import InputError
from bsgrow.validation.registry import Registry

KNOWN = Registry("system", ("bsgrow", None), ("dali", None))


def test_lists_keep_their_order_and_no_duplicate():
    assert batch_size_list("640, 128,640") == [640, 128]
    assert system_list("dali,bsgrow,dali", KNOWN) == ["dali", "bsgrow"]
    assert image_shape("1x28x24") == (1, 28, 24)
    assert image_shape("3×32×32") == (3, 32, 32)


@pytest.mark.parametrize("text", ["", "0", "128,", "-1", "1e3", "²", "128;256", "9" * 5000])
def test_what_is_no_batch_size(text):
    with pytest.raises(InputError, match="is not a whole number from 1 to 2147483647") as error:
        batch_size_list(text)
    assert error.value.message.startswith("--batch-sizes")
    assert error.value.hint == "--batch-sizes 128,1024,8192"
    assert len(error.value.message) < 400


@pytest.mark.parametrize("text", ["32x32", "3x32x32x1", "3x0x32", "cifar"])
def test_what_is_no_shape(text):
    with pytest.raises(InputError, match="--shape") as error:
        image_shape(text)
    assert error.value.hint == "--shape 3x32x32"


def test_what_is_no_system():
    with pytest.raises(InputError, match="--systems: 'dally' is not known") as error:
        system_list("bsgrow,dally", KNOWN)
    assert error.value.hint == 'did you mean "dali"?'
