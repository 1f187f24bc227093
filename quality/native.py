"""The gate's own executor: a rule becomes a DuckDB condition or aggregate over typed rows.

A condition is true for a row that breaks the rule; null counts as kept, as in SQL and in Great
Expectations. Only partial matches (`regexp_matches`) are used, never `~`, whose meaning changed
between engine versions. A parity test holds every type against Great Expectations.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from itertools import combinations

from sqlglot import exp

from catalog.contracts import Datum
from quality.bound import Bound
from quality.cast import BROKEN, GIVEN
from quality.condition import all_rows, column, equal, every, given, missing, some
from quality.rule import DATUM, FUTURE, KEY_UNIQUE, REQUIRED, STRUCTURE, TYPE, Rule, texts

FUTURE_ALLOWANCE = timedelta(minutes=5)
"""A source's clock may be this much ahead of the city's."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a condition may need beside its rule."""

    bound: Bound
    now: datetime


@dataclass(frozen=True, slots=True)
class RowCheck:
    """`breaks` is true for a row at fault; `counts` is the aggregate of rows that were looked at.

    `adds_failed`: the rows at fault are null by now and come on top of the aggregate.
    """

    breaks: exp.Expr
    counts: exp.Expr
    adds_failed: bool = False


@dataclass(frozen=True, slots=True)
class DuplicatesCheck:
    """Rows with equal `columns`, all of them given. `later_only`: the first of them is kept."""

    columns: tuple[str, ...]
    counts: exp.Expr
    later_only: bool = False


def row_check(rule: Rule, context: Context) -> RowCheck:
    return _ROW[rule.expectation](rule, context)


def duplicates_check(rule: Rule) -> DuplicatesCheck:
    counts = _looked_at(rule) if rule.expectation.startswith("expect_compound") else count(rule)
    return DuplicatesCheck(rule.columns, counts, later_only=rule.expectation == KEY_UNIQUE)


def count(rule: Rule) -> exp.Expr:
    """The rows in which the rule's (first) column has a value."""
    return exp.Count(this=column(rule.columns[0]))


def _value(rule: Rule, breaks: exp.Expr) -> RowCheck:
    return RowCheck(breaks, count(rule))


def _ignored(rule: Rule) -> exp.Expr:
    """The rows that `ignore_row_if` leaves out, by its default when it is not said."""
    pair = rule.expectation.startswith("expect_column_pair")
    default = "both_values_are_missing" if pair else "all_values_are_missing"
    nulls = [missing(name) for name in rule.columns]
    match rule.arguments.get("ignore_row_if", default):
        case "both_values_are_missing" | "all_values_are_missing":
            return exp.paren(every(nulls))
        case "either_value_is_missing" | "any_value_is_missing":
            return some(nulls)
        case _:
            return exp.false()


def _looked_at(rule: Rule) -> exp.Expr:
    """How many rows `ignore_row_if` leaves."""
    return exp.func("count_if", exp.not_(_ignored(rule)))


def _several(rule: Rule, breaks: exp.Expr) -> RowCheck:
    return RowCheck(every([exp.not_(_ignored(rule)), breaks]), _looked_at(rule))


# implied


def _structure(_rule: Rule, _context: Context) -> RowCheck:
    return RowCheck(given(BROKEN), all_rows())


def _type(rule: Rule, _context: Context) -> RowCheck:
    landed = column(GIVEN.format(rule.columns[0]))
    return RowCheck(every([landed, missing(rule.columns[0])]), count(rule), adds_failed=True)


def _required(rule: Rule, _context: Context) -> RowCheck:
    return RowCheck(exp.not_(column(GIVEN.format(rule.columns[0]))), all_rows())


def _future(rule: Rule, context: Context) -> RowCheck:
    latest = context.bound.value(context.now + FUTURE_ALLOWANCE)
    return _value(rule, exp.GT(this=column(rule.columns[0]), expression=latest))


def _datum(rule: Rule, context: Context) -> RowCheck:
    name, datum = rule.columns
    known = column(datum).isin(*context.bound.list(str(d) for d in Datum))
    unnamed = exp.not_(exp.func("coalesce", known, exp.false()))
    return _value(rule, every([given(name), unnamed]))


# one row


def _is_null(rule: Rule, _context: Context) -> RowCheck:
    return RowCheck(missing(rule.columns[0]), all_rows())


def _is_given(rule: Rule, _context: Context) -> RowCheck:
    return RowCheck(given(rule.columns[0]), all_rows())


def in_set(rule: Rule, context: Context) -> exp.Expr:
    values = rule.arguments["value_set"]
    listed = values if isinstance(values, tuple) else (values,)
    return column(rule.columns[0]).isin(*context.bound.list(listed))


