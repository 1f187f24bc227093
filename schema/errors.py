"""What the API says when something is wrong, and the one place that turns an error into a reply.

UserError
├── RequestRefused                    the request never became an operation
│   ├── TokenMissing
│   ├── BodyTooLarge
│   ├── BodyUnfinished
│   ├── MediaTypeUnsupported
│   ├── NotAcceptable
│   ├── MethodNotAllowed
│   ├── AddressUnknown            nothing of the hub has this address
│   ├── MethodUnsuitable          another address than /graphql does not take the method
│   ├── PurposeUnknown                the caller holds no grant for the purpose it states
│   ├── DocumentUnknown           no persisted document has the id, for this client
│   ├── DocumentNotAllowed        the client may run persisted documents only
│   └── RequestMalformed
├── DocumentRefused                   the document cannot be run as it stands
│   ├── ParseFailed
│   ├── ValidationFailed
│   ├── VariablesInvalid
│   ├── NulCharacter                  U+0000 in a text: no store keeps it
│   ├── OperationNameRequired
│   ├── OperationUnknown
│   ├── DocumentTooLarge
│   └── IntrospectionTooLarge      the whole of a schema of very many data sets
├── NotReplayable                     a usage record whose answer cannot be made again, and why
├── QueueFull                         the caller's own operations fill its queue, or waited too long in it
├── PurposeRequired                   the data may be read for several purposes: one must be stated
├── LiveRefused                       a live query that cannot begin or go on
│   ├── SubscriptionNeedsSocket
│   ├── TooManyOperations
│   └── ScopeChanged                  what the caller may see is no longer what it was
├── FilterInvalid
├── PageOutOfRange
│   └── PageTooLong                   more rows than a page has: an export brings them
├── PageSizeTwice
├── AnswerTooLarge
├── QueryTooExpensive             what it may read costs more than the caller's budget
├── SelectionEmpty
├── UnknownKey                        nothing with this id, or not for this caller: they read the same
├── AsOfDiffers
├── AsOfInFuture                  nobody knows yet what will be served then
├── DecisionUnclear
└── FileUnreadable

The errors of the packages below (TOKEN_EXPIRED, UNKNOWN_PLACE, QUERY_TIMEOUT, USAGE_LOG_UNAVAILABLE ...)
pass through with their own codes.

Rules: every error leaves with a stable code, a Chinese message, English beside it and the request id.
The text of an engine, of a driver or of an unexpected exception never leaves; it goes to the log.
"""

import logging
from typing import ClassVar

from graphql import GraphQLError

from catalog.errors import UserError, VitalhubError
from schema.observation import note_failure
from schema.wording import wording_of

LONGEST = 2_000
"""Characters of a sentence."""
log = logging.getLogger(__name__)

ErrorBody = dict[str, object]
"""One entry of a reply's `errors`."""


class RequestRefused(UserError):
    """`status` is the HTTP status."""

    status: ClassVar[int] = 400


class TokenMissing(RequestRefused):
    code = "TOKEN_MISSING"
    status = 401
    zh = "请求缺少访问令牌。请在 Authorization 头中以 Bearer 方式提供从 /oauth/token 取得的令牌。"
    en = "The request carries no access token. Send `Authorization: Bearer <token>` with a token from /oauth/token."


class BodyTooLarge(RequestRefused):
    code = "BODY_TOO_LARGE"
    status = 413
    zh = "请求体超过 {limit} 字节。"
    en = "The request body is larger than {limit} bytes."


class BodyUnfinished(RequestRefused):
    code = "BODY_UNFINISHED"
    status = 408
    zh = "请求体未在 {seconds} 秒内传完。"
    en = "The request body did not arrive whole within {seconds} seconds."


class MediaTypeUnsupported(RequestRefused):
    code = "MEDIA_TYPE_UNSUPPORTED"
    status = 415
    zh = "请求体必须是 application/json（UTF-8）。"
    en = "The request body must be application/json in UTF-8."


