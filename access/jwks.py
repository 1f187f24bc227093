"""The keys of an outside provider: fetched seldom, kept when the provider is down, one bad key no harm.

Rules: at most one fetch in ten seconds and one at a time, whatever flood of unknown key ids arrives; a
few callers wait for it, the others are refused at once; old keys are renewed behind the callers' backs
and are believed for a day at most. What is fetched is bounded in size and time and never redirected.
Blocking: never called on the event loop.
"""

import logging
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Condition, Thread
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from access.provider import Provider, secure_address
from catalog.clock import Clock

log = logging.getLogger(__name__)

Key = ECKey | OKPKey | RSAKey
Fetch = Callable[[Provider], Sequence[Mapping[str, Any]]]

GAP = timedelta(seconds=10)
RENEW = timedelta(minutes=10)
LAST_GOOD = timedelta(days=1)
WAITERS = 4
SECONDS = 5.0
LARGEST = 256 * 1024
MOST_KEYS = 64
SHORTEST_MODULUS = 342
"""Characters of an RSA modulus of 2,048 bits."""
DISCOVERY = "/.well-known/openid-configuration"


class ProviderKeys:
    """`generation` moves whenever a key has gone, so that what it verified is verified again."""

    def __init__(self, provider: Provider, system_clock: Clock, fetch: Fetch | None = None) -> None:
        self.generation = 0
        self._provider = provider
        self._clock = system_clock
        self._fetch = fetch or fetch_keys
        self._changed = Condition()
        self._keys: Mapping[str, Key] = {}
        self._good_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._fetching = False
        self._waiting = 0

    def key(self, kid: str) -> Key | None:
        """None for one that the provider does not have, as far as may be asked now."""
        found = self._known().get(kid)
        if found is not None:
            if self._is_old():
                self.renew()
            return found
        if self._begin():
            self._take_up()
        elif not self._wait():
            return None
        return self._known().get(kid)

    def renew(self) -> None:
        """Fetches in a thread of its own, if it may."""
        if self._begin():
            Thread(target=self._take_up, name="provider keys", daemon=True).start()

    @property
    def is_up(self) -> bool:
        """Whether tokens can be verified; looks after old keys on the way."""
        if self._is_old():
            self.renew()
        return bool(self._known())

    def _known(self) -> Mapping[str, Key]:
        good = self._good_at is not None and self._clock.now() - self._good_at < LAST_GOOD
        return self._keys if good else {}

    def _is_old(self) -> bool:
        return self._good_at is None or self._clock.now() - self._good_at >= RENEW

    def _begin(self) -> bool:
        """Whether the caller is the one that fetches now."""
        with self._changed:
            now = self._clock.now()
            if self._fetching or (self._tried_at is not None and now - self._tried_at < GAP):
                return False
            self._fetching, self._tried_at = True, now
            return True

    def _wait(self) -> bool:
        """Whether a fetch that was under way came to its end; False at once where none is."""
        with self._changed:
            if not self._fetching or self._waiting >= WAITERS:
                return False
            self._waiting += 1
            try:
                return self._changed.wait_for(lambda: not self._fetching, 2 * SECONDS)
            finally:
                self._waiting -= 1

    def _take_up(self) -> None:
        found: Mapping[str, Key] = {}
        try:
            found = usable(self._fetch(self._provider))
        except (httpx.HTTPError, OSError, ValueError, KeyError, TypeError) as wrong:
            kind = type(wrong).__name__
            log.warning("the keys of %s could not be fetched: %s", self._provider.issuer, kind)
        finally:
            with self._changed:
                if found:
                    self.generation += bool(self._keys.keys() - found.keys())
                    self._keys, self._good_at = found, self._clock.now()
                self._fetching = False
                self._changed.notify_all()


def usable(entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Key]:
    """Those that verify signatures, by their ids; each is judged alone."""
    found: dict[str, Key] = {}
    for entry in entries[:MOST_KEYS]:
        if not _verifies(entry):
            continue
        try:
            key = JWKRegistry.import_key(dict(entry))
        except (JoseError, ValueError, KeyError, TypeError):  # a curve that we do not know, say
            continue
        if isinstance(key, (ECKey, OKPKey, RSAKey)):
            found.setdefault(entry["kid"], key)
    return found


def fetch_keys(provider: Provider) -> Sequence[Mapping[str, Any]]:
    """The entries of the provider's JWKS; httpx.HTTPError, OSError or ValueError."""
    trust = ssl.create_default_context(cafile=provider.ca) if provider.ca else True
    with httpx.Client(
        timeout=SECONDS, follow_redirects=False, trust_env=False, verify=trust
    ) as http:
        address = provider.keys or _discovered(http, provider)
        return list(_json(http, address)["keys"])


def _verifies(entry: object) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
        return False
    short = entry.get("kty") == "RSA" and len(str(entry.get("n"))) < SHORTEST_MODULUS
    public = entry.get("kty") in {"RSA", "EC", "OKP"} and "d" not in entry
    signs = entry.get("use", "sig") == "sig" and "verify" in entry.get("key_ops", ["verify"])
    return public and signs and not short


def _discovered(http: httpx.Client, provider: Provider) -> str:
    """The address its discovery names; only on the provider's own host and port."""
    told = _json(http, provider.issuer.rstrip("/") + DISCOVERY)
    address = secure_address(str(told["jwks_uri"]))
    own, named = urlsplit(provider.issuer), urlsplit(address)
    if told.get("issuer") != provider.issuer:
        raise ValueError("the discovery is another issuer's")
    if (own.scheme, own.netloc) != (named.scheme, named.netloc):
        raise ValueError("the keys stand on another host: declare `keys`")
    return address


def _json(http: httpx.Client, address: str) -> Mapping[str, Any]:
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    deadline = time.monotonic() + SECONDS
    body = bytearray()
    with http.stream("GET", address, headers=headers) as reply:
        if reply.status_code != httpx.codes.OK or "content-encoding" in reply.headers:
            raise ValueError(f"HTTP {reply.status_code}")
        for chunk in reply.iter_raw():
            body += chunk
            if len(body) > LARGEST or time.monotonic() > deadline:
                raise ValueError("the answer is too large or too slow")
    told = orjson.loads(body)
    if not isinstance(told, dict):
        raise ValueError("not an object")  # noqa: TRY004 - what came is wrong, not our call
    return told