def between(rule: Rule, context: Context, value: exp.Expr) -> exp.Expr:
    """The value is within the bounds that are given."""
    terms: list[exp.Expr] = []
    for name, strict, loose, tight in (
        ("min_value", "strict_min", exp.GTE, exp.GT),
        ("max_value", "strict_max", exp.LTE, exp.LT),
    ):
        bound = rule.arguments.get(name)
        if bound is not None and not isinstance(bound, tuple):
            kind = tight if rule.arguments.get(strict) else loose
            terms.append(kind(this=value.copy(), expression=context.bound.value(bound)))
    return exp.paren(every(terms))


def _length(rule: Rule) -> exp.Expr:
    return exp.func("length", exp.cast(column(rule.columns[0]), "VARCHAR"))


def _length_equals(rule: Rule, context: Context) -> exp.Expr:
    wanted = context.bound.value(int(str(rule.arguments["value"])))
    return equal(_length(rule), wanted)


def _matches(rule: Rule, context: Context, argument: str) -> list[exp.Expr]:
    patterns = context.bound.list(texts(rule.arguments[argument]))
    return [exp.func("regexp_matches", column(rule.columns[0]), p) for p in patterns]


def _matches_list(rule: Rule, context: Context) -> exp.Expr:
    found = _matches(rule, context, "regex_list")
    return exp.paren(every(found)) if rule.arguments.get("match_on") == "all" else some(found)


def _like(rule: Rule, context: Context) -> exp.Expr:
    pattern = context.bound.value(str(rule.arguments["like_pattern"]))
    return exp.Like(this=column(rule.columns[0]), expression=pattern)


def _greater(rule: Rule, _context: Context) -> RowCheck:
    kind = exp.GTE if rule.arguments.get("or_equal") else exp.GT
    a, b = rule.columns
    kept = kind(this=column(a), expression=column(b))
    return _several(rule, exp.not_(exp.paren(kept)))


def _equal(rule: Rule, _context: Context) -> RowCheck:
    a, b = rule.columns
    return _several(rule, exp.NullSafeNEQ(this=column(a), expression=column(b)))


def _sum_equals(rule: Rule, context: Context) -> RowCheck:
    terms: list[exp.Expr] = [column(name) for name in rule.columns]
    total = reduce(lambda left, right: exp.Add(this=left, expression=right), terms)
    wanted = context.bound.value(float(str(rule.arguments["sum_total"])))
    return _several(rule, exp.NEQ(this=exp.paren(total), expression=wanted))


def _differ(rule: Rule, _context: Context) -> RowCheck:
    pairs = combinations(rule.columns, 2)
    same = [exp.NullSafeEQ(this=column(a), expression=column(b)) for a, b in pairs]
    return _several(rule, some(same))


def _keeps(compiled: Callable[[Rule, Context], exp.Expr]) -> Callable[[Rule, Context], RowCheck]:
    """A type that says what a value must be: a row breaks it when that is false."""
    return lambda rule, context: _value(rule, exp.not_(exp.paren(compiled(rule, context))))


def _breaks(compiled: Callable[[Rule, Context], exp.Expr]) -> Callable[[Rule, Context], RowCheck]:
    """A type that says what a value must not be."""
    return lambda rule, context: _value(rule, compiled(rule, context))


_ROW: Mapping[str, Callable[[Rule, Context], RowCheck]] = {
    STRUCTURE: _structure,
    TYPE: _type,
    REQUIRED: _required,
    FUTURE: _future,
    DATUM: _datum,
    "expect_column_values_to_not_be_null": _is_null,
    "expect_column_values_to_be_null": _is_given,
    "expect_column_values_to_be_in_set": _keeps(in_set),
    "expect_column_values_to_not_be_in_set": _breaks(in_set),
    "expect_column_values_to_be_between": _keeps(
        lambda rule, context: between(rule, context, column(rule.columns[0]))
    ),
    "expect_column_value_lengths_to_be_between": _keeps(
        lambda rule, context: between(rule, context, _length(rule))
    ),
    "expect_column_value_lengths_to_equal": _keeps(_length_equals),
    "expect_column_values_to_match_regex": _keeps(
        lambda rule, context: _matches(rule, context, "regex")[0]
    ),
    "expect_column_values_to_not_match_regex": _breaks(
        lambda rule, context: _matches(rule, context, "regex")[0]
    ),
    "expect_column_values_to_match_regex_list": _keeps(_matches_list),
    "expect_column_values_to_not_match_regex_list": _breaks(
        lambda rule, context: some(_matches(rule, context, "regex_list"))
    ),
    "expect_column_values_to_match_like_pattern": _keeps(_like),
    "expect_column_values_to_not_match_like_pattern": _breaks(_like),
    "expect_column_pair_values_a_to_be_greater_than_b": _greater,
    "expect_column_pair_values_to_be_equal": _equal,
    "expect_multicolumn_sum_to_equal": _sum_equals,
    "expect_select_column_values_to_be_unique_within_record": _differ,
}
