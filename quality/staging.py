"""A batch inside the scratch engine: its rows as the contract's types, each with its mask.

Bit n of the mask says that the row breaks the n-th row rule; 64 rules fill one word, more take a
second one. Bit 0 is the structure: the other rules do not look at a row whose structure is broken.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from pathlib import Path

from sqlglot import exp

from catalog.contracts import Contract, Severity
from catalog.ids import RuleId
from quality.aggregate import batch_check
from quality.bound import Bound
from quality.cast import BROKEN, ROW, typed_rows
from quality.condition import (
    all_rows,
    any_bit,
    bits,
    chosen,
    column,
    either_bits,
    every,
    given,
    missing,
    number,
    some,
)
from quality.native import (
    Context,
    DuplicatesCheck,
    RowCheck,
    duplicates_check,
    row_check,
)
from quality.rule import NOT_EMPTY, STRUCTURE, Rule
from quality.verdict import RowRef
from quality.vocabulary import Reach
from warehouse.scratch import Scratch

STAGED = "staged"
WORD_BITS = 64


@dataclass(frozen=True, slots=True)
class Tally:
    evaluated: int
    failed: int
    observed: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    rows: int
    tallies: Mapping[RuleId, Tally]


class Staged:
    """One batch in a cursor of its own; `evaluate` fills the masks and counts."""

    def __init__(
        self,
        cursor: Scratch,
        raw: Path,
        contract: Contract,
        rules: Sequence[Rule],
        now: datetime,
        released: Sequence[RowRef] | None = None,
    ) -> None:
        self.cursor = cursor
        self.contract = contract
        self.now = now
        self.raw = raw
        self.rules = rules
        marking = [rule for rule in rules if rule.reach in (Reach.ROW, Reach.DUPLICATES)]
        self.bits: Mapping[RuleId, int] = {rule.id: bit for bit, rule in enumerate(marking)}
        self.words = tuple(
            "mask" if n == 0 else f"mask_{n}" for n in range(-(-len(marking) // WORD_BITS))
        )
        description = cursor.execute(exp.Describe(this=_select_all(self.source())))
        self.found = {str(row[0]): str(row[1]) for row in description}
        self._stage(released)

    def source(self) -> exp.Expr:
        """The landed file as a table, with `file_row_number`."""
        numbered = exp.EQ(this=exp.column("file_row_number"), expression=exp.true())
        return exp.Table(this=exp.func("read_parquet", exp.Literal.string(str(self.raw)), numbered))

    def marked(self, rules: Sequence[Rule]) -> exp.Expr:
        """Whether a staged row breaks one of the rules."""
        masks = dict.fromkeys(self.words, 0)
        for rule in rules:
            if rule.id in self.bits:
                word, bit = self.place(rule)
                masks[word] |= 1 << bit
        return some([any_bit(word, mask) for word, mask in masks.items() if mask])

    def set_apart(self) -> exp.Expr:
        """Whether a staged row may not be published."""
        return self.marked([r for r in self.rules if r.severity is not Severity.INFO])

    def place(self, rule: Rule) -> tuple[str, int]:
        """The word and the bit of a rule."""
        word, bit = divmod(self.bits[rule.id], WORD_BITS)
        return self.words[word], bit

    def evaluate(self) -> Counts:
        tallies = dict(self._aggregates())
        duplicates = [r for r in self.rules if r.reach is Reach.DUPLICATES]
        checks = [(rule, duplicates_check(rule)) for rule in duplicates]
        for rule, check in sorted(checks, key=lambda pair: pair[1].later_only):
            evaluated = self._mark_duplicates(rule, check)
            if evaluated is not None:
                tallies[rule.id] = Tally(evaluated, 0)
        rows, failed = self._count_masks()
        for rule in self.rules:
            if rule.id not in self.bits:
                continue
            tally, count = tallies[rule.id], failed.get(rule.id, 0)
            looked_at = tally.evaluated + (count if rule.id in self._adds_failed else 0)
            if rule.expectation == STRUCTURE:
                looked_at = rows
            tallies[rule.id] = Tally(looked_at, count)
        return Counts(rows, tallies)

    def _stage(self, released: Sequence[RowRef] | None) -> None:
        bound = Bound()
        source = self.source()
        if released is not None:
            source = _select_all(source).where(chosen(released, bound)).subquery("landed")
        typed = typed_rows(self.contract, self.found, source, bound)
        context = Context(bound, self.now)
        self._checks: dict[RuleId, RowCheck] = {
            rule.id: row_check(rule, context) for rule in self.rules if rule.reach is Reach.ROW
        }
        self._adds_failed = {i for i, check in self._checks.items() if check.adds_failed}
        words = [word.as_(name) for name, word in self._masks()]
        columns = [column(item.name) for item in self.contract.columns]
        query = exp.select(column(ROW), *words, *columns).from_(typed.subquery("typed"))
        statement = f"CREATE TEMP TABLE {STAGED} AS {query.sql('duckdb')}"
        self.cursor.execute(statement, bound.values)

    def _masks(self) -> Iterator[tuple[str, exp.Expr]]:
        for index, name in enumerate(self.words):
            terms = [
                exp.case().when(check.breaks, bits(1 << (self.bits[i] % WORD_BITS))).else_(bits(0))
                for i, check in self._checks.items()
                if self.bits[i] // WORD_BITS == index and self.bits[i] > 0
            ]
            mask = reduce(either_bits, terms, bits(0))
            if BROKEN in self.found:
                broken = bits(0 if index else 1)
                mask = exp.case().when(missing(BROKEN), mask).else_(broken)
            yield name, mask

    def _whole(self) -> exp.Expr:
        """Whether a staged row's structure is sound."""
        if BROKEN not in self.found:
            return exp.true()
        return exp.not_(any_bit(self.words[0], 1))

    def _aggregates(self) -> Iterator[tuple[RuleId, Tally]]:
        """One pass for all denominators and all rules of the whole batch."""
        bound = Bound()
        wanted = {rule.id: self._wanted(rule, Context(bound, self.now)) for rule in self.rules}
        each = {item.sql("duckdb"): item for items in wanted.values() for item in items}
        if not each:
            return
        query = exp.select(*each.values()).from_(STAGED).where(self._whole())
        row = dict(zip(each, self.cursor.execute(query, bound.values)[0], strict=True))
        for rule_id, items in wanted.items():
            match [row[item.sql("duckdb")] for item in items]:
                case [evaluated]:
                    yield rule_id, Tally(_integer(evaluated), 0)
                case [observed, holds]:
                    yield rule_id, Tally(1, 0 if holds else 1, _text(observed))

    def _wanted(self, rule: Rule, context: Context) -> list[exp.Expr]:
        """A rule's denominator, or what a rule of the batch observes and whether it holds."""
        if rule.reach is Reach.ROW:
            return [self._checks[rule.id].counts]
        if rule.reach is Reach.DUPLICATES:
            return [duplicates_check(rule).counts]
        if rule.expectation == NOT_EMPTY:
            return []
        check = batch_check(rule, context)
        holds = exp.func("coalesce", check.holds, exp.false())
        return [exp.cast(check.observed, "VARCHAR"), holds]

    def _mark_duplicates(self, rule: Rule, check: DuplicatesCheck) -> int | None:
        """Set the rule's bit; for `later_only` the number of rows that were compared."""
        looked_at = exp.not_(self.set_apart()) if check.later_only else self._whole()
        compared = every([looked_at, *(given(name) for name in check.columns)])
        keys = [column(name) for name in check.columns]
        size = all_rows().as_("size")
        groups = exp.select(size).from_(STAGED).where(compared).group_by(*keys).subquery("groups")
        rows = exp.func("coalesce", exp.Sum(this=column("size")), number(0))
        largest = exp.func("coalesce", exp.Max(this=column("size")), number(0))
        found, most = map(_integer, self.cursor.execute(exp.select(rows, largest).from_(groups))[0])
        if most > 1:
            self._set_bit(rule, _repeated(check, compared))
        return found if check.later_only else None

    def _set_bit(self, rule: Rule, rows: exp.Query) -> None:
        word, bit = self.place(rule)
        marked = either_bits(column(word), bits(1 << bit))
        chosen = exp.In(this=column(ROW), query=rows.subquery())
        self.cursor.execute(exp.update(STAGED, {word: marked}, where=chosen))

    def _count_masks(self) -> tuple[int, dict[RuleId, int]]:
        words = [column(word) for word in self.words]
        query = exp.select(*words, all_rows()).from_(STAGED).group_by(*words)
        failed: dict[RuleId, int] = {}
        rows = 0
        for *masks, count in self.cursor.execute(query):
            rows += _integer(count)
            for rule_id, bit in self.bits.items():
                if _integer(masks[bit // WORD_BITS]) >> (bit % WORD_BITS) & 1:
                    failed[rule_id] = failed.get(rule_id, 0) + _integer(count)
        return rows, failed


def _repeated(check: DuplicatesCheck, compared: exp.Expr) -> exp.Select:
    """The rows that equal another one; for `later_only` without the first of each group."""
    keys = [column(name) for name in check.columns]
    nth: exp.Expr = exp.Window(this=all_rows(), partition_by=keys)
    if check.later_only:
        order = exp.Order(expressions=[column(ROW)])
        nth = exp.Window(this=exp.RowNumber(), partition_by=keys, order=order)
    counted = exp.select(column(ROW), nth.as_("nth")).from_(STAGED).where(compared)
    several = exp.GT(this=column("nth"), expression=number(1))
    return exp.select(column(ROW)).from_(counted.subquery("counted")).where(several)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _integer(value: object) -> int:
    return int(str(value))


def _select_all(source: exp.Expr) -> exp.Select:
    return exp.select("*").from_(source)
