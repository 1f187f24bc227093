"""`client`: the operator registers and ends clients, on this machine and in the hub's own registry.

A secret is shown once and kept nowhere. A running hub hears of a revocation within seconds.
"""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from access.clients import ClientStore
from access.roles import Role
from catalog.clock import SystemClock
from catalog.ids import ClientId, OrganisationCode
from catalog.store import CatalogueStore
from commands.caller import CLIENT_ID, CLIENT_SECRET, settings_of
from commands.display import say
from commands.errors import CommandFailed, WrongUsage
from registry.store import Registry
from settings import Settings


def add(given: Namespace) -> None:
    """Print the new client's id and secret as environment variables."""
    with _registry(settings_of(given)) as registry:
        known = CatalogueStore(registry, SystemClock()).load().organisations
        if given.organisation not in known:
            raise CommandFailed(
                f"没有部门 {given.organisation}，现有：{'、'.join(sorted(known))}。"
                f"There is no organisation {given.organisation}; there are {', '.join(sorted(known))}."
            )
        secret = ClientStore(registry).register(
            ClientId(given.client),
            OrganisationCode(given.organisation),
            [Role(role) for role in given.role],
            given.title,
        )
    say(f"{CLIENT_ID}={given.client}\n{CLIENT_SECRET}={secret}")


def revoke(given: Namespace) -> None:
    with _registry(settings_of(given)) as registry:
        ClientStore(registry).revoke_client(ClientId(given.client))
    say(f"{given.client}：已吊销 revoked")


@contextmanager
def _registry(settings: Settings) -> Iterator[Registry]:
    if settings.registry_url is None and not (settings.home / "registry.sqlite").exists():
        raise WrongUsage(
            f"{settings.home} 中没有登记库：请用 --home 指明，或先运行一次 server.py serve。"
            f"{settings.home} holds no registry: name it with --home, or run server.py serve once."
        )
    registry = Registry(settings.registry)
    try:
        yield registry
    finally:
        registry.close()
