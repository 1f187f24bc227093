"""Plans that are kept: for a document, an operation of it and the shape of its variables, within a scope.

Rules: all that a plan depends on is in its key. The prepared document is one of a view, and so are its
schema and shapes; the shape tells every value but those in slots, of which no plan knows anything
(`schema/data/emptying.py`). The scope is there for what is worked out of a plan: statements, prices and
grants are those of one scope, which never changes; so is the longest page that its client may ask for. The plans asked for most recently are kept, and none
whose shape is a text of its own.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from graphql import GraphQLError, OperationDefinitionNode, OperationType
from graphql.execution.values import VariableValues

from catalog.ids import DatasetCode, Seq
from catalog.predicate import Values
from catalog.sharing.grant import Grant
from query.price import Sizes
from query.relation import Scope
from query.statement import LockedStatement
from schema.data.emptying import Variables, variables_in
from schema.data.page import MAX_LIMIT
from schema.data.plan import Counting
from schema.data.planning import Plan, Priced, Root, plan_of, priced, variables_of
from schema.document import Prepared
from schema.outcome import Source
from schema.view import View
from warehouse.engine import Publication, Published

KEPT = 1_024
LONGEST_SHAPE = 4_096


@dataclass(frozen=True, slots=True)
class Ready:
    """What a template reads, where it may be answered from memory: for each field its statement, and what
    counts the rows of its answer.
    """

    roots: Sequence[Root]
    statements: Mapping[str, tuple[LockedStatement, Counting]]
    data_sets: tuple[DatasetCode, ...]
    grants: tuple[Grant, ...]
    columns: Mapping[DatasetCode, tuple[str, ...]]


@dataclass(slots=True, eq=False)
class Moment:
    """A template that may be answered from memory, and what of its data sets is published."""

    ready: Ready
    published: Published
    publications: Mapping[DatasetCode, Publication]
    seqs: Mapping[DatasetCode, Seq]
    source: Source | None = None
    """Of what is answered from it, once that is known."""


@dataclass(slots=True, eq=False)
class Template:
    """A plan without the values in its slots, and what was worked out of it."""

    plan: Plan
    scope: Scope
    ready: Ready | None = field(default=None, init=False)
    """Known from its first reading on."""
    moment: Moment | None = field(default=None, init=False)
    """The last one at which it was answered from memory."""
    _sizes: Sizes | None = field(default=None, init=False)
    _priced: Priced | None = field(default=None, init=False)

    @property
    def grants(self) -> tuple[Grant, ...] | None:
        """Those that it reads through, once they are known."""
        return None if self.ready is None else self.ready.grants

    def priced(self, sizes: Sizes) -> Priced:
        """UnknownField. Once for the sizes that there are."""
        if self._priced is None or self._sizes is not sizes:
            self._sizes, self._priced = sizes, priced(self.plan, self.scope, sizes)
        return self._priced


@dataclass(frozen=True, slots=True)
class Filled:
    """A template with the values of one request."""

    template: Template
    values: Values = ()

    @property
    def plan(self) -> Plan:
        """The request's own: the template's with its values."""
        plan = self.template.plan
        return plan.filled(self.values) if self.values else plan


_Key = tuple[Scope, Prepared, str | None, int, str]


class Templates:
    """For one event loop."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._known: OrderedDict[_Key, Template] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def coerced(
        self,
        prepared: Prepared,
        operation: OperationDefinitionNode,
        given: Mapping[str, object],
        view: View,
    ) -> VariableValues | list[GraphQLError]:
        """A request's variables, or what is wrong with them."""
        quickly = None
        if operation.operation is not OperationType.MUTATION:
            name = operation.name.value if operation.name else None
            quickly = self._of(prepared, operation, name, view).coerced(given)
        return variables_of(view.schema, operation, given) if quickly is None else quickly

    def filled(
        self,
        prepared: Prepared,
        operation: OperationDefinitionNode,
        given: VariableValues,
        view: View,
        scope: Scope,
        page_limit: int = MAX_LIMIT,
    ) -> Filled:
        """The plan of an operation with these variables, which are coerced."""
        if operation.operation is OperationType.MUTATION:  # its variables may be files
            plan = plan_of(view.schema, view.shapes, prepared.document, operation, given)
            return Filled(Template(plan, scope))
        name = operation.name.value if operation.name else None
        emptied = self._of(prepared, operation, name, view).emptied(given)
        key = (scope, prepared, name, page_limit, emptied.shape)
        template = self._known.get(key)
        if template is None:
            variables = emptied.variables
            document = prepared.document
            plan = plan_of(view.schema, view.shapes, document, operation, variables, page_limit)
            template = Template(plan, scope)
            if len(emptied.shape) <= LONGEST_SHAPE:
                self._known[key] = template
                if len(self._known) > self._kept:
                    self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return Filled(template, emptied.values)

    def _of(
        self,
        prepared: Prepared,
        operation: OperationDefinitionNode,
        name: str | None,
        view: View,
    ) -> Variables:
        found = prepared.variables.get(name)
        if found is None:
            found = prepared.variables[name] = variables_in(
                view.schema, prepared.document, operation
            )
        return found
