"""What the gate and the quality record say when something is wrong.

UserError
├── ColumnMissing        a landed batch lacks a column that the contract requires
├── ColumnRetyped        a landed column holds a kind of value that cannot become the contract's
├── RunUnknown           no quality run is recorded for a load
├── RowNotQuarantined    a decision names a row that was not set apart
├── RowAlreadyDecided    a decision contradicts an earlier one
├── RowNotReleasable     a row is unreadable, so no decision can make it good
├── ReasonRequired       a decision or a sign-off without a reason
├── ResultsChanged       a sign-off of other results than the recorded ones
└── AlreadySigned        an auditor signs a load twice
SystemFault
└── AuditIncomplete      an audit did not evaluate every declared rule
"""

from catalog.errors import SystemFault, UserError


class ColumnMissing(UserError):
    code = "COLUMN_MISSING"
    zh = "数据集 {data_set} 的来源缺少必填列“{header}”（{column}）。请在来源补上该列，或提交新的契约版本。"
    en = (
        "The source of {data_set} lacks the required column {header!r} ({column}). "
        "Add it at the source, or propose a new version of the contract."
    )


class ColumnRetyped(UserError):
    code = "COLUMN_RETYPED"
    zh = (
        "数据集 {data_set} 的列“{header}”（{column}）的来源类型是 {found}，无法转换为契约的 {wanted}。"
        "请改正来源，或提交新的契约版本。"
    )
    en = (
        "Column {header!r} ({column}) of {data_set} arrives as {found}, which cannot become the "
        "contract's {wanted}. Mend the source, or propose a new version of the contract."
    )


class RunUnknown(UserError):
    code = "QUALITY_RUN_UNKNOWN"
    zh = (
        "批次 {load_id} 没有质量检查记录：尚未检查，或在检查之前已被拒收。"
        "其状态与原因见 load(id)，或 server.py load list。"
    )
    en = (
        "The load {load_id} has no quality report: it is not checked yet, or was refused before its check. "
        "load(id) and `server.py load list` tell its state and the reason."
    )


class RowNotQuarantined(UserError):
    code = "ROW_NOT_QUARANTINED"
    zh = "批次 {load_id} 的隔离区没有文件 {file} 的第 {line} 行。"
    en = "Line {line} of {file} is not in the quarantine of the load {load_id}."


class RowAlreadyDecided(UserError):
    code = "ROW_ALREADY_DECIDED"
    zh = "文件 {file} 的第 {line} 行已由 {by} 决定为“{decision_zh}”，不能再改。"
    en = "Line {line} of {file} was already {decision} by {by}; a decision is final."


class RowNotReleasable(UserError):
    code = "ROW_NOT_RELEASABLE"
    zh = "文件 {file} 的第 {line} 行不能放行：{reason} 请在来源改正后重新报送，或将其作废。"
    en = (
        "Line {line} of {file} cannot be released: {reason_en} "
        "Mend it at the source and send it again, or discard it."
    )


class ReasonRequired(UserError):
    code = "REASON_REQUIRED"
    zh = "请写明理由。"
    en = "State the reason."


class ResultsChanged(UserError):
    code = "RESULTS_CHANGED"
    zh = "批次 {load_id} 的检查结果与签署时所见的不一致。请重新打开报告后再签署。"
    en = (
        "The results of the load {load_id} are not those you saw. Open the report again, then sign."
    )


class AlreadySigned(UserError):
    code = "ALREADY_SIGNED"
    zh = "{auditor} 已签署批次 {load_id}。"
    en = "{auditor} has already signed the load {load_id}."


class AuditIncomplete(SystemFault):
    """The executor answered for fewer rules than were declared: its verdict would be worthless."""

    code = "AUDIT_INCOMPLETE"
