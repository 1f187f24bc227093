"""Relay's rules for connections, by `graphql-schema-linter`, over the schema that a demo client downloads."""

import json
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.clients.node import FOLDER, SECONDS
from tests.running_hub import RunningHub

RULES = ("relay-connection-types-spec", "relay-connection-arguments-spec", "relay-page-info-spec")


@pytest.mark.usefixtures("packages")
def test_connections_are_as_relay_wants_them(hub: RunningHub, token: str, tmp_path: Path) -> None:
    reply = httpx.get(
        f"{hub.address}/graphql/schema.graphql",
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
        trust_env=False,
    )
    assert "Connection" in reply.text
    file = tmp_path / "schema.graphql"
    file.write_text(reply.text, "utf-8")
    linter = FOLDER / "node_modules" / ".bin" / "graphql-schema-linter"
    done = subprocess.run(
        [linter, "--format", "json", "--rules", ",".join(RULES), file],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert json.loads(done.stdout)["errors"] == [], done.stdout
    assert done.returncode == 0, done.stderr
