"""The declared sets of the demo city stand in the row mirror of a running hub, at the published versions."""

import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.calls import new_token
from tests.running_hub import RunningHub, running_hub

DECLARED = {"riverStation", "riverRegimeMunicipal", "riverRegimeNational"}
SECONDS = 240.0
LOOK_SECONDS = 0.2


def health(hub: RunningHub) -> dict[str, Any]:
    token = new_token(hub, "auditor")
    headers = {"Authorization": f"Bearer {token}"}
    body: dict[str, Any] = httpx.get(
        f"{hub.address}/health", headers=headers, timeout=120, trust_env=False
    ).json()
    return body


def declared(body: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one for one in body["dataSets"] if one["mirror"] is not None}


def wait_until_mirrored(hub: RunningHub) -> dict[str, Any]:
    """Health, once the mirror has what is published; AssertionError when it never does."""
    deadline = time.monotonic() + SECONDS
    while True:
        body = health(hub)
        sets = declared(body)
        if sets.keys() == DECLARED and all(
            one["mirror"]["state"] == "ready" and one["mirror"]["version"] == one["version"]
            for one in sets.values()
        ):
            return body
        assert time.monotonic() < deadline, sets
        time.sleep(LOOK_SECONDS)


def count(home: Path, table: str) -> int:
    with sqlite3.connect(f"file:{home / 'mirror.sqlite'}?mode=ro", uri=True) as connection:
        ((number,),) = connection.execute(f'SELECT count(*) FROM "{table}"')
    connection.close()
    return int(number)


def test_what_the_city_declares_is_mirrored_and_again_after_a_kill(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running_hub(home) as hub:
        assert wait_until_mirrored(hub)["parts"]["rowMirror"] == "up"
        assert count(home, "river_station") > 0
        assert 0 < count(home, "river_regime_national") <= count(home, "river_station")
        assert (home / "mirror.sqlite").stat().st_mode & 0o077 == 0
        for process in hub.processes():
            process.send_signal(signal.SIGKILL)
        hub.process.wait(120)
    (home / "mirror.sqlite").write_bytes(b"torn")
    with running_hub(home) as hub:
        assert wait_until_mirrored(hub)["parts"]["rowMirror"] == "up"
        assert count(home, "river_station") > 0


def test_without_a_mirror_nothing_of_it_is_written(tmp_path: Path) -> None:
    with running_hub(tmp_path, environment={"VITALHUB_MIRROR": "false"}) as hub:
        body = health(hub)
        assert {one["mirror"]["state"] for one in declared(body).values()} == {"off"}
        assert "rowMirror" not in body["parts"]
    assert list(tmp_path.glob("mirror*")) == []