class NotAcceptable(RequestRefused):
    code = "NOT_ACCEPTABLE"
    status = 406
    zh = "本接口以 application/json 或 application/graphql-response+json 应答；一个数据集的行可导出为 text/csv、application/x-ndjson、application/vnd.apache.parquet、application/vnd.apache.arrow.stream。"
    en = "This endpoint answers application/json or application/graphql-response+json, and exports rows as text/csv, application/x-ndjson, application/vnd.apache.parquet or application/vnd.apache.arrow.stream."


class MethodNotAllowed(RequestRefused):
    """`allowed`: the methods that would do, for the header `Allow`."""

    code = "METHOD_NOT_ALLOWED"
    status = 405
    zh = "请使用 POST；GET 只用于已登记的查询（documentId），且不得为 mutation。"
    en = "Use POST; GET is for persisted queries (documentId) and never for a mutation."


class AddressUnknown(RequestRefused):
    code = "ADDRESS_UNKNOWN"
    status = 404
    zh = "没有这个地址。接口在 /graphql，令牌在 /oauth/token，运行状况在 /health。"
    en = "There is nothing at this address. The API is at /graphql, tokens at /oauth/token, the state of the hub at /health."


class MethodUnsuitable(RequestRefused):
    code = "METHOD_UNSUITABLE"
    status = 405
    zh = "该地址不支持这种方法，可用的方法见 Allow 头。"
    en = "This address does not take the method; the header Allow names those that it does."


class DocumentUnknown(RequestRefused):
    code = "DOCUMENT_UNKNOWN"
    zh = "没有登记过 {id}。请先用 registerDocument 登记其全文，或直接在 query 中发送全文。"
    en = (
        "No document is registered as {id}. Register its text with registerDocument first, "
        "or send the text itself as query."
    )


class DocumentNotAllowed(RequestRefused):
    code = "DOCUMENT_NOT_ALLOWED"
    status = 403
    zh = "此客户端只能运行已登记的查询。请用 documentId 调用，或请平台管理员登记。"
    en = (
        "This client may run persisted documents only. Ask for one by its documentId, "
        "or have the operator of the hub register yours."
    )


class PurposeUnknown(RequestRefused):
    code = "PURPOSE_UNKNOWN"
    status = 403
    zh = "本应用没有用于该用途的有效授权。请核对 X-Vitalhub-Purpose；可用的用途见 me 的 purposes。"
    en = "Your client holds no grant in force for that purpose. Check X-Vitalhub-Purpose; the field purposes of me lists yours."


class RequestMalformed(RequestRefused):
    code = "REQUEST_MALFORMED"
    zh = "请求格式不正确：{problem_zh}"
    en = "The request is malformed: {problem}"


class DocumentRefused(UserError):
    pass


class ParseFailed(DocumentRefused):
    code = "GRAPHQL_PARSE_FAILED"
    zh = "查询文本有语法错误：{problem_zh}。"
    en = "The document has a syntax error: {problem}"


class ValidationFailed(DocumentRefused):
    code = "GRAPHQL_VALIDATION_FAILED"
    zh = "查询与您可用的模式不符：{problem_zh}。"
    en = "The document does not fit the schema you may use: {problem}"


class VariablesInvalid(DocumentRefused):
    code = "VARIABLES_INVALID"
    zh = "变量的值不符合其类型：{problem_zh}。"
    en = "A variable's value does not fit its type: {problem}"


class NulCharacter(DocumentRefused):
    code = "NUL_CHARACTER"
    zh = "{at_zh}含有 NUL 字符（U+0000），任何文本中都不允许。请去掉后重试。"
    en = "{at} holds a NUL character (U+0000), which no text may hold. Remove it and try again."


class OperationNameRequired(DocumentRefused):
    code = "OPERATION_NAME_REQUIRED"
    zh = "查询文本含有多个操作，请用 operationName 指明其一。"
    en = "The document holds several operations; name one with operationName."


class OperationUnknown(DocumentRefused):
    code = "OPERATION_UNKNOWN"
    zh = "查询文本中没有可执行的操作 {name}。"
    en = "The document has no operation {name} to run."


class DocumentTooLarge(DocumentRefused):
    code = "DOCUMENT_TOO_LARGE"
    zh = "查询过大：{what_zh} {value}，上限 {limit}。请拆成几次请求。"
    en = "The document is too large: {value} {what}, at most {limit}. Split it into several requests."


