"""`client`, `person` and `key`: who may enter the hub, kept by the operator on this machine.

A secret or password is drawn by the hub, shown once and kept nowhere. A running hub hears of every
change within a second.
"""

from argparse import Namespace

from access.clients import ClientStore, Kind
from access.keys import SigningKeys
from access.links import Identity, LinkStore, Meant
from access.provider import read_providers
from access.roles import Role
from catalog.ids import ClientId
from commands.caller import CLIENT_ID, CLIENT_SECRET, settings_of
from commands.display import moment, say, table
from commands.errors import WrongUsage
from commands.home import home_registry, known_organisation

COLUMNS = ("账号 Account", "姓名 Name", "部门 Organisation", "角色 Roles", "停用于 Disabled")


def add(given: Namespace) -> None:
    """Print the new client's id and secret as environment variables."""
    secret = _register(given, given.client, Kind.APPLICATION)
    say(f"{CLIENT_ID}={given.client}\n{CLIENT_SECRET}={secret}")


def renew(given: Namespace) -> None:
    with home_registry(given) as registry:
        secret = ClientStore(registry).renew_secret(ClientId(given.client))
    say(f"{CLIENT_ID}={given.client}\n{CLIENT_SECRET}={secret}")


def revoke(given: Namespace) -> None:
    with home_registry(given) as registry:
        ClientStore(registry).revoke_client(ClientId(given.client))
    say(f"{given.client}：已吊销 revoked")


def link(given: Namespace) -> None:
    """Let an outside identity mean a client; only one of a declared provider."""
    issuers = [one.issuer for one in read_providers(settings_of(given).providers_file)]
    if given.issuer not in issuers:
        known = "、".join(issuers) or "—"
        raise WrongUsage(
            f"没有声明身份提供方 {given.issuer}，现有：{known}（见 docs/identity.md）。"
            f"No provider {given.issuer} is declared; there are {known} (see docs/identity.md)."
        )
    identity = _identity(given)
    with home_registry(given) as registry:
        LinkStore(ClientStore(registry)).link(identity, ClientId(given.client))
    say(f"{identity.kind.value} {identity.name} @ {identity.issuer} → {given.client}")


def unlink(given: Namespace) -> None:
    identity = _identity(given)
    with home_registry(given) as registry:
        LinkStore(ClientStore(registry)).unlink(identity)
    say(f"{identity.name}：已解除对应 unlinked")


def list_links(given: Namespace) -> None:
    with home_registry(given) as registry:
        links = LinkStore(ClientStore(registry)).links()
    table(
        "外部身份 Outside identities",
        ("客户端 Client", "身份 Identity", "种类 Kind", "提供方 Issuer", "登记于 Linked"),
        (
            (
                one.client,
                one.identity.name,
                one.identity.kind.value,
                one.identity.issuer,
                moment(one.linked_at.isoformat()),
            )
            for one in links
        ),
    )


def _identity(given: Namespace) -> Identity:
    if given.subject:
        return Identity(given.issuer, Meant.SUBJECT, given.subject)
    return Identity(given.issuer, Meant.APPLICATION, given.application)


def add_person(given: Namespace) -> None:
    password = _register(given, given.person, Kind.PERSON)
    _show(given.person, password)


def renew_person(given: Namespace) -> None:
    with home_registry(given) as registry:
        password = ClientStore(registry).renew_secret(ClientId(given.person), Kind.PERSON)
    _show(given.person, password)


def disable_person(given: Namespace) -> None:
    with home_registry(given) as registry:
        ClientStore(registry).revoke_client(ClientId(given.person), Kind.PERSON)
    say(f"{given.person}：已停用 disabled")


def list_people(given: Namespace) -> None:
    with home_registry(given) as registry:
        people = [one for one in ClientStore(registry).clients() if one.kind is Kind.PERSON]
    table(
        "人员 People",
        COLUMNS,
        (
            (
                one.id,
                one.title,
                one.organisation,
                sorted(one.roles),
                one.revoked_at and moment(one.revoked_at.isoformat()),
            )
            for one in people
        ),
    )


def rotate_key(given: Namespace) -> None:
    file = settings_of(given).home / "keys" / "signing.json"
    if not file.exists():
        raise WrongUsage(f"没有密钥文件 {file}。There is no key file {file}.")
    say(f"新签名密钥 the new signing key: {SigningKeys(file).rotate()}")


def _register(given: Namespace, name: str, kind: Kind) -> str:
    with home_registry(given) as registry:
        organisation = known_organisation(registry, given.organisation)
        roles = [Role(role) for role in given.role]
        return ClientStore(registry).register(
            ClientId(name), organisation, roles, given.title, kind
        )


def _show(person: str, password: str) -> None:
    say(f"账号 account：{person}\n密码 password：{password}")
