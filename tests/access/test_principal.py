from datetime import UTC, datetime

import pytest

from access.errors import NotPermitted
from access.principal import Principal
from access.roles import Capability, Role
from catalog.ids import ClientId, OrganisationCode


def principal(*roles: Role) -> Principal:
    return Principal(
        ClientId("someone"),
        OrganisationCode("cq_water"),
        frozenset(roles),
        "token",
        datetime(2026, 8, 19, tzinfo=UTC),
    )


def test_a_principal_may_what_any_of_its_roles_permits() -> None:
    both = principal(Role.PUBLISHER, Role.STEWARD)
    assert both.may(Capability.EDIT_CATALOGUE)
    assert both.may(Capability.DECIDE_REQUESTS)
    assert not both.may(Capability.READ_DATA)


def test_what_is_not_permitted_names_the_capability_in_both_languages() -> None:
    with pytest.raises(NotPermitted) as refused:
        principal(Role.APP).require(Capability.DECIDE_REQUESTS)
    assert refused.value.code == "NOT_PERMITTED"
    assert "decide_requests" in refused.value.message_zh
    assert "decide_requests" in refused.value.message_en
    principal(Role.STEWARD).require(Capability.DECIDE_REQUESTS)
