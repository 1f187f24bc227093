"""The log-in page of the hub, at /oauth/authorize: a name, a password, and a code for the console.

Rules: no script, nothing from elsewhere, never inside a frame; a form counts only with the ticket that
its own page got, bound to a cookie, so that no other site can post it; an unknown name, a disabled
person and a wrong password are one text after the same work; guessing is bounded (`attempts.py`).
There is no lasting cookie: each log-in asks for the password.
"""

import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from access.attempts import Attempts
from access.authorization import Asked, Declined, judged, returned
from access.clients import Kind
from access.form import parameters, read_form
from access.issuer import AUTHORIZE_PATH, Issuer
from access.replies import Reply
from access.work import QueueFull, WorkQueue
from catalog.clock import Clock, SystemClock

PAGES = Path(__file__).parent.parent / "console" / "login"
COOKIE_SECONDS = 600
WRONG = "wrong"
OVER = "over"
STALE = "stale"
BUSY = "busy"
STATUS = {WRONG: 403, OVER: 429, STALE: 400, BUSY: 503}
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class LogInPage:
    """`routes` are Starlette's."""

    def __init__(self, issuer: Issuer, system_clock: Clock | None = None) -> None:
        self._issuer = issuer
        self._clock = system_clock or SystemClock()
        self._attempts = Attempts(self._clock)
        self._work = WorkQueue()
        self._key = secrets.token_bytes(32)  # a page that is open while the hub restarts is stale
        self._secure = issuer.address.startswith("https:")
        self._cookie = "__Host-vitalhub-login" if self._secure else "vitalhub-login"
        loader = FileSystemLoader(PAGES)
        pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        self._template = pages.get_template("page.html")

    def routes(self) -> list[Route]:
        return [
            Route(AUTHORIZE_PATH, self.show, methods=["GET"]),
            Route(AUTHORIZE_PATH, self.take, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The page, where the request may be granted."""
        given = parameters(request.url.query.encode())
        asked = self._judged(given)
        return self._page(asked) if isinstance(asked, Asked) else asked

    async def take(self, request: Request) -> Response:
        """Name and password: back to the console with a code, or the page again."""
        given = await read_form(request)
        asked = self._judged(given)
        if not isinstance(asked, Asked) or isinstance(given, Reply):
            return asked if isinstance(asked, Response) else self._misled()
        if not self._is_own(request, given.get("ticket", "")):
            return self._page(asked, STALE)
        name, password = given.get("name", "").strip(), given.get("password", "").strip()
        machine = request.client.host if request.client else ""
        if not self._attempts.begin(name, machine):
            return self._page(asked, OVER, name)
        try:
            code = await self._work.run(self._log_in, name, password, asked)
        except QueueFull:
            self._attempts.succeeded(name, machine)  # it was not even tried
            return self._page(asked, BUSY, name)
        if code is None:
            return self._page(asked, WRONG, name)
        self._attempts.succeeded(name, machine)
        answer = {"code": code, "state": asked.state}
        location = returned(asked.redirect, self._issuer.address, answer)
        response = RedirectResponse(location, 303, HEADERS)
        self._forget(response)
        return response

    def _log_in(self, name: str, password: str, asked: Asked) -> str | None:
        person = self._issuer.clients.authenticate(name, password, Kind.PERSON)
        if person is None:
            return None
        return self._issuer.sessions.begin(person.id, asked.client, asked.redirect, asked.challenge)

    def _judged(self, given: Mapping[str, str] | Reply) -> Asked | Response:
        if isinstance(given, Reply):
            return self._misled()
        found = judged(given, self._issuer.redirect, self._issuer.address)
        match found:
            case Asked():
                return found
            case Declined():
                return RedirectResponse(found.location, 303, HEADERS)
        return self._misled()

    def _page(self, asked: Asked, problem: str = "", name: str = "") -> Response:
        seed = secrets.token_urlsafe(24)
        content = self._template.render(
            fields=asked.fields(), ticket=self._ticket(seed), problem=problem, name=name[:64]
        )
        back = urlsplit(asked.redirect)
        headers = HEADERS | _policy(f"'self' {back.scheme}://{back.netloc}")
        if problem in {OVER, BUSY}:
            headers["Retry-After"] = "900" if problem == OVER else "1"
        response = HTMLResponse(content, STATUS.get(problem, 200), headers)
        response.set_cookie(
            self._cookie,
            seed,
            max_age=COOKIE_SECONDS,
            path="/" if self._secure else AUTHORIZE_PATH,
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )
        return response

    def _misled(self) -> Response:
        content = self._template.render(fields=None, ticket="", problem="", name="")
        return HTMLResponse(content, 400, HEADERS | _policy("'none'"))

    def _is_own(self, request: Request, ticket: str) -> bool:
        """Whether the form comes from a page of ours, in this very browser."""
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return False
        seed = request.cookies.get(self._cookie, "")
        return hmac.compare_digest(ticket.encode(), self._ticket(seed).encode())

    def _ticket(self, seed: str) -> str:
        return hmac.new(self._key, seed.encode(), "sha256").hexdigest()

    def _forget(self, response: Response) -> None:
        path = "/" if self._secure else AUTHORIZE_PATH
        response.delete_cookie(
            self._cookie, path, secure=self._secure, httponly=True, samesite="strict"
        )


def _policy(targets: str) -> dict[str, str]:
    policy = (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action {targets}"
    )
    return {"Content-Security-Policy": policy}
