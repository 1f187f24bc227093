"""Whole tables as files, in Python: Arrow batch by batch with pyarrow, CSV to a file that is whole or not there.

HUB, CLIENT_ID and CLIENT_SECRET come from the environment. `table.to_pandas()` and `polars.from_arrow(table)`
take over from what is read here.
"""

import io
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.ipc

HUB = os.environ["HUB"]
ARROW = "application/vnd.apache.arrow.stream"
QUERY = "{ riverRegimeMunicipal { stationCode observedAt levelM datum } }"
BY_STATION = """{
  riverRegimeMunicipalAggregate(groupBy: [{column: STATION_CODE}]) {
    key { stationCode } count levelM { max }
  }
}"""


class Pieces(io.RawIOBase):
    """The pieces of a reply as a file that can be read once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = piece
        taken = self._left[: len(buffer)]
        buffer[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)


def token() -> str:
    credentials = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
    asked = {"grant_type": "client_credentials"}
    reply = httpx.post(f"{HUB}/oauth/token", data=asked, auth=credentials, timeout=60)
    return str(reply.raise_for_status().json()["access_token"])


@contextmanager
def export(query: str, accept: str) -> Iterator[httpx.Response]:
    """A reply that is a file; SystemExit with what the hub says when it is none."""
    headers = {"Authorization": f"Bearer {token()}", "Accept": accept}
    body = {"query": query}
    with httpx.stream("POST", f"{HUB}/graphql", json=body, headers=headers, timeout=60) as reply:
        if reply.status_code != httpx.codes.OK:
            raise SystemExit(json.loads(reply.read())["errors"][0]["message"])
        yield reply


def batches(query: str) -> Iterator[pa.RecordBatch]:
    """Never more than one in memory; an error of httpx when the transfer breaks off."""
    with (
        export(query, ARROW) as reply,
        pyarrow.ipc.open_stream(io.BufferedReader(Pieces(reply.iter_bytes()))) as stream,
    ):
        yield from stream


def saved_csv(query: str, file: Path) -> int:
    """The file's bytes; it is there when the transfer is whole, and not before."""
    part = file.with_suffix(".part")
    with export(query, "text/csv") as reply, part.open("wb") as out:
        for piece in reply.iter_bytes():
            out.write(piece)
    part.replace(file)
    return file.stat().st_size


def main() -> None:
    rows = sum(batch.num_rows for batch in batches(QUERY))
    table = pa.Table.from_batches(batches(BY_STATION))
    with tempfile.TemporaryDirectory() as folder:
        size = saved_csv(QUERY, Path(folder) / "levels.csv")
    told = {"rows": rows, "stations": table.num_rows, "csvBytes": size}
    print(json.dumps(told | {"levelType": str(table.schema.field("levelM").type)}))


if __name__ == "__main__":
    main()
