"""Writes a checked batch as two files: the rows to publish, and the quarantine.

The quarantine keeps each row as it was landed, where it stood in its source, its mask, and for every
rule it broke the reason in Chinese and English.
"""

from collections.abc import Mapping
from functools import reduce
from pathlib import Path

from sqlglot import exp

from quality.bound import Bound
from quality.cast import ROW
from quality.condition import column, equal, number
from quality.reason import BREAKS_EN, BREAKS_ZH, EMPTY, HIDDEN, SLOT, reason, value_columns
from quality.rule import STRUCTURE, Rule
from quality.staging import STAGED, Counts, Staged

MAX_SHOWN = 80
"""Characters of a value that a reason shows."""


def write_good(staged: Staged, file: Path) -> int:
    """The rows that may be published: the contract's columns and `_row`, in source order; how many."""
    columns = [column(name) for name in (*(c.name for c in staged.contract.columns), ROW)]
    query = exp.select(*columns).from_(STAGED).where(exp.not_(staged.set_apart()))
    return staged.cursor.write_parquet(query, file)


def write_withheld(staged: Staged, file: Path) -> int:
    """The keys of the rows set apart, where they could be read; how many."""
    keys = [column(name) for name in staged.contract.key]
    whole = [exp.not_(column(name).is_(exp.null())) for name in staged.contract.key]
    query = exp.select(*keys).from_(STAGED).where(staged.set_apart(), *whole)
    return staged.cursor.write_parquet(query, file)


def write_rejected(staged: Staged, counts: Counts, file: Path) -> int:
    """The rows set apart: _file, _line, row, the mask's words, reasons; how many."""
    bound = Bound()
    broken = [
        rule
        for rule in staged.rules
        if rule.id in staged.bits and counts.tallies[rule.id].failed > 0
    ]
    fields = [
        exp.PropertyEQ(this=exp.to_identifier(item.name), expression=column(item.name, "landed"))
        for item in staged.contract.columns
        if item.name in staged.found
    ]
    landed = exp.func("to_json", exp.Struct(expressions=fields))
    query = (
        exp.select(
            column("_file", "landed"),
            column("_line", "landed"),
            exp.cast(landed, "VARCHAR").as_("row", quoted=True),
            *(column(word, STAGED) for word in staged.words),
            _reasons(staged, broken, bound).as_("reasons"),
        )
        .from_(STAGED)
        .join(
            exp.alias_(staged.source(), "landed", table=True),
            on=equal(column("file_row_number", "landed"), column(ROW, STAGED)),
        )
        .where(staged.set_apart())
        .order_by(column(ROW, STAGED))
    )
    return staged.cursor.write_parquet(query, file, bound.values)


def _reasons(staged: Staged, rules: list[Rule], bound: Bound) -> exp.Expr:
    entries = [_entry(staged, rule, bound) for rule in rules]
    kind = 'STRUCT(rule_id VARCHAR, "column" VARCHAR, reason_zh VARCHAR, reason_en VARCHAR)[]'
    listed = exp.cast(exp.Array(expressions=entries), kind, dialect="duckdb")
    given = exp.Lambda(
        this=exp.not_(exp.column("r").is_(exp.null())), expressions=[exp.to_identifier("r")]
    )
    return exp.func("list_filter", listed, given)


def _entry(staged: Staged, rule: Rule, bound: Bound) -> exp.Expr:
    """The rule's reason for a row that breaks it, null for one that does not."""
    word, bit = staged.place(rule)
    shifted = exp.BitwiseRightShift(this=column(word, STAGED), expression=number(bit))
    broken = exp.BitwiseAnd(this=exp.paren(shifted), expression=number(1))
    zh, en = reason(rule, staged.contract)
    names = [n for n in value_columns(rule, staged.contract) if n in staged.found]
    value = _shown(names, bound) if SLOT in zh + en else exp.null()
    value_zh = value_en = value
    if rule.expectation == STRUCTURE:
        value_zh, value_en = _said(value, BREAKS_ZH, bound), _said(value, BREAKS_EN, bound)
    entry = {
        "rule_id": bound.value(str(rule.id)),
        "column": bound.value(rule.column) if rule.column else exp.null(),
        "reason_zh": _filled(zh, value_zh, bound),
        "reason_en": _filled(en, value_en, bound),
    }
    fields = [exp.PropertyEQ(this=exp.to_identifier(k), expression=v) for k, v in entry.items()]
    one = equal(exp.paren(broken), number(1))
    return exp.case().when(one, exp.Struct(expressions=fields))


def _shown(names: list[str], bound: Bound) -> exp.Expr:
    """The landed values, cut to a readable length; HIDDEN where they may not be shown."""
    if not names:
        return bound.value(HIDDEN)
    length = number(MAX_SHOWN)
    parts = [
        exp.func(
            "coalesce",
            exp.func("left", exp.cast(column(name, "landed"), "VARCHAR"), length.copy()),
            bound.value(EMPTY),
        )
        for name in names
    ]
    return exp.func("concat_ws", bound.value(", "), *parts)


def _said(value: exp.Expr, words: Mapping[str, str], bound: Bound) -> exp.Expr:
    return reduce(
        lambda text, kind: exp.func("replace", text, bound.value(kind[0]), bound.value(kind[1])),
        words.items(),
        value.copy(),
    )


def _filled(sentence: str, value: exp.Expr, bound: Bound) -> exp.Expr:
    """The sentence with the value in its slot."""
    parts: list[exp.Expr] = []
    for index, text in enumerate(sentence.split(SLOT)):
        parts += [value.copy()] if index else []
        parts += [bound.value(text)] if text else []
    return exp.func("concat", *parts)
