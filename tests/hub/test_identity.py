"""A whole hub that believes an outside provider, as its operator declares it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from access.clients import Kind
from access.links import Identity, LinkStore, Meant
from access.roles import Role
from catalog.ids import ClientId, OrganisationCode
from hub.composition import Hub, build_hub
from settings import Settings
from tests.access.keycloak import Keycloak, keycloak

T = TypeVar("T")
PERSON = ClientId("li-ming")
ME = {"query": "{ me { clientId roles } }"}


@dataclass(frozen=True, slots=True)
class Believing:
    hub: Hub
    keycloak: Keycloak

    def run(self, talk: Callable[[httpx.AsyncClient], Awaitable[T]]) -> T:
        async def conversation() -> T:
            transport = httpx.ASGITransport(self.hub.app)
            address = self.hub.settings.issuer
            async with httpx.AsyncClient(transport=transport, base_url=address) as http:
                return await talk(http)

        return asyncio.run(conversation())

    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keycloak.token(datetime.now(UTC))}"}


@pytest.fixture
def believing(tmp_path: Path) -> Iterator[Believing]:
    with keycloak() as running:
        file = tmp_path / "providers.yaml"
        file.write_text(
            f"providers:\n  - issuer: {running.issuer}\n    shape: keycloak\n"
            "    audience: account\n    clients: [city-portal]\n"
        )
        file.chmod(0o600)
        running.hold.clear()
        hub = build_hub(Settings(home=tmp_path))
        organisation = OrganisationCode("cq_water")
        hub.clients.register(PERSON, organisation, [Role.STEWARD], "黎明", Kind.PERSON)
        subject = str(running.claims(datetime.now(UTC))["sub"])
        LinkStore(hub.clients).link(Identity(running.issuer, Meant.SUBJECT, subject), PERSON)
        yield Believing(hub, running)
        running.hold.set()
        hub.close()


def test_a_keycloak_token_asks_the_api(believing: Believing) -> None:
    believing.keycloak.hold.set()

    async def talk(http: httpx.AsyncClient) -> dict[str, object]:
        reply = await http.post("/graphql", json=ME, headers=believing.bearer())
        me: dict[str, object] = reply.json()["data"]["me"]
        return me

    assert believing.run(talk) == {"clientId": PERSON, "roles": ["steward"]}


def test_a_provider_that_does_not_answer_keeps_nobody_else_waiting(believing: Believing) -> None:
    async def talk(http: httpx.AsyncClient) -> None:
        waiting = asyncio.create_task(http.post("/graphql", json=ME, headers=believing.bearer()))
        health = await http.get("/health")
        assert health.json()["parts"]["identityProviders"] == "down"
        assert (await http.get("/.well-known/jwks.json")).status_code == 200
        assert not waiting.done()
        believing.keycloak.hold.set()
        assert (await waiting).json()["data"]["me"]["clientId"] == PERSON
        health = await http.get("/health")
        assert health.json()["parts"]["identityProviders"] == "up"

    believing.run(talk)


def test_an_outside_token_that_means_nobody_reads_like_a_forged_one(believing: Believing) -> None:
    believing.keycloak.hold.set()

    async def talk(http: httpx.AsyncClient) -> list[tuple[int, str, str]]:
        now = datetime.now(UTC)
        told = []
        for token in (
            believing.keycloak.token(now, sub="nobody"),
            believing.keycloak.token(now, azp="another-app"),
            believing.keycloak.token(now)[:-8] + "AAAAAAAA",
            believing.keycloak.id_token(now),
            "a.b.c",
        ):
            headers = {"Authorization": f"Bearer {token}"}
            reply = await http.post("/graphql", json=ME, headers=headers)
            (error,) = reply.json()["errors"]
            told.append((reply.status_code, error["extensions"]["code"], error["message"]))
        return told

    assert len(set(believing.run(talk))) == 1
