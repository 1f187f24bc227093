"""One HTTP exchange with a live service: the thin shell around `httpx`, bounded by its caller's time.

Rules: only the declared address, checked by name and by what it resolves to, and that very address is
connected to; no proxy, no redirect, no cookie, no connection kept; no try is repeated, for a caller
who waits is better told; a body is counted while it streams and left where it passes its bound; a
compressed one is refused, because it could not be counted.
"""

import ssl
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import httpx

from connectors.calling.errors import (
    ArgumentsRefused,
    NotReached,
    ProviderBusy,
    WronglyAnswered,
)
from connectors.calling.request import Outgoing
from connectors.connections import InterfaceConnection

JSON = "application/json"
OK = 200
NOT_FOUND = 404
REFUSED = frozenset({400, 413, 414, 422, 431})
AGAIN_LATER = 429
NOT_OURS = frozenset({401, 408})
FORBIDDEN = 403
"""Our key, or a firewall before the service that dislikes what was asked."""
CLIENT_FAULT = 400
SERVER_FAULT = 500
MAX_PAUSE = 3600.0
PAUSE = 1.0
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Received:
    """`content` None: the provider has nothing of this key."""

    content: bytes | None


class Resolve(Protocol):
    """The one permitted address of host and port."""

    async def __call__(self, connection: InterfaceConnection, host: str, port: int) -> str: ...


async def exchange(
    outgoing: Outgoing,
    connection: InterfaceConnection,
    resolve: Resolve,
    *,
    seconds: float,
    max_bytes: int,
) -> Received:
    """NotReached, WronglyAnswered, ArgumentsRefused, ProviderBusy. `seconds` bounds each step alone;
    the whole is bounded by whoever calls.
    """
    url = httpx.URL(connection.url.rstrip("/") + outgoing.target)
    address = await resolve(connection, url.host, url.port or PORTS[url.scheme])
    transport = httpx.AsyncHTTPTransport(verify=_trusted(), trust_env=False, retries=0)
    try:
        async with (
            httpx.AsyncClient(
                transport=transport, trust_env=False, follow_redirects=False, timeout=seconds
            ) as client,
            client.stream(
                outgoing.method,
                url.copy_with(host=address),
                content=outgoing.body,
                headers=_headers(outgoing, connection, url),
                extensions={"sni_hostname": url.host},
            ) as response,
        ):
            return Received(await _body(response, max_bytes))
    except httpx.TimeoutException as late:
        raise TimeoutError from late
    except httpx.DecodingError as wrong:
        raise WronglyAnswered("cannot be decoded") from wrong
    except (httpx.TransportError, ssl.SSLError, OSError) as wrong:
        raise NotReached(type(wrong).__name__) from wrong


def _headers(outgoing: Outgoing, connection: InterfaceConnection, url: httpx.URL) -> dict[str, str]:
    headers = {
        "Host": url.netloc.decode("ascii"),
        "Accept": JSON,
        "Accept-Encoding": "identity",
        "User-Agent": "vitalhub",
        "Connection": "close",
    }
    if outgoing.body is not None:
        headers["Content-Type"] = JSON
    if connection.secret is not None:
        headers[connection.header] = connection.secret.get_secret_value()
    return headers


async def _body(response: httpx.Response, max_bytes: int) -> bytes | None:
    if response.status_code == NOT_FOUND:
        return None
    _check_status(response)
    told = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if told != JSON:
        raise WronglyAnswered("is not application/json")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise WronglyAnswered("is compressed, which was not asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > max_bytes:
            raise WronglyAnswered(f"is longer than {max_bytes} bytes", of_question=True)
    return bytes(body)


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    problem = f"HTTP {status}"
    if status == AGAIN_LATER:
        raise ProviderBusy(problem, _pause(response))
    if status in REFUSED:
        raise ArgumentsRefused(problem)
    if status in NOT_OURS or status >= SERVER_FAULT:
        raise NotReached(problem)
    if status == FORBIDDEN:
        raise NotReached(problem, of_question=True)
    if status != OK:
        raise WronglyAnswered(problem, of_question=status >= CLIENT_FAULT)


def _pause(response: httpx.Response) -> float:
    told = response.headers.get("retry-after", "").strip()
    return min(float(told), MAX_PAUSE) if told.isascii() and told.isdigit() else PAUSE


@cache
def _trusted() -> ssl.SSLContext:
    """Made once: reading the certificate store takes longer than a call."""
    return ssl.create_default_context()
