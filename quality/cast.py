"""From what a source wrote to what the contract promises, never silently different.

Blank text is no value; so is what the column lists as "not reported". Exact text must fit exactly:
"1.5" is no integer and "181.2345" no decimal(9,3); a float is rounded to the declared scale. No number, instant
or day is infinite. An instant without zone is the city's time. What does not fit becomes null and fails the rule of the type.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from sqlglot import exp

from catalog.contracts import Column, Contract, Kind
from catalog.places import PADDED
from quality.bound import Bound
from quality.condition import column, equal, given, missing
from quality.errors import ColumnMissing, ColumnRetyped

BROKEN = "_broken"
ROW = "_row"
GIVEN = "_given_{}"
YES, NO = ("true", "1", "是"), ("false", "0", "否")
INTEGER_TEXT = r"[+-]?[0-9]+(\.0*)?"
NUMBER_TEXT = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"
DAY_TEXT = r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T]0?0:00(:00(\.0+)?)?)?"
INSTANT_TEXT = r"^[0-9]{4}[-/][0-9]"
PLACE_TEXT = r"[1-9][0-9]{5}([0-9]{3}){0,3}"


class Family(StrEnum):
    """What the engine calls a landed column's type, reduced to what matters for a cast."""

    TEXT = "text"
    WHOLE = "whole"
    EXACT = "exact"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DAY = "day"
    INSTANT = "instant"
    OTHER = "other"


_UNSIGNED = ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_FAMILIES: Mapping[str, Family] = {
    "VARCHAR": Family.TEXT,
    "FLOAT": Family.FLOAT,
    "DOUBLE": Family.FLOAT,
    "BOOLEAN": Family.BOOLEAN,
    "DATE": Family.DAY,
    **dict.fromkeys(
        ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", *_UNSIGNED),
        Family.WHOLE,
    ),
}
_NUMBERS = frozenset({Family.TEXT, Family.WHOLE, Family.EXACT, Family.FLOAT})
_TIMES = frozenset({Family.TEXT, Family.DAY, Family.INSTANT})
_ACCEPTED: Mapping[Kind, frozenset[Family]] = {
    Kind.STRING: frozenset(Family) - {Family.OTHER},
    Kind.INTEGER: _NUMBERS,
    Kind.BIGINT: _NUMBERS,
    Kind.DECIMAL: _NUMBERS,
    Kind.DOUBLE: _NUMBERS,
    Kind.BOOLEAN: _NUMBERS | {Family.BOOLEAN},
    Kind.DATE: _TIMES,
    Kind.TIMESTAMP: _TIMES,
    Kind.PLACE: _NUMBERS,
}


def family_of(engine_type: str) -> Family:
    if engine_type.startswith("DECIMAL"):
        return Family.EXACT
    if engine_type.startswith("TIMESTAMP"):
        return Family.INSTANT
    return _FAMILIES.get(engine_type, Family.OTHER)


def typed_rows(
    contract: Contract, found: Mapping[str, str], source: exp.Expr, bound: Bound
) -> exp.Select:
    """The landed rows as the contract's columns, each beside `_given_<column>` (was there a value).

    `found` maps the landed columns to the engine's names of their types. ColumnMissing or
    ColumnRetyped when the landed columns cannot be this data set at all.
    """
    landed, typed = [], []
    for item in contract.columns:
        engine_type = found.get(item.name)
        family = _family(contract, item, engine_type)
        value = _value(item, family, bound) if engine_type else exp.null()
        if BROKEN in found:
            value = exp.case().when(missing(BROKEN), value)
        name = GIVEN.format(item.name)
        landed.append(value.as_(name, quoted=True))
        typed.append(_typed(item, family, column(name)).as_(item.name, quoted=True))
        typed.append(given(name).as_(name, quoted=True))
    broken = column(BROKEN) if BROKEN in found else exp.cast(exp.null(), "VARCHAR")
    kept = [column("file_row_number").as_(ROW), broken.as_(BROKEN)]
    inner = exp.select(*kept, *landed).from_(source)
    return exp.select(column(ROW), column(BROKEN), *typed).from_(inner.subquery("landed"))


def _family(contract: Contract, item: Column, engine_type: str | None) -> Family:
    if engine_type is None:
        if item.required or item.name in contract.key:
            raise ColumnMissing(data_set=contract.data_set, column=item.name, header=item.header)
        return Family.TEXT
    family = Family.TEXT if engine_type == '"NULL"' else family_of(engine_type)
    if family not in _ACCEPTED[item.type.kind]:
        raise ColumnRetyped(
            data_set=contract.data_set,
            column=item.name,
            header=item.header,
            found=engine_type,
            wanted=item.type.kind,
        )
    return family


def _value(item: Column, family: Family, bound: Bound) -> exp.Expr:
    """The landed value without blanks and without what means "not reported"."""
    raw: exp.Expr = column(item.name)
    if family is Family.TEXT:
        raw = exp.func("nullif", exp.func("trim", exp.cast(raw, "VARCHAR")), bound.value(""))
    if not item.not_reported:
        return raw
    text = exp.cast(raw, "VARCHAR")
    missing: exp.Expr = text.isin(*bound.list(item.not_reported))
    numbers = [n for n in map(_number, item.not_reported) if n is not None]
    if numbers and family in _NUMBERS and item.type.kind is not Kind.STRING:
        number = exp.TryCast(this=raw, to=exp.DataType.build("DOUBLE"))
        missing = exp.or_(missing, number.isin(*bound.list(numbers)))
    return exp.case().when(exp.func("coalesce", missing, exp.false()), exp.null()).else_(raw)


