"""Which devices kernels run on."""

import pytest

from bsgrow.native.cuda_architectures import why_unsupported

BUILT = [80, 90, 100]


@pytest.mark.parametrize("capability", [80, 86, 89, 90, 100, 103, 110, 120])
def test_devices_that_run_them(capability):
    """By machine code of the same major version, or by the newest one's PTX."""
    assert why_unsupported(capability, BUILT) is None


@pytest.mark.parametrize(
    ("capability", "built"), [(70, BUILT), (75, BUILT), (80, [86, 90]), (80, [90]), (90, [])]
)
def test_devices_that_do_not(capability, built):
    reason = why_unsupported(capability, built)
    assert f"sm_{capability} is not among" in reason
    assert all(f"sm_{code}" in reason for code in built)
