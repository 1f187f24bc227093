"""A person with a browser, as far as the log-in needs one: pages, hidden fields, a cookie, PKCE."""

import asyncio
import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx
from starlette.applications import Starlette

from tests.access.conftest import ADDRESS

T = TypeVar("T")
REDIRECT = f"{ADDRESS}/graphql"
HIDDEN = re.compile(r'type="hidden" name="(\w+)" value="([^"]*)"')


def run(application: Starlette, talk: Callable[[httpx.AsyncClient], Awaitable[T]]) -> T:
    async def conversation() -> T:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as http:
            return await talk(http)

    return asyncio.run(conversation())


@dataclass
class Visitor:
    """One browser; `verifier` is what only its console page knows."""

    application: Starlette
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def question(self, **changes: str | None) -> dict[str, str]:
        """What the console asks of the log-in page."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": "console",
            "redirect_uri": REDIRECT,
            "state": self.state,
            "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **changes,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def send(self, method: str, path: str, **request: object) -> httpx.Response:
        async def talk(http: httpx.AsyncClient) -> httpx.Response:
            http.cookies.update(self.cookies)
            answer = await http.request(method, path, **request)  # type: ignore[arg-type]
            self.cookies = http.cookies
            return answer

        return run(self.application, talk)

    def page(self, **changes: str | None) -> httpx.Response:
        return self.send("GET", "/oauth/authorize", params=self.question(**changes))

    def enter(self, name: str, password: str, **changes: str) -> httpx.Response:
        """Opens the page and sends its form."""
        form = dict(HIDDEN.findall(self.page().text))
        form |= {"name": name, "password": password, **changes}
        return self.send("POST", "/oauth/authorize", data=form)

    def code(self, name: str, password: str) -> str:
        sent = answer_of(self.enter(name, password))
        assert sent["state"] == self.state
        assert sent["iss"] == ADDRESS
        return sent["code"]

    def exchange(self, code: str, **changes: str | None) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "client_id": "console",
            "redirect_uri": REDIRECT,
            "code": code,
            "code_verifier": self.verifier,
            **changes,
        }
        return self.token({name: value for name, value in form.items() if value is not None})

    def refresh(self, refresh: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "client_id": "console", "refresh_token": refresh}
        return self.token(form)

    def token(self, form: dict[str, str]) -> httpx.Response:
        return self.send("POST", "/oauth/token", data=form)

    def log_in(self, name: str, password: str) -> dict[str, str]:
        """The tokens at the end of it all."""
        reply = self.exchange(self.code(name, password))
        assert reply.status_code == 200, reply.text
        tokens: dict[str, str] = reply.json()
        return tokens


def answer_of(response: httpx.Response) -> dict[str, str]:
    """What a redirect to the console carries."""
    assert response.status_code == 303, response.text
    address = urlsplit(response.headers["location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == REDIRECT
    return {name: value for name, (value,) in parse_qs(address.query).items()}
