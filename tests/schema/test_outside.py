"""What is no endpoint's answer is JSON in both languages all the same."""

import anyio
import httpx
import pytest

from tests.schema.hub import Hub


def answer(hub: Hub, method: str, path: str) -> httpx.Response:
    async def talk() -> httpx.Response:
        transport = httpx.ASGITransport(hub.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as http:
            return await http.request(method, path)

    return anyio.run(talk)


@pytest.mark.parametrize(
    "path", ["/nothing", "/graphql/nothing", "/console/nothing.js", "/.well-known/x", "/%00<b>"]
)
def test_an_unknown_address_is_told_in_both_languages(hub: Hub, path: str) -> None:
    response = answer(hub, "GET", path)
    assert response.status_code == 404
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "ADDRESS_UNKNOWN"
    assert "没有这个地址" in error["message"]
    assert "nothing at this address" in error["extensions"]["messageEn"]
    assert error["extensions"]["requestId"] == response.headers["x-request-id"]
    assert "<b>" not in response.text


@pytest.mark.parametrize("path", ["/graphql/", "/oauth/token/", "/health/"])
def test_nobody_is_sent_to_a_host_that_the_request_names(hub: Hub, path: str) -> None:
    response = answer(hub, "POST", path)
    assert response.status_code == 404
    assert "location" not in response.headers


@pytest.mark.parametrize("path", ["/health", "/.well-known/jwks.json", "/console/login/page.css"])
def test_a_method_that_does_not_suit_is_told_in_both_languages(hub: Hub, path: str) -> None:
    response = answer(hub, "DELETE", path)
    assert response.status_code == 405
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "METHOD_UNSUITABLE"
    assert "方法" in error["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/oauth/token", 405), ("GET", "/oauth/nothing", 404), ("PUT", "/oauth/revoke", 405)],
)
def test_under_oauth_it_has_the_shape_of_the_rfc(
    hub: Hub, method: str, path: str, status: int
) -> None:
    response = answer(hub, method, path)
    assert response.status_code == status
    body = response.json()
    assert set(body) == {"error", "error_description", "error_description_zh"}
    assert body["error_description"].isascii()
    assert not body["error_description_zh"].isascii()
    assert response.headers.get("allow") == ("POST" if status == 405 else None)
