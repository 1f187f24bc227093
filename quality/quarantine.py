"""The rows that were set apart, as people may see them: where they stood, why, and what was decided.

A page shows values, or masked samples: every value as its shape, in the reasons too. Which one is the
caller's right; masked is what nobody asked for. Either way values of important columns are hidden and
core ones left out. A row whose structure is broken may hold any value in any column, so it shows none
when the contract has a column that is not general.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlglot import exp

from catalog.contracts import Classification, Contract
from catalog.ids import RuleId
from quality.bound import Bound
from quality.condition import all_rows, chosen, column
from quality.gate import REJECTED_FILE
from quality.mask import shape_of
from quality.reason import HIDDEN, masked_reason
from quality.rule import STRUCTURE, Rule, binding_rules, rules_of
from quality.verdict import RowRef
from quality.vocabulary import Reach
from warehouse.scratch import Scratch

MAX_PAGE = 500
RAW_FILE, UNFIT_FILE = "raw.parquet", "unfit.parquet"
"""A load as it landed, and the rows that published data speaks against, by their number in it."""
OF_GATE = "of_gate"
"""Whether the gate gave the reasons, which may tell values; those of the publish step tell none."""
OUTDATED = (
    "该行不符合规则 {rule}；数据契约此后已变更，原说明不再显示。",
    "The row breaks the rule {rule}; the contract has changed since, so the reason is not shown.",
)


@dataclass(frozen=True, slots=True)
class Reason:
    rule_id: RuleId
    column: str | None
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """`values` by column, as the source wrote them or masked; `releasable`: only waivable rules are
    broken.
    """

    row: RowRef
    values: Mapping[str, str | None]
    reasons: tuple[Reason, ...]
    releasable: bool


@dataclass(frozen=True, slots=True)
class QuarantinePage:
    total: int
    rows: tuple[QuarantinedRow, ...]
    masked: bool


def quarantine_page(
    folder: Path, contract: Contract, *, masked: bool = True, offset: int = 0, limit: int = 50
) -> QuarantinePage:
    """Rows `offset` to `offset + limit` of a load's folder, by file and line; at most MAX_PAGE."""
    rows = _rows(folder)
    if rows is None:
        return QuarantinePage(0, (), masked)
    page = (
        _select(rows)
        .order_by(column("_file"), column("_line"))
        .limit(min(max(limit, 0), MAX_PAGE))
        .offset(max(offset, 0))
    )
    with _opened(folder) as scratch:
        total = scratch.execute(exp.select(all_rows()).from_(rows.subquery("rows")))[0][0]
        found = scratch.execute(page)
    reader = _Reader(contract, masked=masked)
    return QuarantinePage(int(str(total)), tuple(map(reader.row, found)), masked)


def quarantined(
    folder: Path, contract: Contract, chosen_rows: Sequence[RowRef]
) -> Mapping[RowRef, QuarantinedRow]:
    """Those of the rows that stand in the load's quarantine, with their values."""
    rows = _rows(folder)
    if not chosen_rows or rows is None:
        return {}
    bound = Bound()
    with _opened(folder) as scratch:
        found = scratch.execute(_select(rows).where(chosen(chosen_rows, bound)), bound.values)
    return {row.row: row for row in map(_Reader(contract, masked=False).row, found)}


def _opened(folder: Path) -> Scratch:
    return Scratch([folder], memory_limit="256MB", threads=1)


def _rows(folder: Path) -> exp.Query | None:
    """What the gate set apart, and what the publish step did; None when neither has written."""
    parts: list[exp.Query] = []
    if (folder / REJECTED_FILE).exists():
        columns = [column(name) for name in ("_file", "_line", "row", "reasons")]
        gate = exp.true().as_(OF_GATE)
        parts.append(exp.select(*columns, gate).from_(_parquet(folder / REJECTED_FILE)))
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
                exp.false().as_(OF_GATE),
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
    chosen_columns = [column("_file"), column("_line"), column("row"), reasons, column(OF_GATE)]
    return exp.select(*chosen_columns).from_(rows.subquery("rows"))


class _Reader:
    """Turns what stands in the quarantine into what the caller may see."""

    def __init__(self, contract: Contract, *, masked: bool) -> None:
        self._contract = contract
        self._masked = masked
        self._binding = binding_rules(contract)
        self._rules = {rule.id: rule for rule in rules_of(contract)} if masked else {}

    def row(self, item: tuple[object, ...]) -> QuarantinedRow:
        file, line, row, reasons, of_gate = item
        read = json.loads(str(row), parse_float=str, parse_int=str)
        landed = {name: None if value is None else _text(value) for name, value in read.items()}
        given = [
            Reason(RuleId(r["rule_id"]), r["column"], r["reason_zh"], r["reason_en"])
            for r in json.loads(str(reasons))
        ]
        mask = self._masked and bool(of_gate)
        return QuarantinedRow(
            row=RowRef(str(file), int(str(line))),
            values=self._shown(landed, broken=any(r.rule_id == STRUCTURE for r in given)),
            reasons=tuple(self._without_values(r, landed) if mask else r for r in given),
            releasable=not any(reason.rule_id in self._binding for reason in given),
        )

    def _without_values(self, given: Reason, landed: Mapping[str, str | None]) -> Reason:
        rule: Rule | None = self._rules.get(given.rule_id)
        if rule is not None and rule.expectation == STRUCTURE:
            return given
        if rule is not None and rule.reach in (Reach.ROW, Reach.DUPLICATES):
            zh, en = masked_reason(rule, self._contract, landed)
        else:
            zh, en = (text.format(rule=given.rule_id) for text in OUTDATED)
        return replace(given, zh=zh, en=en)

    def _shown(self, landed: Mapping[str, str | None], *, broken: bool) -> Mapping[str, str | None]:
        columns = self._contract.columns
        if broken and any(c.classification is not Classification.GENERAL for c in columns):
            return {}
        return {
            item.name: self._value(landed[item.name], item.classification)
            for item in columns
            if item.classification is not Classification.CORE and item.name in landed
        }

    def _value(self, value: str | None, classification: Classification) -> str | None:
        if value is None:
            return None
        if classification is Classification.IMPORTANT:
            return HIDDEN
        return shape_of(value) if self._masked else value


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
