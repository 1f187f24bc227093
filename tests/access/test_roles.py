import re
from pathlib import Path

import pytest

from access.roles import APART, CAPABILITIES, Capability, Role, capabilities_of

ROOT = Path(__file__).parents[2]


def test_every_role_has_its_line_and_every_capability_somebody() -> None:
    assert set(CAPABILITIES) == set(Role)
    assert capabilities_of(Role) == set(Capability)


def test_every_capability_is_asked_for_somewhere() -> None:
    packages = ("access", "catalog", "quality", "schema")
    files = [file for package in packages for file in (ROOT / package).rglob("*.py")]
    code = "".join(file.read_text("utf-8") for file in files if file.name != "roles.py")
    asked = set(re.findall(r"Capability\.([A-Z_]+)", code))
    assert asked == {capability.name for capability in Capability}


def test_only_an_application_reads_data_rows() -> None:
    readers = {role for role in Role if Capability.READ_DATA in CAPABILITIES[role]}
    assert readers == {Role.APP}


def test_an_auditor_sees_reports_grants_and_usage_but_no_rows_and_changes_nothing() -> None:
    auditor = CAPABILITIES[Role.AUDITOR]
    assert {Capability.READ_QUALITY, Capability.READ_GRANTS, Capability.READ_USAGE} <= auditor
    assert Capability.SIGN_OFF in auditor
    assert not auditor & {
        Capability.READ_DATA,
        Capability.READ_REJECTED_ROWS,
        Capability.DECIDE_REQUESTS,
        Capability.DECIDE_QUARANTINE,
        Capability.EDIT_CATALOGUE,
    }


def test_an_operator_runs_the_hub_without_reading_what_it_carries() -> None:
    operator = CAPABILITIES[Role.OPERATOR]
    assert not operator & {
        Capability.READ_DATA,
        Capability.READ_REJECTED_ROWS,
        Capability.READ_QUARANTINE,
        Capability.READ_USAGE,
    }


def test_no_roles_permit_nothing() -> None:
    assert capabilities_of([]) == frozenset()


@pytest.mark.parametrize("auditor_with", set(Role) - {Role.AUDITOR})
def test_an_auditor_is_nothing_else(auditor_with: Role) -> None:
    assert any({Role.AUDITOR, auditor_with} == set(pair) for pair in APART)
