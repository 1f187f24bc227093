"""A client whose queue is full is told so over HTTP, and only where data would be read."""

import shutil
from functools import partial
from pathlib import Path

import pytest

from schema.places import Places
from tests.schema.hub import running_hub


def test_a_full_queue_is_a_429_with_a_time_to_come_back(
    template: tuple[Path, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schema.operation.Places", partial(Places, kept=0))
    shutil.copytree(template[0], tmp_path / "hub")
    with running_hub(tmp_path / "hub", template[1]) as hub:
        owner = hub.client("owner", of="cq_water")
        reply = hub.post(owner, "{ station { code } }")
        assert reply.status_code == 429
        assert int(reply.headers["retry-after"]) > 0
        (error,) = reply.json()["errors"]
        assert error["extensions"]["code"] == "QUEUE_FULL"
        assert hub.ask(owner, "{ me { clientId } }")["me"]["clientId"] == "owner"
        assert not [r for r in hub.usage_records() if r.get("client") == "owner"]
