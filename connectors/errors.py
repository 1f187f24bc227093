"""What goes wrong between a source and the landing.

UserError
├── SourceError                  what came from a source cannot be trusted; nothing of it is landed
│   ├── FileRefused              a file is moved to refused/ with its reason
│   │   ├── PathRefused          a link, a special file, a name that leads elsewhere
│   │   ├── FileEmpty
│   │   ├── FileTooLarge
│   │   ├── EncodingWrong        bytes that are not of the declared encoding
│   │   ├── NulByte
│   │   ├── LineTooLong
│   │   ├── QuoteUnclosed
│   │   ├── HeaderRepeated
│   │   ├── WorkbookUnreadable
│   │   ├── WorkbookBomb         decompresses to more than a workbook may
│   │   ├── SheetMissing
│   │   └── HeaderMerged
│   ├── ColumnMissing            the contract's column is not in the source
│   ├── ColumnRetyped            the source now gives another kind of value
│   ├── TableMissing
│   ├── CursorUnsuitable
│   ├── SourceEmpty              a snapshot without rows would empty the served data set
│   ├── PageTruncated
│   ├── PageTooLarge
│   ├── PageUnreadable
│   ├── CursorStuck
│   ├── SourceRefusesUs          401, 403, 404 ...: trying again does not help
│   └── SourceUnavailable        time-outs, 503, a lost connection: trying again later helps
├── FileChanged                  the file is still being written; it is read again later
├── OptionsInvalid               a feed's options in sources.yaml
├── ConnectionsExposed           the operator's file may be read by others
├── ConnectionUnknown
├── AddressRefused               not one of the declared host:port pairs
└── TransitionRefused            a load cannot go from this state to that one
SystemFault
└── LandingConflict              one load id, two contents
"""

from typing import ClassVar

from catalog.errors import SystemFault, UserError


class SourceError(UserError):
    """`retry` says whether the same request may succeed later without anybody mending anything."""

    retry: ClassVar[bool] = False


class FileRefused(SourceError):
    """Every subclass names the file and, where there is one, the line."""


class PathRefused(FileRefused):
    code = "FILE_PATH_REFUSED"
    zh = "{file} 不是普通文件（{kind}），已拒收。请直接投放文件本身。"
    en = "{file} is not a plain file ({kind}) and was refused. Drop the file itself."


class FileEmpty(FileRefused):
    code = "FILE_EMPTY"
    zh = "{file} 没有表头或数据。请重新导出后投放。"
    en = "{file} has no header or no rows. Export it again and drop it."


class FileTooLarge(FileRefused):
    code = "FILE_TOO_LARGE"
    zh = "{file} 超过 {limit} 字节的上限。请拆分后投放。"
    en = "{file} is larger than the limit of {limit} bytes. Split it and drop the parts."


class EncodingWrong(FileRefused):
    code = "FILE_ENCODING_WRONG"
    zh = "{file} 第 {line} 行不是约定的 {encoding} 编码。请以 {encoding} 编码另存后重新投放。"
    en = "{file}, line {line}: not in the declared encoding {encoding}. Save it as {encoding} and drop it again."


class NulByte(FileRefused):
    code = "FILE_NUL_BYTE"
    zh = "{file} 第 {line} 行含有空字节，文件可能已损坏或为 UTF-16。请重新导出。"
    en = "{file}, line {line}: contains a NUL byte; the file is damaged or UTF-16. Export it again."


class LineTooLong(FileRefused):
    code = "FILE_LINE_TOO_LONG"
    zh = "{file} 第 {line} 行超过 {limit} 字节的上限。请检查换行符后重新导出。"
    en = "{file}, line {line}: longer than the limit of {limit} bytes. Check the line breaks and export it again."


class QuoteUnclosed(FileRefused):
    code = "FILE_QUOTE_UNCLOSED"
    zh = "{file} 第 {line} 行起引号不成对，其后的行不可信。请补全引号后重新投放。"
    en = "{file}, line {line}: a quote opened here is not closed properly; the lines after it cannot be trusted. Mend it and drop the file again."


class HeaderRepeated(FileRefused):
    code = "FILE_HEADER_REPEATED"
    zh = "{file} 第 {line} 行：表头“{header}”出现了两次。请保留一列。"
    en = "{file}, line {line}: the header {header} stands there twice. Keep one column."


class WorkbookUnreadable(FileRefused):
    code = "WORKBOOK_UNREADABLE"
    zh = "{file} 不是可读取的 xlsx 工作簿（{problem}）。请另存为未加密的 xlsx。"
    en = (
        "{file} is not a readable xlsx workbook ({problem}). Save it as an xlsx without a password."
    )


class WorkbookBomb(FileRefused):
    code = "WORKBOOK_BOMB"
    zh = "{file} 解压后过大（{problem}），已拒收。请拆分或重新导出。"
    en = "{file} unpacks to more than a workbook may ({problem}) and was refused. Split it or export it again."


class SheetMissing(FileRefused):
    code = "WORKBOOK_SHEET_MISSING"
    zh = "{file} 没有名为“{sheet}”的工作表，只有：{found}。"
    en = "{file} has no sheet named {sheet}; it has: {found}."


