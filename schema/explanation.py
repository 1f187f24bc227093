"""What an operation would do, told without doing it: SQL, steps, columns, versions, price.

Rules: it is the same planner, compiler and price that would answer; nothing runs and no row is read, so
no usage is recorded; the caller learns of its own grants and of public metadata, and of nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import GraphQLError

from catalog.contracts import camel
from catalog.errors import UserError
from catalog.ids import DatasetCode
from query.compile import compile_read
from query.explain import plan_of, shown, sql_of
from query.price import Price, Sizes
from query.relation import Scope
from schema.data.planning import Plan, PlannedField, priced
from schema.errors import ErrorBody, reply_of
from warehouse.engine import Engine, Publication


@dataclass(frozen=True, slots=True)
class ExplainedField:
    """One data field, by its name in the reply; `refused` where it would not answer."""

    name: str
    columns: Mapping[DatasetCode, tuple[str, ...]]
    publications: Mapping[DatasetCode, Publication]
    sql: str | None
    plan: str | None
    price: Price
    refused: ErrorBody | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    fields: tuple[ExplainedField, ...]
    price: Price
    budget: int


def explained(
    plan: Plan, scope: Scope, engine: Engine, sizes: Sizes, budget: int, request_id: str
) -> Explained:
    """Blocking."""
    price = priced(plan, scope, sizes)
    fields = [
        _field(planned, scope, engine, price.fields[name], request_id)
        for name, planned in plan.fields.items()
    ]
    for name, wrong in plan.refused.items():
        fields.append(_refused(name, wrong, Price(), request_id))
    return Explained(tuple(fields), price.whole, budget)


def _field(
    planned: PlannedField, scope: Scope, engine: Engine, price: Price, request_id: str
) -> ExplainedField:
    try:
        with engine.session(planned.as_of) as session:
            statement = compile_read(planned.tree, scope, session.at)
            publications = session.publications(tuple(statement.data_sets))
            tree = shown(statement, scope, session.at)
    except (UserError, GraphQLError) as wrong:
        return _refused(planned.name, wrong, price, request_id)
    columns: dict[DatasetCode, list[str]] = {code: [] for code in sorted(statement.data_sets)}
    for code, column in sorted(statement.columns):
        columns[code].append(camel(column))
    return ExplainedField(
        name=planned.name,
        columns={code: tuple(names) for code, names in columns.items()},
        publications=publications,
        sql=sql_of(tree),
        plan=plan_of(tree),
        price=price,
    )


def _refused(name: str, wrong: Exception, price: Price, request_id: str) -> ExplainedField:
    return ExplainedField(name, {}, {}, None, None, price, reply_of(wrong, request_id))
