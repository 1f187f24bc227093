"""The scope of a share request as callers write it: columns, places and conditions on rows."""

from collections.abc import Mapping, Sequence

import strawberry
from graphql import GraphQLError

from catalog.contracts import Contract, Kind
from catalog.ids import PlaceCode
from catalog.predicate import And, Compare, Op, Predicate, Scalar, Within
from catalog.sharing.grant import NO_LIMIT, GrantedColumn, Part, Quota, Visibility
from schema.core.naming import columns_named
from schema.data.filters import LISTED, OPERATORS
from schema.errors import FilterInvalid
from schema.scalars import (
    BigInt,
    Parser,
    parse_bigint,
    parse_day,
    parse_decimal,
    parse_instant,
    parse_place,
)


@strawberry.input(
    description="对行的一个条件；几个条件须同时满足。One condition on rows; all must hold."
)
class RowCondition:
    column: str
    op: Op
    values: list[str] = strawberry.field(
        description="文本形式的值；IN、BETWEEN 可有多个，IS_NULL 写 true 或 false。"
    )


@strawberry.input(
    description="申请范围的一部分；各部分区域不得重叠。A part of the scope; places must not overlap."
)
class PartInput:
    columns: list[str] = strawberry.field(description="明文列。Columns as they are.")
    masked: list[str] = strawberry.field(
        default_factory=list, description="脱敏列。Columns as keyed hashes."
    )
    aggregate: list[str] = strawberry.field(
        default_factory=list, description="仅供统计的列。Columns for aggregates only."
    )
    places: list[PlaceCode] | None = strawberry.field(
        default=None, description="区划；不分区域的数据集留空。Places; none for a set without them."
    )
    conditions: list[RowCondition] = strawberry.field(default_factory=list)


@strawberry.input(
    description="每日（北京时间）配额；未写的不限。What a day (city time) may bring; what is left out is not limited."
)
class QuotaInput:
    calls: BigInt | None = strawberry.field(default=None, description="次数。")
    rows: BigInt | None = strawberry.field(default=None, description="行数。")
    bytes: BigInt | None = strawberry.field(default=None, description="应答字节数。")


def quota_of(given: QuotaInput | None) -> Quota:
    return NO_LIMIT if given is None else Quota(given.calls, given.rows, given.bytes)


def parts_of(given: Sequence[PartInput], contract: Contract) -> tuple[Part, ...]:
    return tuple(_part(part, contract) for part in given)


def _part(given: PartInput, contract: Contract) -> Part:
    clear = columns_named(contract, given.columns)
    masked = columns_named(contract, given.masked)
    aggregate = columns_named(contract, given.aggregate)
    conditions = tuple(_condition(c, contract) for c in given.conditions)
    return Part(
        columns=tuple(GrantedColumn(name) for name in clear)
        + tuple(GrantedColumn(name, Visibility.MASKED) for name in masked)
        + tuple(GrantedColumn(name, Visibility.AGGREGATE) for name in aggregate),
        places=None if given.places is None else tuple(given.places),
        row_filter=And(conditions) if conditions else None,
    )


def _condition(given: RowCondition, contract: Contract) -> Predicate:
    (name,) = columns_named(contract, [given.column])
    kind = contract.column(name).type.kind
    if given.op is Op.IS_NULL:
        return Compare(name, Op.IS_NULL, given.values == ["true"])
    if given.op not in OPERATORS[kind] or not given.values:
        raise _wrong(
            given, "该列不支持此运算或缺少值", "the column has no such operator, or no value"
        )
    values = tuple(_value(kind, text, given) for text in given.values)
    if given.op in LISTED:
        return Compare(name, given.op, values)
    if kind is Kind.PLACE and given.op is Op.EQ:
        return Within(name, tuple(PlaceCode(str(value)) for value in values))
    return Compare(name, given.op, values[0])


def _value(kind: Kind, text: str, given: RowCondition) -> Scalar:
    try:
        value = PARSERS[kind](text)
    except (GraphQLError, ValueError, KeyError):
        raise _wrong(
            given, f"值 {text[:40]} 不合列类型", "a value does not fit the column"
        ) from None
    return value  # type: ignore[return-value]  # each parser gives the scalar of its kind


PARSERS: Mapping[Kind, Parser] = {
    Kind.STRING: str,
    Kind.INTEGER: parse_bigint,
    Kind.BIGINT: parse_bigint,
    Kind.DECIMAL: parse_decimal,
    Kind.DOUBLE: lambda text: float(str(text)),
    Kind.BOOLEAN: lambda text: {"true": True, "false": False}[str(text)],
    Kind.DATE: parse_day,
    Kind.TIMESTAMP: parse_instant,
    Kind.PLACE: parse_place,
}


def _wrong(given: RowCondition, problem_zh: str, problem: str) -> FilterInvalid:
    return FilterInvalid(at=given.column, problem_zh=problem_zh, problem=problem)
