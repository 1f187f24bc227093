"""The document around a field, and what graphql-core collects below it.

graphql-core itself collects the fields, so fragments, @skip, @include, aliases and merging mean
exactly what they mean everywhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import FieldNode, GraphQLObjectType, GraphQLSchema, OperationDefinitionNode
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues, get_argument_values

from schema.data.shape import Shapes
from schema.errors import SelectionEmpty

Arguments = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Asked:
    schema: GraphQLSchema
    fragments: dict[str, FragmentDetails]
    operation: OperationDefinitionNode
    variables: VariableValues
    shapes: Shapes
    page_limit: int
    """Rows that a page may have."""

    def below(
        self, type_name: str, fields: list[FieldDetails]
    ) -> list[tuple[str, list[FieldDetails], GraphQLObjectType]]:
        """Alias and field details of what is selected of an object. SelectionEmpty."""
        row = self.schema.get_type(type_name)
        if not isinstance(row, GraphQLObjectType):
            raise TypeError(f"{type_name} is no object type of this schema")
        collected = collect_subfields(
            self.schema,
            self.fragments,
            self.variables,
            self.operation,
            row,
            fields,
            hide_suggestions=True,
        )
        if not collected.grouped_field_set:
            raise SelectionEmpty(field=fields[0].node.name.value)
        return [(alias, group, row) for alias, group in collected.grouped_field_set.items()]

    def arguments(self, row: GraphQLObjectType, node: FieldNode) -> Arguments:
        """Coerced."""
        definition = row.fields[node.name.value]
        return get_argument_values(definition, node, self.variables, hide_suggestions=True)
