"""Which arguments a schema has, and which of them an example shows.

Rules: an argument of a generated field counts once for all data sets, so names of data sets, columns and
relations are replaced by what they are (`riverStation(limit:)` and `floodExposure(limit:)` are both
`rows(limit:)`); operators and measures count once for all scalars; fields of inputs are arguments too, whether they
stand in the text or in its variables.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLType,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    get_named_type,
    visit,
)

from tests.examples.documents import Example

SCALAR_FILTERS = {
    f"{scalar}Filter"
    for scalar in ("String", "Int", "BigInt", "Decimal", "Float", "Boolean", "Date", "DateTime", "PlaceCode")
}  # fmt: skip

MEASURE_INPUTS = ("MeasuresFilter", "MeasuresOrder", "PercentileFilter")


@dataclass(frozen=True, slots=True)
class Names:
    """What the names of a schema stand for; `data_sets` are its fields of data, as `me` lists them."""

    schema: GraphQLSchema
    data_sets: tuple[str, ...]

    def points(self) -> set[str]:
        """Every argument, by its general name."""
        found = set()
        for kind in self.schema.type_map.values():
            if kind.name.startswith("__"):
                continue
            if isinstance(kind, GraphQLObjectType):
                for name, field in kind.fields.items():
                    found |= {self.argument(kind, name, each) for each in field.args}
            elif isinstance(kind, GraphQLInputObjectType):
                found |= {self.input_field(kind, name) for name in kind.fields}
        return found

    def argument(self, owner: GraphQLObjectType, field: str, argument: str) -> str:
        general = self._field(owner, field)
        if general.startswith("rowsByKey") and argument != "asOf":
            argument = "key"
        return f"{general}({argument}:)"

    def input_field(self, owner: GraphQLInputObjectType, name: str) -> str:
        if owner.name in SCALAR_FILTERS:
            return f"operator {name}"
        for ending in MEASURE_INPUTS:
            if owner.name.endswith(ending):
                return f"{ending}.{name}"
        row = self._row(owner.name)
        if row is None:
            return f"{owner.name}.{name}"
        return f"{owner.name.replace(row, 'Row', 1)}.{self._member(row, name)}"

    def _field(self, owner: GraphQLObjectType, name: str) -> str:
        if owner is self.schema.query_type or owner is self.schema.subscription_type:
            data_set = _longest(self.data_sets, name)
            return name if data_set is None else name.replace(data_set, "rows", 1)
        row = self._row(owner.name)
        if row is None:
            return f"Measures.{name}" if owner.name.endswith("Measures") else f"{owner.name}.{name}"
        return f"{owner.name.replace(row, 'Row', 1)}.{self._member(row, name)}"

    def _row(self, type_name: str) -> str | None:
        """The row type that a generated type belongs to."""
        rows = [name[0].upper() + name[1:] for name in self.data_sets]
        return _longest(rows, type_name)

    def _member(self, row: str, name: str) -> str:
        """A column, or a relation and what is made of it."""
        kind = self.schema.type_map.get(row)
        if not isinstance(kind, GraphQLObjectType):
            return name
        related = [
            each
            for each, field in kind.fields.items()
            if self._row(get_named_type(field.type).name) is not None
        ]
        if name in kind.fields and name not in related:
            return "column"
        relation = _longest(related, name)
        return name if relation is None else name.replace(relation, "relation", 1).removesuffix("_")


def _longest(names: object, text: str) -> str | None:
    """The longest of the names that the text begins with, at the end of a word."""
    assert isinstance(names, (tuple, list))
    found = [
        name
        for name in names
        if text.startswith(name) and not text[len(name) : len(name) + 1].islower()
    ]
    return max(found, key=len, default=None)


class _Shown(Visitor):
    """Collects what one document writes out; `given` are its variables."""

    def __init__(self, names: Names, types: TypeInfo, given: Mapping[str, object]) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._names = names
        self._types = types
        self._given = given

    def enter_field(self, node: FieldNode, *_rest: object) -> None:
        owner, definition = self._types.get_parent_type(), self._types.get_field_def()
        if definition is None or not isinstance(owner, GraphQLObjectType):
            return
        for argument in node.arguments or ():
            name = argument.name.value
            self.found.add(self._names.argument(owner, node.name.value, name))
            self._variable(argument, definition.args[name].type)

    def enter_object_field(self, node: ObjectFieldNode, *_rest: object) -> None:
        owner = get_named_type(self._types.get_parent_input_type())
        if isinstance(owner, GraphQLInputObjectType):
            self.found.add(self._names.input_field(owner, node.name.value))
            self._variable(node, owner.fields[node.name.value].type)

    def _variable(self, node: ArgumentNode | ObjectFieldNode, kind: GraphQLInputType) -> None:
        if isinstance(node.value, VariableNode):
            self.found |= set(self._inside(kind, self._given.get(node.value.name.value)))

    def _inside(self, kind: GraphQLType, value: object) -> Iterator[str]:
        owner = get_named_type(kind)
        if isinstance(value, list):
            for item in value:
                yield from self._inside(owner, item)
        elif isinstance(owner, GraphQLInputObjectType) and isinstance(value, dict):
            for name, inner in value.items():
                yield self._names.input_field(owner, name)
                yield from self._inside(owner.fields[name].type, inner)


def shown(example: Example, names: Names) -> set[str]:
    """The arguments that an example writes out."""
    types = TypeInfo(names.schema)
    visitor = _Shown(names, types, example.variables)
    visit(example.document, TypeInfoVisitor(types, visitor))
    return visitor.found
