"""What the warehouse says.

UserError
├── AsOfTooOld               the version asked for is no longer, or was not yet, kept
├── QueryTooLong             the time limit of an operation ended it
└── BatchRejected            a critical rule against published data failed: the served version stays
SystemFault
├── InputNotPublished        a data set that a rule refers to has never been published; try again later
├── WarehouseFault           the engine failed; its own text is for the log only
├── MirrorNotWritten         the row mirror could not be written (a full disk); the engine answers
└── MirrorWriterGone         the row mirror's writer ended; the engine answers until it has caught up
"""

from catalog.errors import SystemFault, UserError


class AsOfTooOld(UserError):
    code = "AS_OF_TOO_OLD"
    zh = "没有 {at} 时的数据版本。最早可用：{first}。"
    en = "No version is kept from {at}. The first one is from {first}."


class QueryTooLong(UserError):
    code = "QUERY_TIMEOUT"
    zh = "查询超过时限，已停止。请缩小范围或减少嵌套。"
    en = "The query took longer than the time limit and was stopped. Narrow it or nest less."


class BatchRejected(UserError):
    code = "BATCH_REJECTED"
    zh = "批次 {load_id} 未通过关键规则 {rules}，继续提供上一版本。"
    en = "Batch {load_id} failed the critical rules {rules}; the last good version stays served."


class InputNotPublished(SystemFault):
    code = "INPUT_NOT_PUBLISHED"


class WarehouseFault(SystemFault):
    code = "WAREHOUSE_FAULT"


class MirrorWriterGone(SystemFault):
    code = "MIRROR_WRITER_GONE"


class MirrorNotWritten(SystemFault):
    code = "MIRROR_NOT_WRITTEN"
