"""One HTTP GET to a declared source: signed, bounded, checked, tried again.

Signature: hex HMAC-SHA256 of METHOD, PATH?QUERY, unix seconds and nonce, a line each. Time is the
system's: the other side compares it with its own.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlencode

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_before_delay
from tenacity.wait import wait_exponential_jitter

from connectors.connections import RestConnection, permitted_address
from connectors.errors import (
    AddressRefused,
    PageTooLarge,
    PageTruncated,
    SourceError,
    SourceRefusesUs,
    SourceUnavailable,
)
from connectors.limits import Limits, RateLimit

Answer = TypeVar("Answer")
AGAIN_LATER = 429
SERVER_FAULT = 500
OK = 200
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PORTS = {"http": 80, "https": 443}


@dataclass(slots=True)
class SignedClient:
    connection: RestConnection
    name: str
    origin: str
    limits: Limits
    rate: RateLimit
    timeout: float
    retry: float
    sleep: Callable[[float], None] = time.sleep
    _http: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # No proxy and no certificate from the environment: only what the operator declared.
        self._http = httpx.Client(trust_env=False, follow_redirects=False, timeout=self.timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def get(
        self,
        path: str,
        query: Mapping[str, str],
        read: Callable[[bytes, Mapping[str, str]], Answer],
    ) -> Answer:
        """What `read` makes of the body; it raises PageTruncated to have it fetched again."""
        url = httpx.URL(f"{self.connection.url.rstrip('/')}{path}?{urlencode(query)}")
        retrying = Retrying(
            retry=retry_if_exception(_may_pass),
            wait=_wait,
            stop=stop_before_delay(self.retry),
            sleep=self.sleep,
            reraise=True,
        )
        try:
            answer: Answer = retrying(self._try, url, read)
        except _NotNow as gone:
            raise SourceUnavailable(origin=self.origin, problem=gone.problem) from gone
        return answer

    def _try(self, url: httpx.URL, read: Callable[[bytes, Mapping[str, str]], Answer]) -> Answer:
        for _ in range(self.limits.redirects + 1):
            self.rate.wait()
            try:
                request = self._request(url)
                with closing(self._http.send(request, stream=True)) as response:
                    if response.status_code not in REDIRECTS:
                        return read(self._body(response), response.headers)
                    url = url.join(response.headers.get("location", ""))
            except httpx.RemoteProtocolError as wrong:
                raise PageTruncated(origin=self.origin, problem="connection lost") from wrong
            except httpx.TransportError as wrong:
                raise _NotNow(type(wrong).__name__) from wrong
        raise SourceRefusesUs(origin=self.origin, status="too many redirects")

    def _request(self, url: httpx.URL) -> httpx.Request:
        """The signed request to the one permitted address of the URL's host."""
        port = url.port or PORTS.get(url.scheme, 0)
        weaker = url.scheme != "https" and self.connection.url.startswith("https:")
        if url.scheme not in PORTS or weaker:
            raise AddressRefused(address=url.scheme, connection=self.name, problem="not https")
        address = permitted_address(self.name, self.connection.allow, url.host, port)
        headers = {
            "Host": url.netloc.decode("ascii"),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            **self._signature(url),
        }
        return self._http.build_request(
            "GET",
            url.copy_with(host=address),
            headers=headers,
            extensions={"sni_hostname": url.host},
        )

    def _signature(self, url: httpx.URL) -> dict[str, str]:
        at, nonce = str(int(time.time())), secrets.token_hex(16)
        text = "\n".join(("GET", url.raw_path.decode("ascii"), at, nonce))
        key = self.connection.secret.get_secret_value().encode()
        return {
            "X-Key-Id": self.connection.key_id,
            "X-Timestamp": at,
            "X-Nonce": nonce,
            "X-Signature": hmac.new(key, text.encode(), hashlib.sha256).hexdigest(),
        }

    def _body(self, response: httpx.Response) -> bytes:
        status = response.status_code
        if status == AGAIN_LATER or status >= SERVER_FAULT:
            raise _NotNow(f"HTTP {status}", self._retry_after(response))
        if status != OK:
            raise SourceRefusesUs(origin=self.origin, status=f"HTTP {status}")
        if response.headers.get("content-encoding", "identity") != "identity":
            # Compressed although we asked for identity: its length could not be bounded.
            raise SourceRefusesUs(origin=self.origin, status="compressed reply")
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > self.limits.page:
                raise PageTooLarge(origin=self.origin, limit=self.limits.page)
        return bytes(body)

    @staticmethod
    def _retry_after(response: httpx.Response) -> float:
        text = response.headers.get("retry-after", "").strip()
        if text.isdigit():
            return float(text)
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return 0.0
        zoned = until if until.tzinfo else until.replace(tzinfo=UTC)
        # System time: the other side's date is the world's, not a replay's.
        return max(0.0, (zoned - datetime.now(UTC)).total_seconds())


class _NotNow(Exception):
    """Never leaves this module: SourceUnavailable takes its place when time is up."""

    def __init__(self, problem: str, after: float = 0.0) -> None:
        super().__init__(problem)
        self.problem = problem
        self.after = after


BACK_OFF = wait_exponential_jitter(multiplier=0.2, max=10.0, jitter=0.2)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, _NotNow) or (isinstance(error, SourceError) and error.retry)


def _wait(state: RetryCallState) -> float:
    """The back-off, or longer when the source says so."""
    outcome = state.outcome.exception() if state.outcome else None
    after = outcome.after if isinstance(outcome, _NotNow) else 0.0
    return max(BACK_OFF(state), after)