def _number(text: str) -> float | None:
    try:
        return float(Decimal(text))
    except InvalidOperation:
        return None


def _typed(item: Column, family: Family, value: exp.Expr) -> exp.Expr:
    match item.type.kind:
        case Kind.STRING:
            return _text(family, value)
        case Kind.INTEGER | Kind.BIGINT as kind:
            return _whole(family, value, kind.upper())
        case Kind.DECIMAL:
            return _decimal(item, family, value)
        case Kind.DOUBLE:
            return _finite(
                _try(_when(value, NUMBER_TEXT) if family is Family.TEXT else value, "DOUBLE")
            )
        case Kind.BOOLEAN:
            return _boolean(family, value)
        case Kind.DATE:
            return _day(family, value)
        case Kind.TIMESTAMP:
            return _instant(family, value)
        case Kind.PLACE:
            code = _when(_text(family, value), PLACE_TEXT)
            padded = exp.func("rpad", code, exp.Literal.number(PADDED), exp.Literal.string("0"))
            return exp.cast(padded, "BIGINT")


def _text(family: Family, value: exp.Expr) -> exp.Expr:
    """A whole float is written without its `.0`: spreadsheets keep codes as numbers."""
    if family is not Family.FLOAT:
        return exp.cast(value, "VARCHAR")
    whole = _try(value, "HUGEINT")
    same = equal(exp.cast(whole, "DOUBLE"), value.copy())
    return (
        exp.case().when(same, exp.cast(whole.copy(), "VARCHAR")).else_(exp.cast(value, "VARCHAR"))
    )


def _whole(family: Family, value: exp.Expr, engine_type: str) -> exp.Expr:
    if family is Family.TEXT:
        return _try(_when(value, INTEGER_TEXT), engine_type)
    if family is Family.WHOLE:
        return _try(value, engine_type)
    same = equal(exp.func("trunc", value), value.copy())
    return exp.case().when(same, _try(value.copy(), engine_type))


def _decimal(item: Column, family: Family, value: exp.Expr) -> exp.Expr:
    precision, scale = item.type.precision, item.type.scale
    engine_type = f"DECIMAL({precision}, {scale})"
    if family is Family.TEXT:
        return _try(_when(value, _decimal_text(scale)), engine_type)
    number = _try(value, engine_type)
    if family is not Family.EXACT:
        return number
    return exp.case().when(equal(number, value.copy()), number.copy())


def _decimal_text(scale: int) -> str:
    """At most `scale` decimals, beyond them only zeros or the dust of binary arithmetic."""
    dust = r"(0+|0{5,}[0-9]{1,2}|9{5,}[0-9]{1,2})"
    return (
        rf"[+-]?([0-9]+\.?|[0-9]*\.[0-9]{{1,{max(scale, 1)}}}|[0-9]*\.[0-9]{{{scale}}}{dust})"
        r"|[+-]?[0-9](\.[0-9]+)?[eE][+-]?[0-9]{1,2}"
    )


def _boolean(family: Family, value: exp.Expr) -> exp.Expr:
    if family is Family.BOOLEAN:
        return value
    text = exp.func("lower", exp.cast(value, "VARCHAR")) if family is Family.TEXT else None
    said = text or _text(Family.FLOAT, exp.cast(value, "DOUBLE"))
    return (
        exp.case()
        .when(said.isin(*map(exp.Literal.string, YES)), exp.true())
        .when(said.copy().isin(*map(exp.Literal.string, NO)), exp.false())
    )


def _day(family: Family, value: exp.Expr) -> exp.Expr:
    if family is Family.TEXT:
        return _try(_when(value, DAY_TEXT), "DATE")
    if family is Family.DAY:
        return _finite(value)
    day = exp.cast(value, "DATE")
    midnight = equal(exp.cast(day, "TIMESTAMP"), exp.cast(value, "TIMESTAMP"))
    return exp.case().when(midnight, _finite(day.copy()))


def _instant(family: Family, value: exp.Expr) -> exp.Expr:
    if family is not Family.TEXT:
        return _finite(_try(value, "TIMESTAMPTZ"))
    starts = exp.func("regexp_matches", value, exp.Literal.string(INSTANT_TEXT))
    return _try(exp.case().when(starts, value), "TIMESTAMPTZ")


def _finite(value: exp.Expr) -> exp.Expr:
    """No source means infinity; nor has JSON a word for it."""
    return exp.case().when(exp.func("isfinite", value), value.copy())


def _when(value: exp.Expr, pattern: str) -> exp.Expr:
    matches = exp.func("regexp_full_match", value, exp.Literal.string(pattern))
    return exp.case().when(matches, value.copy())


def _try(value: exp.Expr, engine_type: str) -> exp.TryCast:
    return exp.TryCast(this=value, to=exp.DataType.build(engine_type, dialect="duckdb"))
