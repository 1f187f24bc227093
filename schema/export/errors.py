"""What an export refuses, and how one can end.

UserError
├── ExportUnfit              the document, or what it selects, cannot leave in that form
├── ExportNeedsLimit         the data set has more rows than an export may bring
├── ReaderStopped            nothing was read for too long
└── ReaderLeft               the reader closed the connection

The last two are told to nobody; they stand in the usage record.
"""

from catalog.errors import UserError


class ExportUnfit(UserError):
    code = "EXPORT_UNFIT"
    zh = "不能导出为 {media}：{problem_zh}。"
    en = "This cannot be exported as {media}: {problem}."


class ExportNeedsLimit(UserError):
    code = "EXPORT_NEEDS_LIMIT"
    zh = "{data_set} 有 {rows} 行，一次导出最多 {limit} 行。请写明 limit（不超过此数），必要时按条件分几次导出。"
    en = (
        "{data_set} has {rows} rows and one export brings at most {limit}. State a limit of no more "
        "than that; for all of it export several times, with filters that part it."
    )


class ReaderStopped(UserError):
    code = "READER_STOPPED"
    zh = "导出的接收方 {seconds} 秒内没有读取。"
    en = "The reader of the export read nothing for {seconds} seconds."


class ReaderLeft(UserError):
    code = "READER_LEFT"
    zh = "导出的接收方断开了连接。"
    en = "The reader of the export closed the connection."
