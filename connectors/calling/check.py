"""JSON schemas ready to check with. Patterns are matched in linear time, whatever the text."""

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from pydantic_core import SchemaValidator
from pydantic_core import ValidationError as NoMatch

from catalog.interfaces.typing import pattern_of

matcher = lru_cache(maxsize=1024)(pattern_of)


def _matches(
    _validator: Validator, pattern: str, instance: object, _schema: object
) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _fits(matcher(pattern), instance):
        yield ValidationError("does not match the pattern")


def _fits(pattern: SchemaValidator, text: str) -> bool:
    try:
        pattern.validate_python(text)
    except NoMatch:
        return False
    return True


Checker: Any = extend(Draft202012Validator, {"pattern": _matches})  # type: ignore[no-untyped-call]


@lru_cache(maxsize=1024)
def checker_of(schema: str) -> Validator:
    """The checker of a schema's text; its numbers are exact, as those it is asked about."""
    checker: Validator = Checker(json.loads(schema, parse_float=Decimal))
    return checker
