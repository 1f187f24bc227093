"""Values as the encoder needs them: for JSON text where its numbers would lose digits."""

from collections.abc import Callable, Mapping

from sqlglot import exp

from catalog.contracts import ColumnType, Kind

TEXT = exp.DataType.build("VARCHAR")
Shown = Callable[[exp.Expr, ColumnType], exp.Expr]
"""The form in which a value of a type leaves."""


def json_ready(node: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Decimals, 64-bit integers and place codes as text."""
    if kind.kind in {Kind.DECIMAL, Kind.BIGINT}:
        return exp.Cast(this=node, to=TEXT.copy())
    if kind.kind is Kind.PLACE:
        return _place_text(node)
    return node


def typed(node: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Values in their own types, for files that have types; place codes as text, as ever."""
    if kind.kind is Kind.DECIMAL:  # a sum of integers is one, too
        return exp.Cast(this=node, to=exp.DataType.build(_decimal(kind), dialect="duckdb"))
    if kind.kind is Kind.PLACE:
        return _place_text(node)
    return node


def _decimal(kind: ColumnType) -> str:
    return f"DECIMAL({kind.precision}, {kind.scale})"


def struct(outputs: Mapping[str, exp.Expr]) -> exp.Struct:
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=node)
            for name, node in outputs.items()
        ]
    )


def _place_text(node: exp.Expr) -> exp.Expr:
    """A padded place code as its shortest code, see `catalog/places.py`."""
    text = exp.Cast(this=node, to=TEXT.copy())
    ifs = [
        exp.If(
            this=exp.EQ(
                this=exp.Mod(this=node.copy(), expression=exp.Literal.number(10**zeros)),
                expression=exp.Literal.number(0),
            ),
            true=exp.Left(this=text.copy(), expression=exp.Literal.number(15 - zeros)),
        )
        for zeros in (9, 6, 3)
    ]
    return exp.Case(ifs=ifs, default=text)
