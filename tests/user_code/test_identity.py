import hashlib
from importlib.metadata import version

from bsgrow.user_code.identity import code_identity


def test_installed_code_is_told_by_its_version():
    assert code_identity("sklearn.datasets:load_digits", "data.name") == (
        f"scikit-learn {version('scikit-learn')}"
    )


def test_a_file_of_ones_own_is_told_by_its_digest(user_module):
    user_module("def f(): ...")
    digest = hashlib.sha256(b"def f(): ...").hexdigest()
    assert code_identity("mine:f", "model.name") == f"sha256:{digest}"


def test_what_has_no_file_is_told_by_its_name():
    assert code_identity("sys:exit", "model.name") == "sys:exit"
