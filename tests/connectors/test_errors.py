import string

import pytest

from catalog.errors import UserError
from connectors import errors

USER_ERRORS = [
    found
    for found in vars(errors).values()
    if isinstance(found, type) and issubclass(found, UserError) and "zh" in vars(found)
]


def test_every_code_is_its_own() -> None:
    codes = [error.code for error in USER_ERRORS]
    assert len(codes) == len(set(codes)) > 25


@pytest.mark.parametrize("error", USER_ERRORS, ids=lambda error: error.__name__)
def test_both_languages_say_the_same_things(error: type[UserError]) -> None:
    def named(template: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(template) if name}

    assert named(error.zh) == named(error.en)


def test_the_tree_in_the_docstring_names_every_class() -> None:
    assert errors.__doc__ is not None
    for error in USER_ERRORS:
        assert error.__name__ in errors.__doc__
