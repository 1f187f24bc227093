"""What a district, the bureau and the ministry hand over badly, and what the hub says of it."""

import io
import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import yaml
from openpyxl.worksheet.worksheet import Worksheet

from demo.city import free_port
from demo.key import write_private
from tests.acceptance.calls import Caller, until
from tests.acceptance.sources import premises_rows

ROOT = Path(__file__).parents[2]
GAUGE_HEADER = "测点编号,观测时间,水位(米),控制站码,区划代码,场次"
LOADS = """query ($dataSet: String!) { loads(dataSet: $dataSet, limit: 50) {
  id origin state rows good rejected errorCode error errorEn landedAt } }"""
QUARANTINE = """query ($id: String!) { quarantine(loadId: $id) { total rows {
  file line values { column value } reasons { rule column message messageEn } } } }"""
SHEET = "沿江场所"
EARLIER = timedelta(days=5, minutes=17)
"""How much earlier the other ministry began: sixty more slots are due there, all under new keys."""


def csv_file(*rows: str, header: str = GAUGE_HEADER, encoding: str = "gb18030") -> bytes:
    return "\r\n".join([header, *rows, ""]).encode(encoding)


def gauge_row(gauge: str, minute: int, level: str = "180.10", **other: str) -> str:
    """A reading of a morning long before the replay; `other` replaces single values."""
    values = {"at": f"2026-01-05 08:{minute:02d}:00", "station": "CQ-CIQIKOU"} | other
    place = values.get("place", "500106004001")
    return f"{gauge},{values['at']},{level},{values['station']},{place},acceptance"


def drop(home: Path, name: str, content: bytes) -> None:
    """As the district does it: whole, then renamed."""
    part = home / "district" / "inbox" / f"{name}.part"
    part.write_bytes(content)
    part.replace(part.with_suffix(""))


def load_of(caller: Caller, data_set: str, origin: str) -> dict[str, Any]:
    """The load of a file or of a source's stretch, once it is through."""

    def found() -> dict[str, Any] | None:
        loads = caller.ask(LOADS, dataSet=data_set)["loads"]
        through = {"PUBLISHED", "REJECTED", "REFUSED"}
        mine = [one for one in loads if one["origin"] == origin and one["state"] in through]
        return mine[0] if mine else None

    return until(found)


def quarantined(caller: Caller, load: Mapping[str, Any]) -> list[dict[str, Any]]:
    page = caller.ask(QUARANTINE, id=load["id"])["quarantine"]
    assert page["total"] == len(page["rows"])
    return list(page["rows"])


def reason_of(home: Path, name: str) -> str:
    """What stands beside a refused file."""
    file = home / "district" / "refused" / f"{name}.reason.txt"
    return until(lambda: (file.exists() and file.read_text("utf-8")) or None)


def premises_book(home: Path, change: Any) -> bytes:
    """The district's last workbook, changed by `change(sheet)`."""
    rows = premises_rows(home)
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = SHEET
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    change(sheet)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def bureau_readings(home: Path, rows: Sequence[tuple[object, ...]]) -> None:
    """Station, time, level and datum as the next records of the bureau's table, in one transaction."""
    with closing(sqlite3.connect(home / "bureau" / "river.sqlite", timeout=60)) as connection:
        (last,) = connection.execute("SELECT max(RECNO) FROM river_regime").fetchone()
        connection.executemany(
            "INSERT INTO river_regime (RECNO, STCD, TM, Z, DTM, ADDVCD, SYN) VALUES (?,?,?,?,?,?,1)",
            [(last + n, *row) for n, row in enumerate(rows, start=1)],
        )
        connection.commit()


@contextmanager
def other_ministry(home: Path, *faults: str) -> Iterator[None]:
    """The hub asks another service of the ministry, which has more rows and the given faults."""
    file = home / "connections.yaml"
    kept = file.read_text("utf-8")
    connections = yaml.safe_load(kept)
    remembered = json.loads((home / "demo-city.json").read_text("utf-8"))
    start = datetime.fromisoformat(remembered["start"]) - EARLIER
    port = free_port()
    command = [sys.executable, "-m", "demo.ministry", "--home", str(home), "--port", str(port)]
    command += ["--scenario", remembered["scenario"], "--start", start.isoformat()]
    process = subprocess.Popen([*command, "--busy-every", "0", *faults], cwd=ROOT, env=os.environ)
    try:
        until(lambda: process.poll() is None and _listens(port))
        address = {"url": f"http://127.0.0.1:{port}", "allow": [f"127.0.0.1:{port}"]}
        connections["mwr_river"] |= address
        write_private(file, yaml.safe_dump(connections))
        yield
    finally:
        write_private(file, kept)
        process.terminate()
        process.wait(60)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
