"""The district's files: its premises once, as Excel, and a CSV of its gauges every ten seconds.

Rules: a file is written as `.part` and renamed when whole; a name is never used twice; the CSV is in
GB18030 with the district's own Chinese headers and Beijing time without a zone. The hub collects from
`inbox/`; what it has taken (to `collected/` or `refused/`) is not dropped again.
"""

import csv
import io
from datetime import datetime, timedelta
from pathlib import Path

from openpyxl import Workbook

from catalog.clock import CITY_ZONE, Clock, SystemClock
from catalog.places import read_places
from demo.lifeline import arguments, follow_parent, scenario_of, stop_event
from demo.premises import Premises, premises
from demo.scenario import GaugeReading, Scenario

EVERY_SECONDS = 10
BACKFILL = timedelta(hours=6)
BACKFILL_STEP = timedelta(minutes=10)
ENCODING = "gb18030"
SHEET = "沿江场所"
GAUGE_HEADERS = ("测点编号", "观测时间", "水位(米)", "控制站码", "区划代码", "场次")
PREMISES_HEADERS = (
    "场所编号",
    "场所名称",
    "场所类型",
    "区划代码",
    "地面高程(米)",
    "高程基准",
    "常住人数",
    "控制站码",
    "联系电话",
    "经度",
    "纬度",
)


class Folder:
    """An exchange folder: `inbox/` to drop into, `collected/` and `refused/` beside it."""

    def __init__(self, folder: Path) -> None:
        self.inbox = folder / "inbox"
        self.inbox.mkdir(parents=True, exist_ok=True)
        self._taken = (folder / "collected", folder / "refused")

    def has_had(self, name: str) -> bool:
        return any((place / name).exists() for place in (self.inbox, *self._taken))

    def drop(self, name: str, content: bytes) -> None:
        part = self.inbox / f"{name}.part"
        part.write_bytes(content)
        part.replace(self.inbox / name)


class District:
    """The district's exchange folder `<home>/district`."""

    def __init__(self, home: Path, scenario: Scenario, city: Path) -> None:
        self.folder = Folder(home / "district")
        self.scenario = scenario
        self._city = city

    def drop_premises(self) -> None:
        """Once per home."""
        name = f"premises-{self.scenario.timeline.start.astimezone(CITY_ZONE):%Y%m%d}.xlsx"
        if not self.folder.has_had(name):
            found = premises(read_places(self._city / "places.csv"))
            self.folder.drop(name, premises_workbook(found))

    def drop_history(self) -> None:
        """The gauges' last hours before the start, every ten minutes; once per home."""
        start = self.scenario.timeline.start
        steps = range(BACKFILL // BACKFILL_STEP, 0, -1)
        past = [r for n in steps for r in self.scenario.gauges(start - n * BACKFILL_STEP)]
        self._drop("water-level-history", start, past)

    def drop_gauges(self, clock: Clock) -> None:
        """What the gauges read at the last whole ten seconds."""
        now = clock.now()
        at = now.replace(second=now.second - now.second % EVERY_SECONDS, microsecond=0)
        self._drop("water-level", at, self.scenario.gauges(at))

    def _drop(self, kind: str, at: datetime, readings: list[GaugeReading]) -> None:
        name = f"{kind}-{at.astimezone(CITY_ZONE):%Y%m%dT%H%M%S}.csv"
        if not self.folder.has_had(name):
            self.folder.drop(name, gauge_csv(readings))


def gauge_csv(readings: list[GaugeReading]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(GAUGE_HEADERS)
    for reading in readings:
        writer.writerow(
            (
                reading.gauge_code,
                f"{reading.observed_at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M:%S}",
                reading.level,
                reading.station_code,
                reading.place_code,
                reading.scenario_id,
            )
        )
    return text.getvalue().encode(ENCODING)


def premises_workbook(found: tuple[Premises, ...]) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    sheet = book.create_sheet(SHEET)
    sheet.append(PREMISES_HEADERS)
    for one in found:
        sheet.append(
            (
                one.id,
                one.name,
                one.kind,
                one.place,
                float(one.elevation),
                one.datum,
                one.residents,
                one.control_station,
                one.phone,
                *(one.point or (None, None)),
            )
        )
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def main() -> None:
    parser = arguments("The district's file drops of the demo city")
    parser.add_argument("--every", type=float, default=EVERY_SECONDS, help="seconds between files")
    given = parser.parse_args()
    stop = stop_event()
    if given.lifeline:
        follow_parent()
    district = District(given.home, scenario_of(given), given.city)
    district.drop_premises()
    district.drop_history()
    district.drop_gauges(SystemClock())
    while not stop.wait(given.every):
        district.drop_gauges(SystemClock())


if __name__ == "__main__":
    main()