class HeaderMerged(FileRefused):
    code = "WORKBOOK_HEADER_MERGED"
    zh = "{file} 第 {line} 行：表头有合并单元格 {cells}。请取消合并，每列一个表头。"
    en = "{file}, line {line}: cells {cells} of the header are merged. Unmerge them: one header a column."


class ColumnMissing(SourceError):
    code = "SOURCE_COLUMN_MISSING"
    zh = "{origin}{where} 缺少“{header}”列；它是数据集 {data_set} 契约（{version}）的 {column} 字段。请恢复该列，或修订契约。"
    en = "{origin}{where} has no column {header}, which the contract of {data_set} ({version}) declares as {column}. Restore it or revise the contract."


class ColumnRetyped(SourceError):
    code = "SOURCE_COLUMN_RETYPED"
    zh = "{origin}{where} 的“{header}”列应为 {expected}（数据集 {data_set} 契约 {version} 的 {column} 字段），现为 {found}。请恢复类型，或修订契约。"
    en = "{origin}{where}: column {header} is {expected} in the contract of {data_set} ({version}, {column}), but the source now gives {found}. Restore the type or revise the contract."


class TableMissing(SourceError):
    code = "SOURCE_TABLE_MISSING"
    zh = "{origin} 中没有表 {table}。请核对来源与 sources.yaml。"
    en = "{origin} has no table {table}. Check the source and sources.yaml."


class CursorUnsuitable(SourceError):
    code = "SOURCE_CURSOR_UNSUITABLE"
    zh = "{origin} 的增量列 {column} 不是整数（{found}）。增量列须为只增不减的整数序号。"
    en = "{origin}: the cursor column {column} is {found}. A cursor is an integer that only grows."


class SourceEmpty(SourceError):
    code = "SOURCE_EMPTY"
    zh = "{origin} 一行也没有；若发布会清空数据集 {data_set}，故未装载，上一版本继续服务。"
    en = "{origin} has no rows; publishing it would empty {data_set}, so the last version keeps serving."


class PageTruncated(SourceError):
    code = "SOURCE_PAGE_TRUNCATED"
    retry = True
    zh = "{origin} 返回的一页不完整（{problem}），整批未装载，将重试。"
    en = "{origin} sent an incomplete page ({problem}); nothing of this load was kept, it will be tried again."


class PageTooLarge(SourceError):
    code = "SOURCE_PAGE_TOO_LARGE"
    zh = "{origin} 返回的一页超过 {limit} 字节的上限。请减小 page_size。"
    en = "{origin} sent a page above the limit of {limit} bytes. Lower page_size."


class PageUnreadable(SourceError):
    code = "SOURCE_PAGE_UNREADABLE"
    zh = "{origin} 返回的内容不是约定的格式（{problem}）。请联系来源单位。"
    en = "{origin} did not answer in the agreed form ({problem}). Ask the source's owner."


class CursorStuck(SourceError):
    code = "SOURCE_CURSOR_STUCK"
    zh = "{origin} 的翻页游标没有前进。请联系来源单位。"
    en = "{origin} pages in a circle: its cursor does not advance. Ask the source's owner."


class SourceRefusesUs(SourceError):
    code = "SOURCE_REFUSES_US"
    zh = "{origin} 拒绝了请求（{status}）。请核对密钥、时钟与地址。"
    en = "{origin} refused the request ({status}). Check key, clock and address."


class SourceUnavailable(SourceError):
    code = "SOURCE_UNAVAILABLE"
    retry = True
    zh = "{origin} 暂不可用（{problem}），稍后重试；上一版本继续服务。"
    en = "{origin} is not available ({problem}); it is tried again later and the last version keeps serving."


class FileChanged(UserError):
    code = "FILE_CHANGED"
    zh = "{file} 在读取时仍在写入，稍后再读。请先写 .part 再改名。"
    en = "{file} was being written while it was read; it is read again later. Write a .part file, then rename it."


class OptionsInvalid(UserError):
    code = "FEED_OPTIONS_INVALID"
    zh = "来源 {source} 的数据集 {data_set}：sources.yaml 的 options 有误：{problem}。"
    en = "Source {source}, data set {data_set}: options in sources.yaml are wrong: {problem}."


class ConnectionsExposed(UserError):
    code = "CONNECTIONS_EXPOSED"
    zh = "连接文件 {file} 的权限为 {mode}，须为 0600。请执行：chmod 600 {file}"
    en = "The connections file {file} has mode {mode}; it must be 0600. Run: chmod 600 {file}"


class ConnectionUnknown(UserError):
    code = "CONNECTION_UNKNOWN"
    zh = "连接文件中没有名为 {connection} 的 {kind} 连接。"
    en = "The connections file has no {kind} connection named {connection}."


class AddressRefused(UserError):
    code = "ADDRESS_REFUSED"
    zh = "地址 {address} 不在连接 {connection} 允许的 host:port 之列（{problem}）。"
    en = "The address {address} is not one that connection {connection} may reach ({problem})."


class TransitionRefused(UserError):
    code = "LOAD_TRANSITION_REFUSED"
    zh = "批次 {load} 不能由 {state} 变为 {target}。"
    en = "Load {load} cannot go from {state} to {target}."


class LandingConflict(SystemFault):
    """The same load id arrived with other content: the source changed rows behind its cursor."""

    code = "LANDING_CONFLICT"
