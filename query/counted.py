"""The relation that aggregates read where groups have a least size.

Rules: its rows are parted into cells by the cell columns alone, which no question can change; places
count as their township, times as their month; rows of a cell with fewer rows than the least group are
left out, and so are a cell's values of a column that aggregates alone may read where fewer than that
many are there. So any two answers differ by whole cells. See docs/aggregates.md.
"""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from catalog.contracts import Contract, Kind
from catalog.places import PlaceLevel, Places
from catalog.sharing.grant import Visibility
from query.rollup import TimeUnit, bucket_start, place_or_coarser

CELL_PLACE = PlaceLevel.TOWNSHIP
CELL_TIME = TimeUnit.MONTH
CELL_ZONE = "Asia/Shanghai"
GROUP_ROWS = "_rows"


def counted_of(
    whole: exp.Query,
    contract: Contract,
    columns: Mapping[str, Visibility],
    cells: Sequence[str],
    least: int,
    places: Places,
) -> exp.Select:
    """`whole` holds the columns as they are; what comes out holds the same ones."""
    coarse = exp.select(
        *(
            exp.alias_(
                _coarse(name, contract, places) if name in cells else _column(name),
                name,
                quoted=True,
            )
            for name in columns
        ),
        copy=False,
    ).from_(whole.subquery("exact"), copy=False)
    counted = exp.select(
        *(
            exp.alias_(
                _large_enough(name, cells, least) if how is Visibility.AGGREGATE else _column(name),
                name,
                quoted=True,
            )
            for name, how in columns.items()
        ),
        exp.alias_(_over(exp.Count(this=exp.Star(), big_int=True), cells), GROUP_ROWS, quoted=True),
        copy=False,
    ).from_(coarse.subquery("coarse"), copy=False)
    enough = exp.GTE(this=_column(GROUP_ROWS), expression=exp.Literal.number(least))
    kept = exp.select(*(_column(name) for name in columns), copy=False)
    return kept.from_(counted.subquery("cells"), copy=False).where(enough, copy=False)


def _coarse(name: str, contract: Contract, places: Places) -> exp.Expr:
    kind = contract.column(name).type.kind
    if kind is Kind.PLACE:
        return place_or_coarser(_column(name), CELL_PLACE, places)
    if kind in {Kind.DATE, Kind.TIMESTAMP}:
        return bucket_start(_column(name), kind, CELL_TIME, CELL_ZONE)
    return _column(name)


def _large_enough(name: str, cells: Sequence[str], least: int) -> exp.Expr:
    """The value where the cell has enough of them: a sum of one value is the value."""
    there = _over(exp.Count(this=_column(name), big_int=True), cells)
    enough = exp.GTE(this=there, expression=exp.Literal.number(least))
    return exp.Case(ifs=[exp.If(this=enough, true=_column(name))])


def _over(function: exp.Expr, cells: Sequence[str]) -> exp.Window:
    return exp.Window(this=function, partition_by=[_column(name) for name in cells])


def _column(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))
