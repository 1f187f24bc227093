"""A client of a running hub: what every command speaks through. No command has a way of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx

from commands.errors import CommandFailed

TIMEOUT_SECONDS = 60.0


@dataclass(slots=True)
class HubClient:
    """Speaks to the hub at `address` as one client, over connections it keeps until it is closed."""

    address: str
    client_id: str
    secret: str = field(repr=False)
    _http: httpx.Client = field(init=False)
    _token: str | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._http = httpx.Client(base_url=self.address, timeout=TIMEOUT_SECONDS, trust_env=False)

    def close(self) -> None:
        """End the connections; the next call would fail."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def execute(
        self, document: str, variables: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """The reply's data; CommandFailed with the hub's own words when there is an error."""
        token = self._token or self.token()
        reply = self._post(token, document, variables or {})
        if reply.status_code == httpx.codes.UNAUTHORIZED:  # a token lives ten minutes
            reply = self._post(self.token(), document, variables or {})
        body = self._body(reply)
        if body.get("errors"):
            codes = [error.get("extensions", {}).get("code", "") for error in body["errors"]]
            raise CommandFailed("\n".join(map(_told, body["errors"])), codes)
        data: dict[str, Any] = body["data"]
        return data

    def schema(self) -> bytes:
        """The SDL of what this client sees."""
        reply = self._send(
            "/graphql/schema.graphql", method="GET", headers=_bearer(self._token or self.token())
        )
        if reply.status_code != httpx.codes.OK:
            raise CommandFailed("\n".join(map(_told, self._body(reply).get("errors", []))))
        return reply.content

    def token(self) -> str:
        """A new access token."""
        reply = self._send(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(self.client_id, self.secret),
        )
        if reply.status_code != httpx.codes.OK:
            raise CommandFailed(
                f"{self.client_id} 未能登录：请核对客户端编号与密钥。"
                f"{self.client_id} could not log in: check client id and secret."
            )
        self._token = str(self._body(reply)["access_token"])
        return self._token

    def _post(self, token: str, document: str, variables: Mapping[str, object]) -> httpx.Response:
        return self._send(
            "/graphql",
            json={"query": document, "variables": dict(variables)},
            headers=_bearer(token),
        )

    def _send(self, path: str, *, method: str = "POST", **request: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own options
        try:
            return self._http.request(method, path, **request)
        except (httpx.TransportError, httpx.InvalidURL) as wrong:
            raise CommandFailed(
                f"无法连接 {self.address}：请先运行 make serve，或用 --hub 写明地址。"
                f"Cannot reach {self.address}: run make serve first, or name the hub with --hub."
            ) from wrong

    def _body(self, reply: httpx.Response) -> dict[str, Any]:
        try:
            body = reply.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise CommandFailed(
                f"{self.address} 的应答不是枢纽的应答（HTTP {reply.status_code}），请核对 --hub。"
                f"{self.address} does not answer like a hub; check --hub."
            )
        return body


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _told(error: Mapping[str, Any]) -> str:
    extensions = error.get("extensions", {})
    return f"{extensions.get('code', '')}: {error['message']} {extensions.get('messageEn', '')}"