class IntrospectionTooLarge(DocumentRefused):
    code = "INTROSPECTION_TOO_LARGE"
    zh = "可见的数据集有 {data_sets} 个，超过 {limit} 个时不能这样内省整个模式。请单独内省，或下载 GET /graphql/schema.graphql。"
    en = "Your schema holds {data_sets} data sets; with more than {limit} it is not introspected whole like this. Introspect by itself, or download GET /graphql/schema.graphql."


class NotReplayable(UserError):
    code = "NOT_REPLAYABLE"
    zh = "使用记录 {usage} 不能重放：{problem_zh}。"
    en = "The usage record {usage} cannot be replayed: {problem}."


class QueueFull(UserError):
    code = "QUEUE_FULL"
    zh = "本应用等待执行的操作过多或等待过久。请减少并发，{seconds} 秒后重试。"
    en = "Your client has too many operations waiting, or this one waited too long. Send fewer at once; try again in {seconds} seconds."


class PurposeRequired(UserError):
    code = "PURPOSE_REQUIRED"
    zh = "{data_sets} 可用于多种用途（{purposes_zh}），一次操作只能用于一种。请用 X-Vitalhub-Purpose 头（百分号编码的 UTF-8）指明其一。"
    en = "You hold {data_sets} for several purposes ({purposes}) and an operation serves one. Name it in the header X-Vitalhub-Purpose, as percent-encoded UTF-8."


class LiveRefused(UserError):
    """Only its subclasses are raised."""


class SubscriptionNeedsSocket(LiveRefused):
    code = "SUBSCRIPTION_NEEDS_SOCKET"
    zh = "subscription 须经 WebSocket（graphql-transport-ws）发起；经 HTTP 请改用 query。"
    en = "A subscription needs a websocket (graphql-transport-ws). Over HTTP ask the same as a query."


class TooManyOperations(LiveRefused):
    code = "TOO_MANY_OPERATIONS"
    zh = "一个连接上同时进行的操作最多 {limit} 个。请结束其中一个，或另开一个连接。"
    en = "One socket carries at most {limit} operations at a time. Complete one, or open another socket."


class ScopeChanged(LiveRefused):
    code = "SCOPE_CHANGED"
    zh = "可见的数据已有变化（授权或目录调整），订阅到此结束。请重新订阅。"
    en = "What you may see has changed (a grant, or the catalogue), so the subscription ends. Subscribe again."


class FilterInvalid(UserError):
    code = "FILTER_INVALID"
    zh = "筛选条件 {at} 不正确：{problem_zh}"
    en = "The filter at {at} is wrong: {problem}"


class PageOutOfRange(UserError):
    code = "PAGE_OUT_OF_RANGE"
    zh = "{argument} 必须在 {low} 到 {high} 之间。"
    en = "{argument} must lie between {low} and {high}."


class PageTooLong(PageOutOfRange):
    """Of rows, which an export brings all at once."""

    zh = "{argument} 必须在 {low} 到 {high} 之间；要取更多行请导出（Accept: application/x-ndjson 等）。"
    en = (
        "{argument} must lie between {low} and {high}; for more rows export them "
        "(Accept: application/x-ndjson or another form of file)."
    )


class PageSizeTwice(UserError):
    code = "PAGE_SIZE_TWICE"
    zh = "first 与 last 只能使用其一。"
    en = "A page takes first or last, not both."


class AnswerTooLarge(UserError):
    code = "ANSWER_TOO_LARGE"
    zh = "按各层 limit 计，该查询最多可返回 {rows} 行，上限 {limit} 行。请减小各层 limit 或分页；要取全部行请导出（Accept: application/x-ndjson 等）。"
    en = (
        "By its limits the query may return {rows} rows, at most {limit}. Lower the limits or page; "
        "for all rows export them (Accept: application/x-ndjson or another form of file)."
    )


class QueryTooExpensive(UserError):
    code = "QUERY_TOO_EXPENSIVE"
    zh = "该查询最多需读取 {price} 行，超过每次 {budget} 行的预算；其中 {field} 占 {part} 行。请减少关联或分成几次请求。"
    en = (
        "The query may read {price} rows, over the budget of {budget} for one request; "
        "{field} alone {part}. Ask for fewer relations, or in several requests."
    )


