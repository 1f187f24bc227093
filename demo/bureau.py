"""The water bureau's database: stations, readings and forecasts under the bureau's own column names.

Rules: rows are only ever added, each with the next number in RECNO (the hub's cursor); stations are
kept as they are. Times are Beijing time without a zone, as in the bureau's real tables. What is due
is added in one transaction, so a reader sees whole slots. Adding twice adds nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    create_engine,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.engine.interfaces import DBAPIConnection

from catalog.clock import CITY_ZONE, Clock, SystemClock
from demo.lifeline import arguments, follow_parent, scenario_of, stop_event
from demo.scenario import Forecast, MunicipalReading, Scenario
from demo.stations import Station

Row = Mapping[str, str | int | bool | Decimal | datetime | None]
UPDATE_SECONDS = 5.0
METADATA = MetaData()
STATIONS = Table(
    "river_station",
    METADATA,
    Column("STCD", String(16), primary_key=True),
    Column("STNM", String(40), nullable=False),
    Column("RVNM", String(40), nullable=False),
    Column("ADDVCD", String(15)),
    Column("UPSTCD", String(16)),
    Column("DTMNM", String(8), nullable=False),
    Column("DTPR", Numeric(5, 2)),
    Column("WRZ", Numeric(9, 3)),
    Column("WRZ_DTM", String(8)),
    Column("GRZ", Numeric(9, 3)),
    Column("GRZ_DTM", String(8)),
    Column("ASGN", Boolean, nullable=False),
)
READINGS = Table(
    "river_regime",
    METADATA,
    Column("RECNO", Integer, primary_key=True, autoincrement=False),
    Column("STCD", String(16), nullable=False),
    Column("TM", DateTime, nullable=False),
    Column("Z", Numeric(9, 3), nullable=False),
    Column("DTM", String(8)),
    Column("Q", Numeric(12, 3)),
    Column("ADDVCD", String(15), nullable=False),
    Column("SCNID", String(40)),
    Column("SYN", Boolean, nullable=False),
)
FORECASTS = Table(
    "flood_peak_forecast",
    METADATA,
    Column("RECNO", Integer, primary_key=True, autoincrement=False),
    Column("STCD", String(16), nullable=False),
    Column("FTM", DateTime, nullable=False),
    Column("PKZ", Numeric(9, 3), nullable=False),
    Column("PKTM", DateTime, nullable=False),
    Column("SCNID", String(40)),
    Column("SYN", Boolean, nullable=False),
)


class Bureau:
    """The database at `url` (any SQLAlchemy address), created where it is missing."""

    def __init__(self, url: str, scenario: Scenario) -> None:
        self.engine = create_engine(url)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _write_ahead)
        self.scenario = scenario

    def update(self, clock: Clock) -> int:
        """Add what is due; how many rows that were."""
        METADATA.create_all(self.engine)
        now = clock.now()
        with self.engine.begin() as connection:
            stations = [] if _last(connection, STATIONS) else self.scenario.stations
            readings = self.scenario.municipal(now, _last(connection, READINGS))
            forecasts = self.scenario.forecasts(now, _last(connection, FORECASTS))
            return (
                _add(connection, STATIONS, [station_row(station) for station in stations])
                + _add(connection, READINGS, [reading_row(reading) for reading in readings])
                + _add(connection, FORECASTS, [forecast_row(forecast) for forecast in forecasts])
            )

    def close(self) -> None:
        self.engine.dispose()


def bureau_url(home: Path) -> str:
    """The address of the SQLite file of a home; its folder is made."""
    folder = home.absolute() / "bureau"
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder / 'river.sqlite'}"


def station_row(station: Station) -> Row:
    warning, warning_datum = station.warning or (None, None)
    guarantee, guarantee_datum = station.guarantee or (None, None)
    return {
        "STCD": station.code,
        "STNM": station.name,
        "RVNM": station.river,
        "ADDVCD": station.place,
        "UPSTCD": station.upstream,
        "DTMNM": station.datum,
        "DTPR": station.offset,
        "WRZ": warning,
        "WRZ_DTM": warning_datum,
        "GRZ": guarantee,
        "GRZ_DTM": guarantee_datum,
        "ASGN": station.assigned,
    }


def reading_row(reading: MunicipalReading) -> Row:
    return {
        "RECNO": reading.seq,
        "STCD": reading.station_code,
        "TM": _local(reading.observed_at),
        "Z": reading.level,
        "DTM": reading.datum,
        "Q": reading.flow,
        "ADDVCD": reading.place_code,
        "SCNID": reading.scenario_id,
        "SYN": reading.synthetic,
    }


def forecast_row(forecast: Forecast) -> Row:
    return {
        "RECNO": forecast.seq,
        "STCD": forecast.station_code,
        "FTM": _local(forecast.issued_at),
        "PKZ": forecast.peak_level,
        "PKTM": _local(forecast.peak_at),
        "SCNID": forecast.scenario_id,
        "SYN": forecast.synthetic,
    }


def _write_ahead(connection: DBAPIConnection, _: object) -> None:
    """Readers never block the bureau, nor it them."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.close()


def _local(at: datetime) -> datetime:
    return at.astimezone(CITY_ZONE).replace(tzinfo=None)


def _last(connection: Connection, table: Table) -> int:
    """The last RECNO; of the stations, how many there are."""
    number = func.max(table.c.RECNO) if "RECNO" in table.c else func.count()
    return connection.execute(select(number).select_from(table)).scalar() or 0


def _add(connection: Connection, table: Table, rows: Sequence[Row]) -> int:
    if rows:
        connection.execute(insert(table), [dict(row) for row in rows])
    return len(rows)


def main() -> None:
    parser = arguments("The water bureau's database of the demo city")
    parser.add_argument("--database", help="an SQLAlchemy address; default: SQLite in home")
    given = parser.parse_args()
    stop = stop_event()
    if given.lifeline:
        follow_parent()
    bureau = Bureau(given.database or bureau_url(given.home), scenario_of(given))
    bureau.update(SystemClock())
    while not stop.wait(UPDATE_SECONDS):
        bureau.update(SystemClock())
    bureau.close()


if __name__ == "__main__":
    main()
