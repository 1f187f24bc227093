"""Plans that are kept: for a document, an operation of it and the shape of its variables, within a scope.

Rules: all that a plan depends on is in its key. The prepared document is one of a view, and so are its
schema and shapes; the shape tells every value but those in slots, of which no plan knows anything
(`schema/data/emptying.py`). The scope is there for what is worked out of a plan: statements, prices and
grants are those of one scope, which never changes; so is the longest page that its client may ask for. The plans asked for most recently are kept, and none
whose shape is a text of its own.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from graphql import GraphQLError, OperationDefinitionNode, OperationType
from graphql.execution.values import VariableValues

from catalog.ids import DatasetCode
from catalog.sharing.grant import Grant
from query.price import Sizes
from query.relation import Scope
from query.statement import LockedStatement
from query.tree import Tree
from schema.data.emptying import Variables, variables_in
from schema.data.page import MAX_LIMIT
from schema.data.planning import Plan, Priced, plan_of, priced, variables_of
from schema.document import Prepared
from schema.provenance import Provenance
from schema.view import View
from warehouse.engine import Published

KEPT = 1_024
LONGEST_SHAPE = 4_096


@dataclass(frozen=True, slots=True)
class Ready:
    """What a template reads, where it may be answered from memory."""

    statements: Mapping[str, tuple[LockedStatement, Tree]]
    data_sets: tuple[DatasetCode, ...]
    grants: tuple[Grant, ...]
    columns: Mapping[DatasetCode, tuple[str, ...]]


@dataclass(slots=True, eq=False)
class Template:
    """A plan without the values in its slots, and what was worked out of it."""

    plan: Plan
    scope: Scope
    ready: Ready | None = field(default=None, init=False)
    """Known from its first reading on."""
    _sizes: Sizes | None = field(default=None, init=False)
    _priced: Priced | None = field(default=None, init=False)
    _told: tuple[Published, tuple[Provenance, ...]] | None = field(default=None, init=False)

    @property
    def grants(self) -> tuple[Grant, ...] | None:
        """Those that it reads through, once they are known."""
        return None if self.ready is None else self.ready.grants

    def priced(self, sizes: Sizes) -> Priced:
        """UnknownField. Once for the sizes that there are."""
        if self._priced is None or self._sizes is not sizes:
            self._sizes, self._priced = sizes, priced(self.plan, self.scope, sizes)
        return self._priced

    def provenance(self, published: Published) -> tuple[Provenance, ...] | None:
        """Where its data come from, as long as nothing else is published."""
        return self._told[1] if self._told is not None and self._told[0] is published else None

    def keep_provenance(self, published: Published, told: tuple[Provenance, ...]) -> None:
        self._told = published, told


@dataclass(frozen=True, slots=True)
class Filled:
    """A template with the plan of one request: the same with its values."""

    template: Template
    plan: Plan


_Key = tuple[Scope, Prepared, str | None, int, str]


class Templates:
    """For one event loop."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._known: OrderedDict[_Key, Template] = OrderedDict()
        self._variables: WeakKeyDictionary[Prepared, dict[str | None, Variables]] = (
            WeakKeyDictionary()
        )

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
            return Filled(Template(plan, scope), plan)
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
        plan = template.plan
        return Filled(template, plan.filled(emptied.values) if emptied.values else plan)

    def _of(
        self,
        prepared: Prepared,
        operation: OperationDefinitionNode,
        name: str | None,
        view: View,
    ) -> Variables:
        known = self._variables.setdefault(prepared, {})
        found = known.get(name)
        if found is None:
            found = known[name] = variables_in(view.schema, prepared.document, operation)
        return found
