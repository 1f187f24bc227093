"""The rule types that a contract may name, and the arguments each of them takes.

The names and arguments are those of Great Expectations; what starts with `vitalhub_` is ours. The
share of rows that may fail is the rule's `tolerance`, never the argument `mostly`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum


class Reach(StrEnum):
    """What a rule needs to see, hence where it runs."""

    ROW = "row"  # one row: a bit of the mask
    DUPLICATES = "duplicates"  # rows that are equal in some columns: a bit, in a second pass
    BATCH = "batch"  # an aggregate of the batch: no row is at fault
    PUBLISHED = "published"  # other data sets: inside the publish step


class Shape(Enum):
    """What an argument must be; a VALUE is of the rule's own column's type."""

    VALUE = "a value of the column's type"
    VALUES = "a list of values of the column's type"
    NUMBER = "a number"
    COUNT = "a whole number of at least 0"
    FLAG = "true or false"
    TEXT = "a text"
    TEXTS = "a list of texts"
    REGEX = "a regular expression of the RE2 kind"
    REGEXES = "a list of regular expressions of the RE2 kind"
    COLUMN = "a column of the contract"
    COLUMNS = "a list of columns of the contract"
    NAMES = "a list of column names of the other data set"
    MATCH_ON = "any or all"
    IGNORE_PAIR = "both_values_are_missing, either_value_is_missing or neither"
    IGNORE_ROW = "all_values_are_missing, any_value_is_missing or never"


CHOICES: Mapping[Shape, tuple[str, ...]] = {
    Shape.MATCH_ON: ("any", "all"),
    Shape.IGNORE_PAIR: ("both_values_are_missing", "either_value_is_missing", "neither"),
    Shape.IGNORE_ROW: ("all_values_are_missing", "any_value_is_missing", "never"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule type. `one_of`: at least one of these must be given. `on_column`: stands on a column."""

    reach: Reach
    on_column: bool = True
    needs: Mapping[str, Shape] = field(default_factory=dict)
    takes: Mapping[str, Shape] = field(default_factory=dict)
    one_of: tuple[str, ...] = ()


def _bounded(reach: Reach, bound: Shape, *, on_column: bool = True, strict: bool = True) -> Entry:
    takes = {"min_value": bound, "max_value": bound}
    if strict:
        takes |= {"strict_min": Shape.FLAG, "strict_max": Shape.FLAG}
    return Entry(reach, on_column, takes=takes, one_of=("min_value", "max_value"))


def _needs(reach: Reach, **needs: Shape) -> Entry:
    return Entry(reach, needs=needs)


_PAIR = {"column_A": Shape.COLUMN, "column_B": Shape.COLUMN}
_LIST = {"column_list": Shape.COLUMNS}
_IGNORE = {"ignore_row_if": Shape.IGNORE_ROW}

VOCABULARY: Mapping[str, Entry] = {
    # one row
    "expect_column_values_to_not_be_null": Entry(Reach.ROW),
    "expect_column_values_to_be_null": Entry(Reach.ROW),
    "expect_column_values_to_be_in_set": _needs(Reach.ROW, value_set=Shape.VALUES),
    "expect_column_values_to_not_be_in_set": _needs(Reach.ROW, value_set=Shape.VALUES),
    "expect_column_values_to_be_between": _bounded(Reach.ROW, Shape.VALUE),
    "expect_column_value_lengths_to_be_between": _bounded(Reach.ROW, Shape.COUNT),
    "expect_column_value_lengths_to_equal": _needs(Reach.ROW, value=Shape.COUNT),
    "expect_column_values_to_match_regex": _needs(Reach.ROW, regex=Shape.REGEX),
    "expect_column_values_to_not_match_regex": _needs(Reach.ROW, regex=Shape.REGEX),
    "expect_column_values_to_match_regex_list": Entry(
        Reach.ROW, needs={"regex_list": Shape.REGEXES}, takes={"match_on": Shape.MATCH_ON}
    ),
    "expect_column_values_to_not_match_regex_list": _needs(Reach.ROW, regex_list=Shape.REGEXES),
    "expect_column_values_to_match_like_pattern": _needs(Reach.ROW, like_pattern=Shape.TEXT),
    "expect_column_values_to_not_match_like_pattern": _needs(Reach.ROW, like_pattern=Shape.TEXT),
    "expect_column_pair_values_a_to_be_greater_than_b": Entry(
        Reach.ROW,
        on_column=False,
        needs=_PAIR,
        takes={"or_equal": Shape.FLAG, "ignore_row_if": Shape.IGNORE_PAIR},
    ),
    "expect_column_pair_values_to_be_equal": Entry(
        Reach.ROW, on_column=False, needs=_PAIR, takes={"ignore_row_if": Shape.IGNORE_PAIR}
    ),
    "expect_multicolumn_sum_to_equal": Entry(
        Reach.ROW, on_column=False, needs={**_LIST, "sum_total": Shape.NUMBER}, takes=_IGNORE
    ),
    "expect_select_column_values_to_be_unique_within_record": Entry(
        Reach.ROW, on_column=False, needs=_LIST, takes=_IGNORE
    ),
    "vitalhub_datum_present": Entry(Reach.ROW),
    # rows that are equal
    "expect_column_values_to_be_unique": Entry(Reach.DUPLICATES),
    "expect_compound_columns_to_be_unique": Entry(
        Reach.DUPLICATES, on_column=False, needs=_LIST, takes=_IGNORE
    ),
    # the batch
    "expect_table_row_count_to_be_between": _bounded(
        Reach.BATCH, Shape.COUNT, on_column=False, strict=False
    ),
    "expect_table_row_count_to_equal": Entry(
        Reach.BATCH, on_column=False, needs={"value": Shape.COUNT}
    ),
    "expect_column_max_to_be_between": _bounded(Reach.BATCH, Shape.VALUE),
    "expect_column_min_to_be_between": _bounded(Reach.BATCH, Shape.VALUE),
    "expect_column_mean_to_be_between": _bounded(Reach.BATCH, Shape.NUMBER),
    "expect_column_sum_to_be_between": _bounded(Reach.BATCH, Shape.NUMBER),
    "expect_column_unique_value_count_to_be_between": _bounded(Reach.BATCH, Shape.COUNT),
    "expect_column_proportion_of_unique_values_to_be_between": _bounded(Reach.BATCH, Shape.NUMBER),
    "expect_column_proportion_of_non_null_values_to_be_between": _bounded(
        Reach.BATCH, Shape.NUMBER
    ),
    "expect_column_distinct_values_to_be_in_set": _needs(Reach.BATCH, value_set=Shape.VALUES),
    "expect_column_distinct_values_to_contain_set": _needs(Reach.BATCH, value_set=Shape.VALUES),
    "expect_column_distinct_values_to_equal_set": _needs(Reach.BATCH, value_set=Shape.VALUES),
    "vitalhub_freshness": _needs(Reach.BATCH, max_age_minutes=Shape.NUMBER),
    # other data sets
    "vitalhub_reference": Entry(
        Reach.PUBLISHED,
        on_column=False,
        needs={
            "columns": Shape.COLUMNS,
            "data_set": Shape.TEXT,
            "target_columns": Shape.NAMES,
        },
    ),
}
