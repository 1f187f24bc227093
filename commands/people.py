"""The demo city's people, who log in to the query page: a steward, an auditor, an operator.

Their accounts and passwords stand in one file of the home folder, mode 0600; a later start finds it and
changes nothing.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from access.clients import ClientStore, Kind
from access.errors import ClientExists
from access.roles import Role
from catalog.ids import ClientId, OrganisationCode

FILE = "demo-people.json"
PEOPLE: Sequence[tuple[str, str, Role, str]] = (
    ("li-ming", "cq_water", Role.STEWARD, "黎明，市水利局数据管理员 steward of the Water Bureau"),
    ("zhao-jing", "cq_bigdata", Role.AUDITOR, "赵静，审计员 auditor"),
    ("wang-lei", "cq_bigdata", Role.OPERATOR, "王磊，平台管理员 operator of the hub"),
)


def register_people(clients: ClientStore, home: Path) -> None:
    file = home / FILE
    if file.exists():
        return
    made = [
        {
            "account": name,
            "password": _password(clients, name, organisation, role, title),
            "organisation": organisation,
            "roles": [role.value],
            "title": title,
        }
        for name, organisation, role, title in PEOPLE
    ]
    part = file.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        json.dump(made, stream, ensure_ascii=False, indent=1)
    part.replace(file)


def _password(clients: ClientStore, name: str, organisation: str, role: Role, title: str) -> str:
    person = ClientId(name)
    try:
        return clients.register(person, OrganisationCode(organisation), [role], title, Kind.PERSON)
    except ClientExists:  # an earlier start was killed before it had written the passwords down
        return clients.renew_secret(person, Kind.PERSON)
