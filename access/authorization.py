"""What the console asks of the log-in page (RFC 6749, 4.1.1; PKCE by RFC 7636), judged before anybody
types a password.

A request that does not come from a known client with exactly its own address is answered on the page
itself, never by sending a browser anywhere. `plain` and a missing challenge are refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from access.clients import CONSOLE
from catalog.ids import ClientId

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
STATE = re.compile(r"[\x21-\x7e]{8,500}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may be granted."""

    client: ClientId
    redirect: str
    state: str
    challenge: str

    def fields(self) -> Mapping[str, str]:
        """The same request as parameters, for the form of the page."""
        return {
            "response_type": "code",
            "client_id": self.client,
            "redirect_uri": self.redirect,
            "state": self.state,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
        }


@dataclass(frozen=True, slots=True)
class Declined:
    """A refusal that the client is told: its address with an error."""

    location: str


class Misled:
    """A refusal that only the person is told: nobody knows where the browser would be sent."""


def judged(parameters: Mapping[str, str], redirect: str, issuer: str) -> Asked | Declined | Misled:
    """`redirect` is the console's one address."""
    if (parameters.get("client_id"), parameters.get("redirect_uri")) != (CONSOLE, redirect):
        return Misled()
    state = parameters.get("state", "")
    error = _error(parameters, state)
    if error is not None:
        kept = {"state": state} if STATE.fullmatch(state) else {}
        return Declined(returned(redirect, issuer, {"error": error, **kept}))
    return Asked(CONSOLE, redirect, state, parameters["code_challenge"])


def returned(redirect: str, issuer: str, answer: Mapping[str, str]) -> str:
    """The client's address with an answer, and whose answer it is (RFC 9207)."""
    return f"{redirect}?{urlencode({**answer, 'iss': issuer})}"


def _error(parameters: Mapping[str, str], state: str) -> str | None:
    if parameters.get("response_type") != "code":
        return "unsupported_response_type" if "response_type" in parameters else "invalid_request"
    if {"request", "request_uri"} & set(parameters):
        return "request_not_supported"
    if parameters.get("scope"):
        return "invalid_scope"
    if parameters.get("response_mode", "query") != "query":
        return "invalid_request"
    challenged = CHALLENGE.fullmatch(parameters.get("code_challenge", ""))
    if not challenged or parameters.get("code_challenge_method") != "S256":
        return "invalid_request"
    return None if STATE.fullmatch(state) else "invalid_request"
