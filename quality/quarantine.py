"""The rows that were set apart, as people may see them: where they stood, why, and what was decided.

Values of important columns are masked and core ones left out. A row whose structure is broken may hold
any value in any column, so it shows none when the contract has a column that is not general.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp

from catalog.contracts import Classification, Contract
from catalog.ids import RuleId
from quality.bound import Bound
from quality.condition import all_rows, chosen, column, number
from quality.gate import REJECTED_FILE
from quality.reason import HIDDEN
from quality.rule import STRUCTURE, binding_rules
from quality.verdict import RowRef
from warehouse.scratch import Scratch

MAX_PAGE = 500


@dataclass(frozen=True, slots=True)
class Reason:
    rule_id: RuleId
    column: str | None
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """`values` by column as the source wrote them; `releasable`: only waivable rules are broken."""

    row: RowRef
    values: Mapping[str, str | None]
    reasons: tuple[Reason, ...]
    releasable: bool


@dataclass(frozen=True, slots=True)
class QuarantinePage:
    total: int
    rows: tuple[QuarantinedRow, ...]


def quarantine_page(
    folder: Path, contract: Contract, *, offset: int = 0, limit: int = 50
) -> QuarantinePage:
    """Rows `offset` to `offset + limit` of a load's folder, in source order; at most MAX_PAGE."""
    if not (folder / REJECTED_FILE).exists():
        return QuarantinePage(0, ())
    first = number(max(offset, 0))
    last = number(max(offset, 0) + min(max(limit, 0), MAX_PAGE))
    place = column("file_row_number")
    window = exp.and_(
        exp.GTE(this=place, expression=first), exp.LT(this=place.copy(), expression=last)
    )
    with _opened(folder) as scratch:
        total = scratch.execute(exp.select(all_rows()).from_(_file(folder)))[0][0]
        found = scratch.execute(_select(folder).where(window).order_by(place.copy()))
    return QuarantinePage(int(str(total)), tuple(_row(item, contract) for item in found))


def quarantined(
    folder: Path, contract: Contract, rows: Sequence[RowRef]
) -> Mapping[RowRef, QuarantinedRow]:
    """Those of the rows that stand in the load's quarantine."""
    if not rows or not (folder / REJECTED_FILE).exists():
        return {}
    bound = Bound()
    with _opened(folder) as scratch:
        found = scratch.execute(_select(folder).where(chosen(rows, bound)), bound.values)
    return {row.row: row for row in (_row(item, contract) for item in found)}


def _opened(folder: Path) -> Scratch:
    return Scratch([folder], memory_limit="256MB", threads=1)


def _file(folder: Path) -> exp.Expr:
    path = exp.Literal.string(str(folder / REJECTED_FILE))
    numbered = exp.EQ(this=exp.column("file_row_number"), expression=exp.true())
    return exp.Table(this=exp.func("read_parquet", path, numbered))


def _select(folder: Path) -> exp.Select:
    reasons = exp.cast(exp.func("to_json", column("reasons")), "VARCHAR")
    return exp.select(column("_file"), column("_line"), column("row"), reasons).from_(_file(folder))


def _row(item: tuple[object, ...], contract: Contract) -> QuarantinedRow:
    file, line, row, reasons = item
    why = tuple(
        Reason(RuleId(r["rule_id"]), r["column"], r["reason_zh"], r["reason_en"])
        for r in json.loads(str(reasons))
    )
    broken = any(reason.rule_id == STRUCTURE for reason in why)
    return QuarantinedRow(
        row=RowRef(str(file), int(str(line))),
        values=_shown(
            json.loads(str(row), parse_float=str, parse_int=str), contract, broken=broken
        ),
        reasons=why,
        releasable=not any(reason.rule_id in binding_rules(contract) for reason in why),
    )


def _shown(
    landed: Mapping[str, object], contract: Contract, *, broken: bool
) -> Mapping[str, str | None]:
    if broken and any(c.classification is not Classification.GENERAL for c in contract.columns):
        return {}
    shown: dict[str, str | None] = {}
    for item in contract.columns:
        if item.classification is Classification.CORE or item.name not in landed:
            continue
        value = landed[item.name]
        if value is None:
            shown[item.name] = None
        elif item.classification is Classification.IMPORTANT:
            shown[item.name] = HIDDEN
        else:
            shown[item.name] = _text(value)
    return shown


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
