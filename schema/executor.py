"""Runs what has resolvers of its own through graphql-core, with the finished JSON of data fields spliced in."""

from inspect import isawaitable

import orjson
from graphql import GraphQLError, execute
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from schema.context import Operation
from schema.data.plan import RawJson
from schema.data.whole import Data
from schema.document import Prepared
from schema.reply import Request
from schema.view import View


class SplicingExecutor(StrawberryGraphQLCoreExecutionContext):
    """Takes a field's finished JSON as it is; everything else is completed as ever."""

    def complete_value(self, return_type, field_details_list, info, path, result, position_context):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - the signature is graphql-core's
        if type(result) is RawJson:
            return orjson.Fragment(result.content)
        return super().complete_value(
            return_type, field_details_list, info, path, result, position_context
        )


async def executed(
    prepared: Prepared, request: Request, view: View, context: Operation
) -> tuple[Data | None, list[GraphQLError]]:
    """The reply's data and its errors, of an operation that has resolvers of its own."""
    running = execute(
        view.schema,
        prepared.document,
        context_value=context,
        variable_values=dict(request.variables),
        operation_name=request.operation_name,
        executor_class=SplicingExecutor,
        hide_suggestions=True,
    )
    result = await running if isawaitable(running) else running
    return result.data, result.errors or []
