import importlib
import pkgutil
import re

import catalog
from catalog.errors import UserError

CJK = re.compile(r"[\u4e00-\u9fff]")


def every_user_error() -> list[type[UserError]]:
    for module in pkgutil.walk_packages(catalog.__path__, "catalog."):
        importlib.import_module(module.name)
    found, pending = [], [UserError]
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        if kind is not UserError:
            found.append(kind)
    return found


def test_every_error_speaks_both_languages_each_in_its_own() -> None:
    for kind in every_user_error():
        if kind.__module__.startswith("catalog.") and hasattr(kind, "zh"):
            assert CJK.search(kind.zh), kind
            assert not CJK.search(kind.en), kind
