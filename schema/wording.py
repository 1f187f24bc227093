"""What graphql-core finds wrong with a document or a variable, in both languages.

Rules: graphql-core says it in English only, so each of its sentences has a row here: a stable name, the
pattern, the Chinese, and the English with what to do. A sentence without a row keeps its own English in
both; `tests/schema/test_wording.py` has one document for every rule of graphql-core, so none is missed.
Names and values in the sentences are the caller's own, or of the schema it sees.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

SHOWN = 60
"""Characters of a caller's value in a sentence."""
NAME = r"'([^']+)'"
REST = r"(.*)"


@dataclass(frozen=True, slots=True)
class Wording:
    """`name` is stable, for programs; None where graphql-core said what no row knows."""

    name: str | None
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    pattern: re.Pattern[str]
    zh: str
    en: str


def _rows(*rows: tuple[str, str, str, str]) -> tuple[_Row, ...]:
    return tuple(_Row(name, re.compile(p, re.DOTALL), zh, en) for name, p, zh, en in rows)


NAMES = _rows(
    (
        "FIELD_UNKNOWN",
        rf"Cannot query field {NAME} on type {NAME}\.",
        "类型 {1} 没有字段 {0}，请对照您可用的模式",
        "Cannot query field '{0}' on type '{1}'. Look at the schema for the fields you may use.",
    ),
    (
        "ARGUMENT_UNKNOWN",
        rf"Unknown argument {NAME} on (?:field|directive) {NAME}\.",
        "{1} 没有参数 {0}，请改正或去掉",
        "Unknown argument '{0}' on '{1}'. Correct it or leave it out.",
    ),
    (
        "ARGUMENT_MISSING",
        rf"Argument {NAME} of type {NAME} is required, but it was not provided\.",
        "缺少必填参数 {0}（类型 {1}）",
        "The argument '{0}' of type '{1}' is required; provide it.",
    ),
    (
        "TYPE_UNKNOWN",
        rf"Unknown type {NAME}\.",
        "没有类型 {0}，请对照您可用的模式",
        "Unknown type '{0}'. Look at the schema for the types you may use.",
    ),
    (
        "DIRECTIVE_UNKNOWN",
        rf"Unknown directive {NAME}\.",
        "没有指令 {0}；可用 @skip 与 @include",
        "Unknown directive '{0}'; there are @skip and @include.",
    ),
    (
        "DIRECTIVE_MISPLACED",
        rf"Directive {NAME} may not be used on {REST}\.",
        "指令 {0} 不能用在此处（{1}）",
        "The directive '{0}' may not be used on {1}. Put it on a field or a fragment.",
    ),
    (
        "OPERATION_UNSUPPORTED",
        r"The (\w+) operation is not supported by the schema\.",
        "您可用的模式不支持 {0} 操作",
        "The schema you may use has no {0}.",
    ),
    (
        "REPEATED",
        r"There can be only one (\w+(?: \w+)?) named '(.+)'\.|The (directive) '(.+)' can only be used once at this location\.",
        "{1} 出现了不止一次，请只留一个",
        "There can be only one {0} '{1}' here; remove the others.",
    ),
)
SHAPES = _rows(
    (
        "SELECTION_MISSING",
        rf"Field {NAME} of type {NAME} must have a(?:t least one field selected| selection of subfields)\.{REST}",
        "字段 {0}（类型 {1}）之下须选取子字段",
        "The field '{0}' of type '{1}' needs a selection of subfields: {0} {{ ... }}.",
    ),
    (
        "SELECTION_NOT_ALLOWED",
        rf"Field {NAME} must not have a selection since type {NAME} has no subfields\.",
        "字段 {0}（类型 {1}）没有子字段，请去掉其后的选取",
        "The field '{0}' of type '{1}' has no subfields; remove the selection behind it.",
    ),
    (
        "FIELDS_CONFLICT",
        rf"Fields {NAME} conflict because {REST}\. Use different aliases.*",
        "名为 {0} 的各字段互相冲突，请为它们取不同的别名",
        "The fields named '{0}' conflict, because {1}. Give them different aliases.",
    ),
    (
        "FRAGMENT_UNKNOWN",
        rf"Unknown fragment {NAME}\.",
        "没有定义片段 {0}",
        "The fragment '{0}' is not defined in the document.",
    ),
    (
        "FRAGMENT_UNUSED",
        rf"Fragment {NAME} is never used\.",
        "片段 {0} 没有用到，请去掉",
        "The fragment '{0}' is never used; remove it.",
    ),
    (
        "FRAGMENT_CYCLE",
        rf"Cannot spread fragment {NAME} within itself{REST}",
        "片段 {0} 直接或间接地包含了自己",
        "The fragment '{0}' contains itself{1}",
    ),
    (
        "FRAGMENT_IMPOSSIBLE",
        rf"Fragment (?:'(?:.+?)' )?cannot be spread here as objects of type {NAME} can never be of type {NAME}\.",
        "此处为类型 {0}，不能展开类型 {1} 的片段",
        "A fragment on '{1}' cannot be spread here, where objects are of type '{0}'.",
    ),
    (
        "FRAGMENT_ON_LEAF",
        rf"Fragment (?:'(?:.+?)' )?cannot condition on non composite type {NAME}\.",
        "片段不能以没有子字段的类型 {0} 为条件",
        "A fragment cannot be on '{0}', which has no subfields.",
    ),
    (
        "OPERATION_NOT_ALONE",
        r"This anonymous operation must be the only defined operation\.",
        "有多个操作时，每个操作都须命名",
        "Of several operations each one needs a name.",
    ),
    (
        "SUBSCRIPTION_FIELDS",
        rf"(?:Anonymous Subscription|Subscription '(?:.+?)') must (not select an|select|not use){REST}",
        "订阅须选取且只选取一个数据字段，且不带 @skip 与 @include",
        "A subscription selects exactly one data field, without @skip and @include.",
    ),
    (
        "NOT_EXECUTABLE",
        rf"The (.+?) definition is not executable\.{REST}",
        "{0} 不是可执行的定义，请只写操作和片段",
        "The definition {0} is not executable; send operations and fragments only.",
    ),
    (
        "INTROSPECTION_TOO_DEEP",
        r"Maximum introspection depth exceeded",
        "对模式的查询嵌套过深，请减少层数",
        "The introspection is nested too deeply; ask for fewer levels.",
    ),
)
VARIABLES = _rows(
    (
        "VARIABLE_UNDEFINED",
        r"Variable '\$(\w+)' is not defined(?: by operation '(?:.+?)')?\.",
        "操作没有声明变量 ${0}",
        "The operation does not declare the variable '${0}'.",
    ),
    (
        "VARIABLE_UNUSED",
        r"Variable '\$(\w+)' is never used(?: in operation '(?:.+?)')?\.",
        "变量 ${0} 没有用到，请去掉",
        "The variable '${0}' is never used; remove it.",
    ),
    (
        "VARIABLE_NOT_INPUT",
        rf"Variable '\$(\w+)' cannot be non-input type {NAME}\.",
        "变量 ${0} 不能为类型 {1}，须为输入类型",
        "The variable '${0}' cannot be of type '{1}', which is no input type.",
    ),
    (
        "VARIABLE_MISFIT",
        rf"Variable '\$(\w+)' of type {NAME} used in position expecting type {NAME}\.",
        "变量 ${0} 声明为 {1}，而此处需要 {2}，请改其声明",
        "The variable '${0}' is declared as '{1}' but used where '{2}' is needed; change its declaration.",
    ),
    (
        "TOO_MANY_ERRORS",
        r"Too many (?:errors processing variables|validation errors), error limit reached\..*",
        "还有更多错误，未一一列出",
        "There are more errors, which are not listed.",
    ),
)
VALUES = _rows(
    (
        "VALUE_MISSING",
        rf"Expected (?:a )?value of non-null type {NAME} (?:not to be None|to be provided)\.",
        "须提供类型 {0} 的值，不能为 null",
        "A value of type '{0}' is required; it cannot be null.",
    ),
    (
        "VALUE_NOT_OBJECT",
        rf"Expected value of type {NAME} to be an object, found: {REST}\.",
        "须为类型 {0} 的对象，却是 {1}",
        "An object of type '{0}' is needed; found {1}.",
    ),
    (
        "VALUE_WRONG",
        rf"Expected value of type {NAME}, found: {REST}\.",
        "须为 {0} 类型的值，却是 {1}",
        "A value of type '{0}' is needed; found {1}.",
    ),
    (
        "INPUT_FIELD_MISSING",
        rf"Expected value of type {NAME} to include required field {NAME}, found: {REST}\.",
        "类型 {0} 的值缺少必填项 {1}",
        "The value of type '{0}' lacks the required field '{1}'.",
    ),
    (
        "INPUT_FIELD_UNKNOWN",
        rf"Expected value of type {NAME} not to include unknown field {NAME}, found: {REST}\.",
        "类型 {0} 没有 {1} 一项，请对照您可用的模式",
        "The type '{0}' has no field '{1}'. Look at the schema for those you may use.",
    ),
    (
        "ONE_OF",
        rf"Within OneOf Input Object type {NAME}, exactly one field must be specified.*",
        "类型 {0} 的值须写且只写一项，且不为 null",
        "A value of type '{0}' has exactly one field, which is not null.",
    ),
    (
        "ENUM_VALUE_UNKNOWN",
        rf"Value '(.*)' does not exist in {NAME} enum\.",
        "枚举 {1} 没有值 {0}，请对照您可用的模式",
        "The enum '{1}' has no value '{0}'. Look at the schema for its values.",
    ),
    (
        "ENUM_VALUE_WRONG",
        rf"Enum {NAME} cannot represent non-(?:enum|string) value: {REST}\.",
        "枚举 {0} 的值须为其中的名称（不带引号；变量中为文本），却是 {1}",
        "The enum '{0}' takes one of its names, unquoted in a document and as text in a variable; found {1}.",
    ),
    (
        "VALUE_OUT_OF_RANGE",
        rf"Int cannot represent non 32-bit signed integer value: {REST}",
        "须为 32 位整数，却是 {0}",
        "Int takes a 32-bit integer; found {0}.",
    ),
    (
        "VALUE_WRONG",
        rf"(Int|Float|String|Boolean|ID) cannot represent (?:a )?(?:non[- ].*?)?value: {REST}",
        "须为 {0} 类型的值，却是 {1}",
        "A value of type {0} is needed; found {1}.",
    ),
    (
        "VALUE_WRONG",
        rf"DateTime needs .*?; got {REST}\.",
        "须为带时区的 ISO 8601 时刻，例如 2020-08-20T08:00:00+08:00，却是 {0}",
        "DateTime takes an ISO 8601 instant with offset, like 2020-08-20T08:00:00+08:00; found {0}.",
    ),
    (
        "VALUE_WRONG",
        rf"Date needs .*?; got {REST}\.",
        "须为 ISO 8601 日期，例如 2020-08-20，却是 {0}",
        "Date takes an ISO 8601 date, like 2020-08-20; found {0}.",
    ),
    (
        "VALUE_WRONG",
        rf"Decimal needs .*?; got {REST}\.",
        '须为十进制数的文本，例如 "181.24"，却是 {0}',
        'Decimal takes a decimal number as text, like "181.24"; found {0}.',
    ),
    (
        "VALUE_WRONG",
        rf"BigInt needs .*?; got {REST}\.",
        "须为 64 位整数，超过 2^53 时写成文本，却是 {0}",
        "BigInt takes a 64-bit integer, as text past 2^53; found {0}.",
    ),
    (
        "VALUE_WRONG",
        rf"PlaceCode needs .*?; got {REST}\.",
        "须为 6、9、12 或 15 位区划编码的文本，却是 {0}",
        "PlaceCode takes a code of 6, 9, 12 or 15 digits as text; found {0}.",
    ),
)
SYNTAX = _rows(
    (
        "SYNTAX_EXPECTED",
        rf"Syntax Error: Expected (.+?), found {REST}\.",
        "此处应为 {0}，却是 {1}",
        "expected {0}, found {1}.",
    ),
    (
        "SYNTAX_UNTERMINATED",
        r"Syntax Error: Unterminated string\.",
        "文本缺少结束的引号",
        "a text is not closed by its quote.",
    ),
    (
        "SYNTAX_UNEXPECTED",
        rf"Syntax Error: Unexpected {REST}",
        "此处不应出现 {0}",
        "unexpected {0}",
    ),
    (
        "SYNTAX_INVALID",
        rf"Syntax Error: (Invalid .*?){REST}",
        "数字、字符或转义不合规：{0}{1}",
        "{0}{1}",
    ),
)
EVERY = (*NAMES, *SHAPES, *VARIABLES, *VALUES, *SYNTAX)
PLACED = re.compile(
    r"(?:Variable '\$(?P<variable>\w+)'|Argument '(?P<argument>\w+)')"
    r" has invalid (?:default )?value(?: at '?(?P<at>.*?)'?)?: (?P<inner>.*)",
    re.DOTALL,
)
"""Where a value stands, in front of what is wrong with it."""


def wording_of(message: str) -> Wording:
    """Pure; a sentence that no row knows stands in English in both."""
    placed = PLACED.fullmatch(message)
    if placed is None:
        return _worded(message)
    inner = _worded(placed["inner"])
    at = f" {placed['at']}" if placed["at"] else ""
    if placed["variable"] is not None:
        zh, en = f"变量 ${placed['variable']}{at}", f"The variable '${placed['variable']}'{at}"
    else:
        zh, en = f"参数 {placed['argument']}{at}", f"The argument '{placed['argument']}'{at}"
    return Wording(inner.name, f"{zh}：{inner.zh}", f"{en}: {inner.en}")


def _worded(message: str) -> Wording:
    for row in EVERY:
        found = row.pattern.fullmatch(message)
        if found is not None:
            parts = _short(part for part in found.groups() if part is not None)
            return Wording(row.name, row.zh.format(*parts), row.en.format(*parts))
    return Wording(None, message, message)


def _short(parts: Iterable[str]) -> list[str]:
    return [part if len(part) <= SHOWN else f"{part[:SHOWN]}…" for part in parts]
