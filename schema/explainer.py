"""From a document that a caller asks about to what it would do; nothing of it runs.

Rules: the document passes everything that it would have to pass to run, up to its price, which is told
even where it is over the budget.
"""

from collections.abc import Callable

from schema.allowance import Allowance
from schema.caller import Caller
from schema.context import Services, blocking
from schema.data.planning import check_as_of, plan_of, variables_of
from schema.errors import VariablesInvalid
from schema.explanation import Explained, explained
from schema.reply import Request
from schema.sizes import PublishedSizes
from schema.text import check_variables
from schema.view import View
from schema.wording import wording_of


class Explainer:
    """One for the whole server."""

    def __init__(
        self, services: Services, sizes: PublishedSizes, allowance: Callable[[Caller], Allowance]
    ) -> None:
        self._services = services
        self._sizes = sizes
        self._allowance = allowance

    async def explain(
        self, caller: Caller, view: View, request_id: str, request: Request
    ) -> Explained:
        """A DocumentRefused, or a GraphQLError with one as its cause, when it could not run."""
        check_variables(request.variables)
        prepared = await blocking(view.documents.prepare, request.query)
        operation = prepared.operation(request.operation_name)
        if prepared.errors:
            raise caller.purpose_required() if caller.undecided else prepared.errors[0]
        values = variables_of(view.schema, operation, request.variables)
        if isinstance(values, list):
            wording = wording_of(values[0].message)
            raise VariablesInvalid(problem=wording.en, problem_zh=wording.zh)
        allowed = self._allowance(caller)
        document = prepared.document
        plan = plan_of(view.schema, view.shapes, document, operation, values, allowed.page_limit)
        check_as_of(plan, self._services.clock)
        sizes = await blocking(self._sizes.read)
        engine, budget = self._services.engine, allowed.budget
        return await blocking(explained, plan, caller.scope, engine, sizes, budget, request_id)
