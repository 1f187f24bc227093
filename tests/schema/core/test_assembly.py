from itertools import product

import pytest
from graphql import get_named_type

from access.roles import CAPABILITIES, Role
from catalog.contracts import Kind
from catalog.names import RESERVED_FIELDS, RESERVED_TYPES
from catalog.sharing.grant import Visibility
from query.visible import NUMBERS
from schema.core.assembly import core_schema
from schema.data.filters import COLUMN_FILTERS
from schema.data.inputs import ORDER
from schema.data.measures import (
    PERCENTILE_ORDER,
    ROLL_UP_LEVEL,
    TIME_UNIT,
    having_field,
    measured_field,
    order_field,
)


@pytest.mark.parametrize("role", list(Role))
def test_no_contract_can_take_a_name_of_the_core(role: Role) -> None:
    schema = core_schema(CAPABILITIES[role])
    assert schema.query_type is not None
    assert set(schema.query_type.fields) <= RESERVED_FIELDS
    own = {name for name in schema.type_map if not name.startswith("__")}
    shared = {filter_.name for filter_ in COLUMN_FILTERS.values()} | {
        ORDER.name,
        PERCENTILE_ORDER.name,
        TIME_UNIT.name,
        ROLL_UP_LEVEL.name,
    }
    assert own | shared <= RESERVED_TYPES


def test_no_contract_can_take_a_name_of_what_groups_come_to() -> None:
    for kind, how in product(Kind, Visibility):
        for field in (measured_field, having_field, order_field):
            if how is not Visibility.AGGREGATE or kind in NUMBERS:
                made = get_named_type(field(kind, how).type)
                assert made.name in RESERVED_TYPES


@pytest.mark.parametrize("role", list(Role))
def test_every_core_field_says_in_chinese_what_it_is(role: Role) -> None:
    schema = core_schema(CAPABILITIES[role])
    for root in (schema.query_type, schema.mutation_type):
        for field in root.fields.values() if root else ():
            assert any("\u4e00" <= letter <= "\u9fff" for letter in field.description or "")
