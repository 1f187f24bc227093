"""What a command of the operator opens of the home folder itself, without asking a hub."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from catalog.clock import SystemClock
from catalog.ids import OrganisationCode
from catalog.store import CatalogueStore
from commands.caller import settings_of
from commands.errors import CommandFailed, WrongUsage
from registry.store import Registry


@contextmanager
def home_registry(given: Namespace) -> Iterator[Registry]:
    """The hub's own registry; WrongUsage where there is none."""
    settings = settings_of(given)
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


def known_organisation(registry: Registry, code: str) -> OrganisationCode:
    """CommandFailed with the list of those that exist."""
    known = CatalogueStore(registry, SystemClock()).load().organisations
    if code not in known:
        raise CommandFailed(
            f"没有部门 {code}，现有：{'、'.join(sorted(known))}。"
            f"There is no organisation {code}; there are {', '.join(sorted(known))}."
        )
    return OrganisationCode(code)
