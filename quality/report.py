"""The auditor's report of one load: a single HTML file that needs nothing else and asks nothing of a network.

Chinese first, English beside it. Everything from data is escaped; the file is passed around, so rows
stand in it as masked samples only, whoever asks. The digest in it is what an auditor signs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from catalog.clock import CITY_ZONE
from catalog.contracts import Contract, Dimension, Severity
from quality.quarantine import QuarantinePage
from quality.recorded import (
    RecordedDecision,
    RecordedRun,
    RecordedSignOff,
    RowFate,
    SignOffDecision,
)
from quality.rule import DATUM, FUTURE, KEY_UNIQUE, NOT_EMPTY, REQUIRED, STRUCTURE, TYPE
from quality.score import CHINESE
from quality.verdict import Decision, EngineName, RowRef, RuleResult

TEMPLATE = "report.html"
DECISIONS = {
    Decision.PUBLISH: ("通过，可以发布", "publish"),
    Decision.REJECT: ("整批拒收", "reject"),
}
SEVERITIES = {
    Severity.CRITICAL: ("致命", "critical"),
    Severity.WARNING: ("警告", "warning"),
    Severity.INFO: ("提示", "info"),
}
FATES = {RowFate.RELEASED: ("放行", "released"), RowFate.DISCARDED: ("作废", "discarded")}
SIGNED = {
    SignOffDecision.ACCEPTED: ("认可", "accepted"),
    SignOffDecision.REFUSED: ("不认可", "refused"),
}
RULES: Mapping[str, str] = {
    STRUCTURE: "行结构完好",
    TYPE: "类型相符",
    REQUIRED: "必填",
    FUTURE: "时间不晚于当前",
    DATUM: "写明高程基准",
    KEY_UNIQUE: "主键在本批次内唯一",
    NOT_EMPTY: "至少有一行合格数据",
    "vitalhub_freshness": "数据新鲜",
    "vitalhub_reference": "引用存在",
    "key_clash": "主键未被占用",
    "overtaken": "没有更新的记录",
    "expect_column_values_to_not_be_null": "非空",
    "expect_column_values_to_be_null": "应为空",
    "expect_column_values_to_be_in_set": "取值在允许集合内",
    "expect_column_values_to_not_be_in_set": "取值不在禁止集合内",
    "expect_column_values_to_be_between": "取值在范围内",
    "expect_column_value_lengths_to_be_between": "长度在范围内",
    "expect_column_value_lengths_to_equal": "长度固定",
    "expect_column_values_to_match_regex": "格式相符",
    "expect_column_values_to_not_match_regex": "不含禁止格式",
    "expect_column_values_to_match_regex_list": "格式相符（多种）",
    "expect_column_values_to_not_match_regex_list": "不含禁止格式（多种）",
    "expect_column_values_to_match_like_pattern": "样式相符",
    "expect_column_values_to_not_match_like_pattern": "不含禁止样式",
    "expect_column_pair_values_a_to_be_greater_than_b": "前者大于后者",
    "expect_column_pair_values_to_be_equal": "两列相等",
    "expect_multicolumn_sum_to_equal": "各列之和相符",
    "expect_select_column_values_to_be_unique_within_record": "各列互不相同",
    "expect_column_values_to_be_unique": "唯一",
    "expect_compound_columns_to_be_unique": "组合唯一",
    "expect_table_row_count_to_be_between": "行数在范围内",
    "expect_table_row_count_to_equal": "行数相符",
    "expect_column_max_to_be_between": "最大值在范围内",
    "expect_column_min_to_be_between": "最小值在范围内",
    "expect_column_mean_to_be_between": "均值在范围内",
    "expect_column_sum_to_be_between": "合计在范围内",
    "expect_column_unique_value_count_to_be_between": "不同取值数在范围内",
    "expect_column_proportion_of_unique_values_to_be_between": "不同取值占比在范围内",
    "expect_column_proportion_of_non_null_values_to_be_between": "非空占比在范围内",
    "expect_column_distinct_values_to_be_in_set": "全部取值在允许集合内",
    "expect_column_distinct_values_to_contain_set": "取值包含规定集合",
    "expect_column_distinct_values_to_equal_set": "取值与规定集合一致",
}
"""What a rule type asks for, in Chinese."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One rule as the report shows it."""

    result: RuleResult
    name: str
    label: str
    dimension: str
    severity: tuple[str, str]
    share: str


def html_report(
    contract: Contract,
    run: RecordedRun,
    *,
    provider: str,
    quarantine: QuarantinePage,
    decisions: tuple[RecordedDecision, ...] = (),
    sign_offs: tuple[RecordedSignOff, ...] = (),
    made_at: datetime,
) -> str:
    """The whole file as text; `provider` is the organisation's name, `quarantine` its first page."""
    if not quarantine.masked:
        message = "A report holds masked samples, never values."
        raise ValueError(message)
    lines = [_line(result, contract) for result in run.results]
    return _template().render(
        contract=contract,
        run=run,
        score=run.score,
        provider=provider,
        decision=DECISIONS[run.decision],
        failed=[line for line in lines if not line.result.passed],
        lines=lines,
        quarantine=quarantine,
        labels={column.name: column.label for column in contract.columns},
        units={column.name: column.unit for column in contract.columns if column.unit},
        decided=_by_row(decisions),
        fates=FATES,
        sign_offs=sign_offs,
        signed=SIGNED,
        made_at=made_at,
    )


def _line(result: RuleResult, contract: Contract) -> _Line:
    known = result.column is not None and contract.has_column(result.column)
    label = contract.column(result.column).label if known and result.column else ""
    share = f"{100 * result.failed / result.evaluated:.2f} %" if result.evaluated else "—"
    return _Line(
        result=result,
        name=RULES.get(result.expectation, result.expectation),
        label=label,
        dimension=_dimension(result.dimension),
        severity=SEVERITIES[result.severity],
        share=share,
    )


def _dimension(dimension: Dimension) -> str:
    return str(CHINESE[dimension])


def _by_row(decisions: tuple[RecordedDecision, ...]) -> Mapping[RowRef, RecordedDecision]:
    return {decision.row: decision for decision in decisions}


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["city_time"] = _city_time
    environment.filters["thousands"] = _thousands
    environment.globals["native"] = EngineName.NATIVE
    return environment.get_template(TEMPLATE)


def _city_time(at: datetime) -> str:
    return at.astimezone(CITY_ZONE).strftime("%Y-%m-%d %H:%M:%S")


def _thousands(number: int) -> str:
    return f"{number:,}"
