"""The demo's live services: their key, and the switch that breaks them."""

from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from demo import enterprises, waterlogging
from demo.service import Answer, Mode, Service, mode_file, mode_of, service_key
from tests.schema.hub import Http


class Client:
    """Who asks a service in process, with the hub's key."""

    def __init__(
        self, home: Path, name: str = "s", path: str = "/x", answer: Answer | None = None
    ) -> None:
        self._http = Http(Service(name, path, answer or fine, home).app())
        self._key = f"Bearer {service_key(home, name)}"

    def get(self, path: str, key: str | None = None, **params: str) -> httpx.Response:
        headers = {"Authorization": self._key if key is None else key}
        return self._http.get(path, headers=headers, params=params)


def fine(_: Request) -> Response:
    return JSONResponse({"fine": True})


def test_only_the_hubs_key_is_answered(tmp_path: Path) -> None:
    asking = Client(tmp_path)
    assert asking.get("/x").json() == {"fine": True}
    assert asking.get("/x", "Bearer x").status_code == 401
    assert asking.get("/health", "").json() == {"service": "s"}
    assert (tmp_path / "services" / "s.key.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("mode", "status", "kind"),
    [
        (Mode.DOWN, 503, "application/json"),
        (Mode.WRONG, 200, "application/json"),
        (Mode.GARBAGE, 200, "text/html"),
        (Mode.OK, 200, "application/json"),
    ],
)
def test_the_switch_decides_the_next_answer(
    tmp_path: Path, mode: Mode, status: int, kind: str
) -> None:
    asking = Client(tmp_path)
    mode_file(tmp_path, "s").write_text(f"{mode}\n", "utf-8")
    reply = asking.get("/x")
    assert (reply.status_code, reply.headers["content-type"].partition(";")[0]) == (status, kind)
    assert ("fine" in reply.text) is (mode is Mode.OK)


def test_a_switch_that_says_nothing_known_breaks_nothing(tmp_path: Path) -> None:
    Client(tmp_path)
    mode_file(tmp_path, "s").write_text("broken", "utf-8")
    assert mode_of(tmp_path, "s") is Mode.OK


def test_an_enterprise_is_found_by_its_code_or_not_at_all(tmp_path: Path) -> None:
    asking = Client(tmp_path, enterprises.NAME, enterprises.PATH, enterprises.answer)
    code = next(iter(enterprises.ENTERPRISES))
    assert asking.get(f"/v1/enterprises/{code}").json()["uniscid"] == code
    assert asking.get("/v1/enterprises/unknown").status_code == 404


def test_waterlogging_is_asked_by_district_and_depth(tmp_path: Path) -> None:
    asking = Client(tmp_path, waterlogging.NAME, waterlogging.PATH, waterlogging.answer)
    points = asking.get(waterlogging.PATH, district="500106", minDepth="20").json()
    assert [point["depthCm"] for point in points] == [34, 22]
    assert asking.get(waterlogging.PATH, district="500233").json() == []
    assert asking.get(waterlogging.PATH, minDepth="-1").status_code == 400
