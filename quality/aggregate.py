"""Rules of the whole batch: each is an aggregate and whether it is as it should be.

No row is at fault, so nothing is set apart; a rule that has nothing to look at fails.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlglot import exp

from quality.condition import all_rows, column, equal, every, number
from quality.native import FUTURE_ALLOWANCE, Context, between, count, in_set
from quality.rule import Rule


@dataclass(frozen=True, slots=True)
class BatchCheck:
    """Two aggregates: what is observed, and whether it is as it should be."""

    observed: exp.Expr
    holds: exp.Expr


def batch_check(rule: Rule, context: Context) -> BatchCheck:
    return _BATCH[rule.expectation](rule, context)


def _distinct(rule: Rule) -> exp.Expr:
    return exp.Count(this=exp.Distinct(expressions=[column(rule.columns[0])]))


def _share(part: exp.Expr, whole: exp.Expr) -> exp.Expr:
    return exp.Div(this=part, expression=exp.func("nullif", whole, number(0)))


def _aggregate(
    observed: Callable[[Rule], exp.Expr],
) -> Callable[[Rule, Context], BatchCheck]:
    def compiled(rule: Rule, context: Context) -> BatchCheck:
        value = observed(rule)
        return BatchCheck(value, between(rule, context, value))

    return compiled


def _function(name: str) -> Callable[[Rule, Context], BatchCheck]:
    return _aggregate(lambda rule: exp.func(name, column(rule.columns[0])))


def _rows_equal(rule: Rule, context: Context) -> BatchCheck:
    wanted = context.bound.value(int(str(rule.arguments["value"])))
    return BatchCheck(all_rows(), equal(all_rows(), wanted))


def _outside(rule: Rule, context: Context) -> exp.Expr:
    """No value is outside the set."""
    strangers = exp.func("count_if", exp.not_(exp.paren(in_set(rule, context))))
    return equal(strangers, number(0))


def _contained(rule: Rule, context: Context) -> exp.Expr:
    """Each value of the set occurs."""
    values = rule.arguments["value_set"]
    listed = values if isinstance(values, tuple) else (values,)
    own = column(rule.columns[0])
    found = [exp.func("count_if", equal(own.copy(), value)) for value in context.bound.list(listed)]
    return every([exp.GT(this=count, expression=number(0)) for count in found])


def _distinct_equal(rule: Rule, context: Context) -> exp.Expr:
    return every([_outside(rule, context), _contained(rule, context)])


def _set(compiled: Callable[[Rule, Context], exp.Expr]) -> Callable[[Rule, Context], BatchCheck]:
    return lambda rule, context: BatchCheck(_distinct(rule), compiled(rule, context))


def _fresh(rule: Rule, context: Context) -> BatchCheck:
    """The newest instant, of those that are not in the future, is young enough."""
    own = column(rule.columns[0])
    latest = context.bound.value(context.now + FUTURE_ALLOWANCE)
    newest = exp.Filter(
        this=exp.Max(this=own),
        expression=exp.Where(this=exp.LTE(this=own.copy(), expression=latest)),
    )
    age = timedelta(minutes=float(str(rule.arguments["max_age_minutes"])))
    oldest = context.bound.value(context.now - age)
    return BatchCheck(newest, exp.GTE(this=newest.copy(), expression=oldest))


_BATCH: Mapping[str, Callable[[Rule, Context], BatchCheck]] = {
    "expect_table_row_count_to_be_between": _aggregate(lambda _rule: all_rows()),
    "expect_table_row_count_to_equal": _rows_equal,
    "expect_column_max_to_be_between": _function("max"),
    "expect_column_min_to_be_between": _function("min"),
    "expect_column_mean_to_be_between": _function("avg"),
    "expect_column_sum_to_be_between": _function("sum"),
    "expect_column_unique_value_count_to_be_between": _aggregate(_distinct),
    "expect_column_proportion_of_unique_values_to_be_between": _aggregate(
        lambda rule: _share(_distinct(rule), count(rule))
    ),
    "expect_column_proportion_of_non_null_values_to_be_between": _aggregate(
        lambda rule: _share(count(rule), all_rows())
    ),
    "expect_column_distinct_values_to_be_in_set": _set(_outside),
    "expect_column_distinct_values_to_contain_set": _set(_contained),
    "expect_column_distinct_values_to_equal_set": _set(_distinct_equal),
    "vitalhub_freshness": _fresh,
}
