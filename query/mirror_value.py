"""Values of a row as the row mirror's SQLite writes them into JSON, to the byte as the engine's way does.

Rules: `query/value.py` says what a value becomes, this prints it; a value that SQLite itself would render
otherwise stands beside its column as text (`query/mirrored.py`). What is none of these is refused.
"""

from sqlglot import exp

from catalog.contracts import ColumnType, Kind
from catalog.places import PADDED
from query.mirror_source import Names, Unmirrored, Value, literal
from query.mirrored import CITY_OFFSET_SECONDS

TEXT = ColumnType(Kind.STRING)
DIGITS = frozenset({Kind.INTEGER, Kind.BIGINT, Kind.PLACE})


def json_value(node: exp.Expr, names: Names) -> str:
    """The JSON of a value, a text that is never null."""
    value = _value(node, names)
    match value.type.kind:
        case Kind.STRING | Kind.DATE:
            return f"json_quote({value.sql})"
        case Kind.INTEGER:
            return f"coalesce({value.sql}, 'null')"
        case Kind.BOOLEAN:
            return f"CASE {value.sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END"
        case Kind.DOUBLE if value.text:
            plain = double_text(value.sql)
            return f"coalesce({value.text}, iif({value.sql} IS NULL, 'null', {plain}))"
        case Kind.TIMESTAMP if value.text:
            seconds = f"{value.sql} / 1000000 + {CITY_OFFSET_SECONDS}"
            plain = f"strftime('%Y-%m-%dT%H:%M:%S', {seconds}, 'unixepoch') || '+08:00'"
            return f"json_quote(coalesce({value.text}, {plain}))"
        case kind:
            raise Unmirrored(f"{kind.value} in JSON as it is")


def _value(node: exp.Expr, names: Names) -> Value:
    match node:
        case exp.Column():
            return names.column(node)
        case exp.Literal() if node.is_string:
            return Value(literal(node.name), TEXT)
        case exp.Cast():
            return Value(_text(node, names), TEXT)
        case exp.Left(this=exp.Cast() as text, expression=exp.Literal() as digits):
            return Value(f"substr({_text(text, names)}, 1, {int(digits.name)})", TEXT)
        case exp.Case(this=None):
            return _case(node, names)
        case _:
            raise Unmirrored(f"the value {type(node).__name__}")


def _case(node: exp.Case, names: Names) -> Value:
    """Texts by what a number is divided by: `query/value.py` shortens place codes so."""
    whens = []
    for each in node.args["ifs"]:
        match each.this:
            case exp.EQ(
                this=exp.Mod(this=exp.Column() as of, expression=exp.Literal() as by),
                expression=exp.Literal() as rest,
            ):
                column = names.column(of)
            case _:
                raise Unmirrored("a case that is no place's")
        if column.type.kind is not Kind.PLACE:
            raise Unmirrored("a case that is no place's")
        test = f"{column.sql} % {int(by.name)} = {int(rest.name)}"
        whens.append(f"WHEN {test} THEN {_first_digits(column, int(by.name), each, names)}")
    return Value(f"CASE {' '.join(whens)} ELSE {_as_text(node.args['default'], names)} END", TEXT)


def _first_digits(column: Value, by: int, case: exp.If, names: Names) -> str:
    """Of a whole place code they are what is left of a division, four times as fast as cut text."""
    cut = case.args["true"]
    text = _as_text(cut, names)
    if not isinstance(cut, exp.Left) or by != 10 ** (PADDED - int(cut.expression.name)):
        return text
    whole = f"{column.sql} BETWEEN {10 ** (PADDED - 1)} AND {10**PADDED - 1}"
    return f"CASE WHEN {whole} THEN CAST({column.sql} / {by} AS TEXT) ELSE {text} END"


def _as_text(node: exp.Expr, names: Names) -> str:
    value = _value(node, names)
    if value.type != TEXT:
        raise Unmirrored("a case of several kinds")
    return value.sql


def _text(node: exp.Cast, names: Names) -> str:
    """A number cast to text."""
    if not node.to.is_type("VARCHAR", "TEXT") or not isinstance(node.this, exp.Column):
        raise Unmirrored("a cast that makes no text of a column")
    value = names.column(node.this)
    match value.type.kind:
        case kind if kind in DIGITS:
            return f"CAST({value.sql} AS TEXT)"
        case Kind.DECIMAL:
            return decimal_text(value.sql, value.type)
        case kind:
            raise Unmirrored(f"{kind.value} as text")


def double_text(sql: str) -> str:
    """Of a PLAIN one: fifteen digits are all it has, and SQLite's own choice of more is not the shortest."""
    return f"printf('%!.15g', {sql})"


def decimal_text(sql: str, kind: ColumnType) -> str:
    """Of the scaled integer. The engine writes no zero before the point where there is no place for one."""
    if kind.scale == 0:
        return f"CAST({sql} AS TEXT)"
    one = 10**kind.scale
    whole = f"abs({sql}) / {one}" if kind.scale < kind.precision else "''"
    sign = f"CASE WHEN {sql} < 0 THEN '-' ELSE '' END"
    digits = f"printf('%s%s.%0{kind.scale}d', {sign}, {whole}, abs({sql}) % {one})"
    return f"CASE WHEN {sql} IS NOT NULL THEN {digits} END"