class SelectionEmpty(UserError):
    code = "SELECTION_EMPTY"
    zh = "{field} 之下没有选取任何字段（都被 @skip 或 @include 去掉了）。"
    en = "Nothing is selected below {field}: @skip or @include left no field."


class UnknownKey(UserError):
    code = "NOT_FOUND"
    zh = "没有编号为 {key} 的{what_zh}。"
    en = "There is no {what} {key}."


class AsOfDiffers(UserError):
    code = "AS_OF_DIFFERS"
    zh = "同一操作的各字段必须使用同一个 asOf。"
    en = "All fields of one operation read one version: give them the same asOf."


class AsOfInFuture(UserError):
    code = "AS_OF_IN_FUTURE"
    zh = "asOf {at} 晚于当前时刻 {now}。请写过去的时刻；要最新数据请去掉 asOf。"
    en = "asOf {at} is later than now, {now}. Name an instant of the past, or leave asOf out for the newest data."


class DecisionUnclear(UserError):
    code = "DECISION_UNCLEAR"
    zh = "决定须在 approve 与 reject 中写且只写一项。"
    en = "A decision holds either approve or reject, and only one of them."


class FileUnreadable(UserError):
    code = "FILE_UNREADABLE"
    zh = "文件内容不是 base64 编码，请把 .xlsx 文件按 base64 编码后放入 file。"
    en = "The file is not base64. Send the .xlsx file's bytes in base64."


def reply_of(error: Exception, request_id: str) -> ErrorBody:
    """An error as it leaves: the cause decides, the text of an unexpected one stays here."""
    cause = _cause(error)
    if isinstance(cause, UserError):
        body = _body(cause.code, cause.message_zh, cause.message_en, request_id)
    elif isinstance(cause, GraphQLError):
        body = _told(ValidationFailed, error, request_id)
    else:
        body = _fault(cause, request_id)
    return body | _position(error)


def wrong_variable(error: GraphQLError, request_id: str) -> ErrorBody:
    """An error of graphql-core's about the value of a variable."""
    return _told(VariablesInvalid, error, request_id) | _position(error)


def _told(kind: type[UserError], error: Exception, request_id: str) -> ErrorBody:
    """What graphql-core found, in both languages, with its stable name as `rule`."""
    wording = wording_of(str(getattr(error, "message", "")))
    told = kind(problem=wording.en, problem_zh=wording.zh)
    body = _body(told.code, told.message_zh, told.message_en, request_id)
    extensions = body["extensions"]
    if wording.name is not None and isinstance(extensions, dict):
        extensions["rule"] = wording.name
    return body


def _fault(cause: Exception, request_id: str) -> ErrorBody:
    code = cause.code if isinstance(cause, VitalhubError) else VitalhubError.code
    log.error("request %s failed with %s", request_id, code, exc_info=cause)
    return _body(
        code,
        f"系统暂时无法完成该请求，请稍后重试；如持续出现，请提供请求编号 {request_id}。",
        f"The system cannot complete this request now. Try again; if it persists, quote request {request_id}.",
        request_id,
    )


def _cause(error: Exception) -> Exception:
    """graphql-core wraps what a resolver raised, once for each place that located it."""
    while isinstance(error, GraphQLError) and error.original_error is not None:
        error = error.original_error
    return error


def _body(code: str, message_zh: str, message_en: str, request_id: str) -> ErrorBody:
    """What a caller sent may be repeated in a sentence, but not all of a long text."""
    note_failure(code)
    extensions = {"code": code, "messageEn": message_en[:LONGEST], "requestId": request_id}
    return {"message": message_zh[:LONGEST], "extensions": extensions}


def _position(error: Exception) -> ErrorBody:
    if not isinstance(error, GraphQLError):
        return {}
    found: ErrorBody = {}
    if error.locations:
        found["locations"] = [
            {"line": place.line, "column": place.column} for place in error.locations
        ]
    if error.path:
        found["path"] = list(error.path)
    return found
