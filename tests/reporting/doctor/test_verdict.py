"""The sentence that the doctor ends in."""

import pytest

from bsgrow.reporting.doctor import Finding, examine, verdict

CPU = [
    Finding("module", "_native", "works", needed=True),
    Finding("module", "_native_jpeg", "works"),
    Finding("module", "_native_cuda", "works"),
    Finding("package", "torch", "works", needed=True, facts={"num_cuda_devices": 0}),
    Finding("package", "nvidia-dali-cuda130", "works"),
    Finding("device", "cuda", "missing", reason="no driver", hint="install it"),
]
DRIVER = Finding("device", "cuda", "works", facts={"cuda_driver": "13.0"})
SEES_DEVICES = Finding("package", "torch", "works", needed=True, facts={"num_cuda_devices": 2})


def with_others(*others):
    names = {finding.name: finding for finding in others}
    return [names.get(finding.name, finding) for finding in CPU]


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        (
            CPU,
            "works here: training on the CPU, decoding JPEGs natively, decoding by DALI; does not: "
            "training on CUDA devices (install NVIDIA's driver, on a machine with a device)",
        ),
        (
            with_others(DRIVER),
            "works here: training on the CPU, decoding JPEGs natively, decoding by DALI; does not: "
            "training on CUDA devices (install torch for CUDA 13.0 or older)",
        ),
        (
            with_others(DRIVER, SEES_DEVICES),
            "works here: training on the CPU, training on CUDA devices, making batches on CUDA "
            "devices, decoding JPEGs natively, decoding by DALI",
        ),
        (
            with_others(DRIVER, SEES_DEVICES, Finding("module", "_native_cuda", "missing")),
            "works here: training on the CPU, training on CUDA devices, decoding JPEGs natively, "
            "decoding by DALI; does not: making batches on CUDA devices (with nvcc in PATH, "
            "install bsgrow again)",
        ),
        (
            with_others(
                Finding("module", "_native", "broken", needed=True, hint="build it again"),
                Finding("module", "_native_jpeg", "missing"),
                Finding("package", "nvidia-dali-cuda130", "missing"),
            ),
            "does not: training on the CPU (build it again), training on CUDA devices (install "
            "NVIDIA's driver, on a machine with a device), decoding JPEGs natively (with "
            "libjpeg-turbo's headers, install bsgrow again), decoding by DALI (pip install "
            "nvidia-dali-cuda130)",
        ),
    ],
)
def test_it_says_what_works_and_what_to_do_for_the_rest(findings, expected):
    assert verdict(findings) == expected


def test_all_that_is_found_here_fits_in():
    assert "training on the CPU" in verdict(examine())
