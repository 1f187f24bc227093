"""Authlib's own OAuth client goes the whole way, as any other program would."""

import warnings

import anyio
import httpx
from authlib.deprecate import AuthlibDeprecationWarning
from starlette.applications import Starlette

from tests.access.conftest import ADDRESS, APP, PERSON, Access
from tests.access.visitor import HIDDEN, REDIRECT

with warnings.catch_warnings():  # it would rather have httpx's successor
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.httpx_client import AsyncOAuth2Client

VERIFIER = "verifier-of-a-real-client-0123456789-abcdefgh"


def test_a_real_oauth_client_logs_a_person_in_by_the_metadata_alone(
    access: Access, application: Starlette
) -> None:
    password = access.person()

    async def flow() -> None:
        transport = httpx.ASGITransport(application)
        async with (
            httpx.AsyncClient(transport=transport, base_url=ADDRESS) as browser,
            AsyncOAuth2Client(
                "console",
                token_endpoint_auth_method="none",
                code_challenge_method="S256",
                redirect_uri=REDIRECT,
                transport=transport,
            ) as client,
        ):
            known = (await browser.get("/.well-known/oauth-authorization-server")).json()
            address, _ = client.create_authorization_url(
                known["authorization_endpoint"], code_verifier=VERIFIER
            )
            form = dict(HIDDEN.findall((await browser.get(address)).text))
            form |= {"name": PERSON, "password": password}
            back = await browser.post(known["authorization_endpoint"], data=form)
            await client.fetch_token(
                known["token_endpoint"],
                authorization_response=back.headers["location"],
                code_verifier=VERIFIER,
            )
            first = client.token
            assert access.verifier.verify(first["access_token"]).client == PERSON
            await client.refresh_token(known["token_endpoint"])
            assert client.token["refresh_token"] != first["refresh_token"]
            assert access.verifier.verify(client.token["access_token"]).client == PERSON
            await client.revoke_token(
                known["revocation_endpoint"],
                token=client.token["refresh_token"],
                body="client_id=console",
            )

    anyio.run(flow)


def test_a_real_oauth_client_gets_an_applications_token(
    access: Access, application: Starlette
) -> None:
    secret = access.clients.renew_secret(APP)

    async def flow() -> None:
        transport = httpx.ASGITransport(application)
        async with AsyncOAuth2Client(APP, secret, transport=transport) as client:
            token = await client.fetch_token(
                f"{ADDRESS}/oauth/token", grant_type="client_credentials"
            )
            assert access.verifier.verify(token["access_token"]).client == APP

    anyio.run(flow)
