"""Why a row was set apart, as a sentence in Chinese and in English that a person can act on.

`{label}` and `{column}` name the column, `{value}` is the row's own value (left out for columns that are
not of general classification), the other names are the rule's arguments.
"""

from collections.abc import Mapping

from catalog.contracts import Classification, Contract, Kind
from quality.argument import Argument
from quality.cast import BROKEN
from quality.mask import shape_of
from quality.rule import DATUM, FUTURE, KEY_UNIQUE, REQUIRED, STRUCTURE, TYPE, Rule

SLOT = "\x00"
"""Stands where the row's own value goes."""
HIDDEN = "***"
EMPTY = "∅"
"""Stands for a value that is not there."""
BREAKS_ZH: Mapping[str, str] = {
    "ragged_row:": "列数不符，",
    "expected ": "应有 ",
    " fields, found ": " 列，实有 ",
}
BREAKS_EN: Mapping[str, str] = {"ragged_row:": ""}
"""The connectors' words for a broken structure, as people read them."""

_OPEN_ZH = {"min_value": "不限", "max_value": "不限"}
_OPEN_EN = {"min_value": "any", "max_value": "any"}
_TYPES: Mapping[Kind, tuple[str, str]] = {
    Kind.STRING: ("文本", "a text"),
    Kind.INTEGER: ("整数", "a whole number"),
    Kind.BIGINT: ("整数", "a whole number"),
    Kind.DECIMAL: ("小数（整数部分与小数位数不超过契约规定）", "a decimal of the declared digits"),
    Kind.DOUBLE: ("数字", "a finite number"),
    Kind.BOOLEAN: ("是或否", "a yes or no (true, false, 1, 0, 是, 否)"),
    Kind.DATE: ("日期（如 2020-08-20）", "a date (like 2020-08-20)"),
    Kind.TIMESTAMP: ("时间（如 2020-08-20 08:00）", "a time (like 2020-08-20 08:00)"),
    Kind.PLACE: ("行政区划代码（6、9、12 或 15 位）", "a place code (6, 9, 12 or 15 digits)"),
}
_REASONS: Mapping[str, tuple[str, str]] = {
    STRUCTURE: (
        "该行无法读取：{value}。请检查这一行的列数、引号和编码，改正后重新报送。",
        "The row cannot be read: {value}. Check its fields, quotes and encoding, then send it again.",
    ),
    TYPE: (
        "“{label}”的值“{value}”不是{kind}。请改正后重新报送。",
        "{column} is {value!q}, which is not {kind}. Mend it and send it again.",
    ),
    REQUIRED: (
        "“{label}”为必填项，此行为空。请补齐。",
        "{column} is required and empty. Fill it in.",
    ),
    DATUM: (
        "“{label}”有值但没有写明高程基准（吴淞、黄海或 85高程）。请补齐“{datum_label}”。",
        "{column} has a value but names no vertical datum (吴淞, 黄海 or 85高程). Fill in {datum}.",
    ),
    FUTURE: (
        "“{label}”为 {value}，晚于当前时间。请核对来源设备的时钟。",
        "{column} is {value}, which lies in the future. Check the clock of the source.",
    ),
    KEY_UNIQUE: (
        "主键（{columns}）与本批次中更早的一行重复：{value}。保留先到的一行；请核对哪一行正确。",
        "The key ({columns}) repeats an earlier row of this batch: {value}. The first one is kept.",
    ),
    "expect_column_values_to_not_be_null": ("“{label}”不得为空。", "{column} must not be empty."),
    "expect_column_values_to_be_null": (
        "“{label}”应为空，此行为“{value}”。",
        "{column} must be empty and is {value!q}.",
    ),
    "expect_column_values_to_be_in_set": (
        "“{label}”的值“{value}”不在允许的取值内：{value_set}。",
        "{column} is {value!q}, not one of {value_set}.",
    ),
    "expect_column_values_to_not_be_in_set": (
        "“{label}”的值“{value}”属于禁止的取值：{value_set}。",
        "{column} is {value!q}, one of the forbidden {value_set}.",
    ),
    "expect_column_values_to_be_between": (
        "“{label}”的值 {value} 超出范围（{min_value} 至 {max_value}）。",
        "{column} is {value}, outside {min_value} to {max_value}.",
    ),
    "expect_column_value_lengths_to_be_between": (
        "“{label}”的值“{value}”长度应为 {min_value} 至 {max_value} 个字符。",
        "{column} is {value!q}; it must have {min_value} to {max_value} characters.",
    ),
    "expect_column_value_lengths_to_equal": (
        "“{label}”的值“{value}”长度应为 {value_argument} 个字符。",
        "{column} is {value!q}; it must have {value_argument} characters.",
    ),
    "expect_column_values_to_match_regex": (
        "“{label}”的值“{value}”不符合格式 {regex}。",
        "{column} is {value!q}, which does not match {regex}.",
    ),
    "expect_column_values_to_not_match_regex": (
        "“{label}”的值“{value}”不得符合格式 {regex}。",
        "{column} is {value!q}, which matches the forbidden {regex}.",
    ),
    "expect_column_values_to_match_regex_list": (
        "“{label}”的值“{value}”不符合规定的格式：{regex_list}。",
        "{column} is {value!q}, which does not match {regex_list}.",
    ),
    "expect_column_values_to_not_match_regex_list": (
        "“{label}”的值“{value}”符合了禁止的格式：{regex_list}。",
        "{column} is {value!q}, which matches one of the forbidden {regex_list}.",
    ),
    "expect_column_values_to_match_like_pattern": (
        "“{label}”的值“{value}”不符合样式 {like_pattern}。",
        "{column} is {value!q}, which is not like {like_pattern}.",
    ),
    "expect_column_values_to_not_match_like_pattern": (
        "“{label}”的值“{value}”符合了禁止的样式 {like_pattern}。",
        "{column} is {value!q}, which is like the forbidden {like_pattern}.",
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": (
        "“{first}”应大于“{second}”。请核对这两列。",
        "{column_A} must be greater than {column_B}. Check both columns.",
    ),
    "expect_column_pair_values_to_be_equal": (
        "“{first}”与“{second}”应相等。请核对这两列。",
        "{column_A} and {column_B} must be equal. Check both columns.",
    ),
    "expect_multicolumn_sum_to_equal": (
        "{columns} 之和应为 {sum_total}。",
        "The sum of {columns} must be {sum_total}.",
    ),
    "expect_select_column_values_to_be_unique_within_record": (
        "{columns} 的值应各不相同。",
        "The values of {columns} must differ from each other.",
    ),
    "expect_column_values_to_be_unique": (
        "“{label}”的值“{value}”在本批次中不唯一。",
        "{column} is {value!q}, which is not unique in this batch.",
    ),
    "expect_compound_columns_to_be_unique": (
        "{columns} 的组合在本批次中不唯一：{value}。",
        "The combination of {columns} is not unique in this batch: {value}.",
    ),
}


