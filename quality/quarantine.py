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
from quality.condition import all_rows, chosen, column
from quality.gate import REJECTED_FILE
from quality.reason import HIDDEN
from quality.rule import STRUCTURE, binding_rules
from quality.verdict import RowRef
from warehouse.scratch import Scratch

MAX_PAGE = 500
RAW_FILE, UNFIT_FILE = "raw.parquet", "unfit.parquet"
"""A load as it landed, and the rows that published data speaks against, by their number in it."""


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
    """Rows `offset` to `offset + limit` of a load's folder, by file and line; at most MAX_PAGE."""
    rows = _rows(folder)
    if rows is None:
        return QuarantinePage(0, ())
    page = (
        _select(rows)
        .order_by(column("_file"), column("_line"))
        .limit(min(max(limit, 0), MAX_PAGE))
        .offset(max(offset, 0))
    )
    with _opened(folder) as scratch:
        total = scratch.execute(exp.select(all_rows()).from_(rows.subquery("rows")))[0][0]
        found = scratch.execute(page)
    return QuarantinePage(int(str(total)), tuple(_row(item, contract) for item in found))


def quarantined(
    folder: Path, contract: Contract, chosen_rows: Sequence[RowRef]
) -> Mapping[RowRef, QuarantinedRow]:
    """Those of the rows that stand in the load's quarantine."""
    rows = _rows(folder)
    if not chosen_rows or rows is None:
        return {}
    bound = Bound()
    with _opened(folder) as scratch:
        found = scratch.execute(_select(rows).where(chosen(chosen_rows, bound)), bound.values)
    return {row.row: row for row in (_row(item, contract) for item in found)}


def _opened(folder: Path) -> Scratch:
    return Scratch([folder], memory_limit="256MB", threads=1)


def _rows(folder: Path) -> exp.Query | None:
    """What the gate set apart, and what the publish step did; None when neither has written."""
    parts: list[exp.Query] = []
    if (folder / REJECTED_FILE).exists():
        columns = [column(name) for name in ("_file", "_line", "row", "reasons")]
        parts.append(exp.select(*columns).from_(_parquet(folder / REJECTED_FILE)))
    if (folder / UNFIT_FILE).exists():
        landed = exp.alias_(_parquet(folder / RAW_FILE, numbered=True), "landed", table=True)
        row = exp.cast(exp.func("to_json", exp.column("landed")), "VARCHAR")
        same = exp.EQ(this=column("file_row_number", "landed"), expression=column("_row", "unfit"))
        parts.append(
            exp.select(
                column("_file", "landed"),
                column("_line", "landed"),
                row.as_("row", quoted=True),
                column("reasons", "unfit"),
            )
            .from_(exp.alias_(_parquet(folder / UNFIT_FILE), "unfit", table=True))
            .join(landed, on=same)
        )
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else exp.union(parts[0], parts[1], distinct=False)


def _parquet(file: Path, *, numbered: bool = False) -> exp.Expr:
    path = exp.Literal.string(str(file))
    options = [exp.EQ(this=exp.column("file_row_number"), expression=exp.true())]
    return exp.Table(this=exp.func("read_parquet", path, *(options if numbered else [])))


def _select(rows: exp.Query) -> exp.Select:
    reasons = exp.cast(exp.func("to_json", column("reasons")), "VARCHAR")
    chosen_columns = [column("_file"), column("_line"), column("row"), reasons]
    return exp.select(*chosen_columns).from_(rows.subquery("rows"))


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
