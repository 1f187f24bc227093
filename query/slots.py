"""What a parameter of a filter may be bound to, and the parameters whose values come later.

Rules: a value that comes with the tree and one that is put into a slot pass the same check, with the
same refusal; the engine never sees one that did not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from catalog.contracts import Kind
from catalog.ids import PlaceCode
from catalog.places import padded
from catalog.predicate import Scalar, Values
from query.errors import WrongValue

WHOLE_DIGITS, FRACTION_DIGITS = 19, 18
"""A decimal within these has a common type with any other, and with a column's values."""
PLACE_DIGITS = frozenset({6, 9, 12, 15})
ACCEPTED: dict[Kind, tuple[type, ...]] = {
    Kind.STRING: (str,),
    Kind.INTEGER: (int,),
    Kind.BIGINT: (int,),
    Kind.DECIMAL: (Decimal, int),
    Kind.DOUBLE: (float, int),
    Kind.BOOLEAN: (bool,),
    Kind.DATE: (date,),
    Kind.TIMESTAMP: (datetime,),
    Kind.PLACE: (str,),
}
AS_THEY_COME: dict[Kind, frozenset[type]] = {
    kind: frozenset({accepted})
    for kind, (accepted, *others) in ACCEPTED.items()
    if not others and kind is not Kind.PLACE
}
"""Of these kinds nothing more is asked of a value than its very type."""
Bindable = Scalar | list[Scalar]
"""A list where one parameter stands for all values of it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a parameter is bound to is put into a slot: for a field of the API and its kind of column."""

    slot: int
    field: str
    kind: Kind
    whole: bool = False
    """Whether it is a list."""

    def bound(self, values: Values) -> Bindable:
        """WrongValue."""
        value = values[self.slot]
        if self.whole != isinstance(value, tuple):
            raise TypeError(f"slot {self.slot} takes {'a list' if self.whole else 'one value'}")
        if isinstance(value, tuple):
            if AS_THEY_COME.get(self.kind, frozenset()).issuperset(map(type, value)):
                return list(value)
            return [bindable(self.field, self.kind, each) for each in value]
        return bindable(self.field, self.kind, value)


def bound(parameters: Mapping[str, Scalar | Taken], values: Values) -> dict[str, Bindable]:
    """Each parameter with its value, in the order in which they were written. WrongValue."""
    return {
        name: value.bound(values) if isinstance(value, Taken) else value
        for name, value in parameters.items()
    }


def bindable(field: str, kind: Kind, value: Scalar) -> Scalar:
    """The value as the engine compares it. WrongValue when it does not fit the kind of column."""
    accepted = ACCEPTED[kind]
    if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted):
        raise WrongValue(field=field, value=value)
    if kind is Kind.DECIMAL and not _within_digits(Decimal(value)):  # type: ignore[arg-type]  # ACCEPTED says what it is
        raise WrongValue(field=field, value=value)
    if kind is Kind.PLACE:
        code = str(value)
        if not code.isascii() or not code.isdigit() or len(code) not in PLACE_DIGITS:
            raise WrongValue(field=field, value=value)
        return padded(PlaceCode(code))
    return value


def _within_digits(value: Decimal) -> bool:
    """Past these digits the engine fails where it should compare."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):  # NaN, infinity
        return False
    return value.adjusted() < WHOLE_DIGITS and exponent >= -FRACTION_DIGITS
