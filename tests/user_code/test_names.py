import pytest

from bsgrow.errors import InputError
from bsgrow.user_code.names import check_name, is_user_code


@pytest.mark.parametrize("name", ["mine:build", "a.b.c:Make.it", "_m1:f", "größe:bau"])
def test_names_of_the_form(name):
    assert is_user_code(name)
    check_name(name, "model.name")


@pytest.mark.parametrize(
    "name", [":", "a:", ":b", "a:b:c", "a b:c", "a.:b", ".a:b", "a:b.", "1a:b", "a:b()", "a/b:c"]
)
def test_other_names_are_refused_by_their_key(name):
    with pytest.raises(InputError, match=r"data\.name = .*: is not of the form") as caught:
        check_name(name, "data.name")
    assert "my_code:build" in caught.value.hint


@pytest.mark.parametrize("name", ["resnet50", "mine.build", 3, None])
def test_names_of_a_registry_are_none(name):
    assert not is_user_code(name)