def reason(rule: Rule, contract: Contract) -> tuple[str, str]:
    """The two sentences; SLOT stands where the row's own value goes."""
    zh, en = _REASONS[rule.expectation]
    column = contract.column(rule.columns[0]) if rule.columns else None
    shown = {name: _shown(value) for name, value in rule.arguments.items()}
    labels = [contract.column(name).label for name in rule.columns]
    kind_zh, kind_en = _TYPES[column.type.kind] if column else ("", "")
    words = {
        "value_argument": shown.get("value", ""),
        **shown,
        "value": SLOT,
        "label": column.label if column else "",
        "column": column.name if column else "",
        "first": labels[0] if labels else "",
        "second": labels[-1] if labels else "",
        "datum": rule.columns[-1] if rule.columns else "",
        "datum_label": labels[-1] if labels else "",
    }
    in_zh = _OPEN_ZH | words | {"kind": kind_zh, "columns": "、".join(labels)}
    in_en = _OPEN_EN | words | {"kind": kind_en, "columns": ", ".join(rule.columns)}
    said = f"（{rule.description}）" if rule.description else ""
    quoted = en.replace("{value!q}", '"{value}"')
    return zh.format(**in_zh) + said, quoted.format(**in_en)


def masked_reason(
    rule: Rule, contract: Contract, landed: Mapping[str, str | None]
) -> tuple[str, str]:
    """The two sentences with the shape of the row's own values; not for STRUCTURE, which shows none."""
    names = [name for name in value_columns(rule, contract) if name in landed]
    values = [landed[name] for name in names]
    shown = ", ".join(EMPTY if value is None else shape_of(value) for value in values)
    zh, en = reason(rule, contract)
    return zh.replace(SLOT, shown or HIDDEN), en.replace(SLOT, shown or HIDDEN)


def value_columns(rule: Rule, contract: Contract) -> tuple[str, ...]:
    """The landed columns whose values fill the SLOT; none when one of them is not general."""
    if rule.expectation == STRUCTURE:
        return (BROKEN,)
    if all(contract.column(n).classification is Classification.GENERAL for n in rule.columns):
        return rule.columns
    return ()


def _shown(argument: Argument) -> str:
    return "、".join(map(str, argument)) if isinstance(argument, tuple) else str(argument)
