"""`explain`: what an operation of the caller's own would read, and what it would cost."""

from datetime import datetime

import orjson
import strawberry

from catalog.contracts import camel
from schema.context import Info
from schema.core.offer import to_all
from schema.errors import RequestMalformed
from schema.explanation import ExplainedField
from schema.reply import Request
from schema.scalars import BigInt


@strawberry.type(description="所读的列。The columns that are read of a data set.")
class ReadColumns:
    data_set: str
    columns: list[str]
    version: int | None = strawberry.field(description="当前版本。None: never published.")
    published_at: datetime | None


@strawberry.type(description="价格，以行计。A price, in rows.")
class OperationPrice:
    looked: BigInt = strawberry.field(description="可能查看的行。Rows it may look at.")
    brought: BigInt = strawberry.field(description="可能返回的行。Rows it may answer with.")
    total: BigInt


@strawberry.type(description="为何不能作答。Why the field would not answer.")
class FieldRefusal:
    code: str
    message: str
    message_en: str


@strawberry.type(description="一个数据字段将做什么。What one data field would do.")
class FieldExplanation:
    name: str
    reads: list[ReadColumns]
    sql: str | None = strawberry.field(description="值以 ? 代替的 SQL。The SQL, values as ?.")
    plan: str | None = strawberry.field(description="步骤。Its steps, the last one first.")
    price: OperationPrice
    refusal: FieldRefusal | None


@strawberry.type(description="一次操作将做什么。What an operation would do.")
class Explanation:
    fields: list[FieldExplanation]
    price: OperationPrice
    budget: BigInt = strawberry.field(description="单次操作的价格上限。The most it may cost.")


async def explain(
    info: Info, document: str, variables: str | None = None, operation_name: str | None = None
) -> Explanation:
    """说明一次操作将读什么、价格多少，但不执行；variables 为 JSON 文本。What an operation would read and
    cost, without running it; variables as JSON text.
    """
    asked = Request(document, _variables(variables), operation_name)
    found = await info.context.explain(asked)
    return Explanation(
        fields=[_field(each) for each in found.fields],
        price=_price(found.price.looked, found.price.brought),
        budget=BigInt(found.budget),
    )


QUERIES = to_all(explain)


def _variables(text: str | None) -> dict[str, object]:
    try:
        found = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise RequestMalformed(
            problem_zh="variables 必须是一个 JSON 对象的文本",
            problem="variables must be the text of one JSON object",
        )
    return found


def _field(found: ExplainedField) -> FieldExplanation:
    return FieldExplanation(
        name=found.name,
        reads=[
            ReadColumns(
                data_set=camel(code),
                columns=list(columns),
                version=found.publications[code].seq if code in found.publications else None,
                published_at=(
                    found.publications[code].published_at if code in found.publications else None
                ),
            )
            for code, columns in found.columns.items()
        ],
        sql=found.sql,
        plan=found.plan,
        price=_price(found.price.looked, found.price.brought),
        refusal=_refusal(found),
    )


def _refusal(found: ExplainedField) -> FieldRefusal | None:
    if found.refused is None:
        return None
    extensions = found.refused["extensions"]
    assert isinstance(extensions, dict)  # noqa: S101 - we made it
    return FieldRefusal(
        code=str(extensions["code"]),
        message=str(found.refused["message"]),
        message_en=str(extensions["messageEn"]),
    )


def _price(looked: int, brought: int) -> OperationPrice:
    return OperationPrice(
        looked=BigInt(looked), brought=BigInt(brought), total=BigInt(looked + brought)
    )
