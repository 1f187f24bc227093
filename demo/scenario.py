"""The demo city's flood as a pure function of scenario, start instant and now.

Rules: the same arguments always give the same rows; rows are numbered in the order they come due, and
a number never changes; no observation lies after now; what a curve gave is marked synthetic.
"""

import random
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from demo.floods import CERTAIN_HOURS, FLOODS, RATINGS
from demo.hydrograph import Hydrograph
from demo.recorded import Recorded, RecordedStation, read_recorded
from demo.stations import BEIBEI, CIQIKOU, CUNTAN, HUXI, WUSONG, Station, stations
from demo.timeline import CYCLE_HOURS, SLOTS, Timeline

FALLING, RISING, STEADY = 4, 5, 6
STEADY_M = 0.02
FORECAST_HOURS = 36.0
MUNICIPAL = (CIQIKOU, BEIBEI, CUNTAN, HUXI)
FORECAST = (CIQIKOU, BEIBEI)
CENT = Decimal("0.01")
GAUGES = (
    ("SPB-CQK-01", "500106004001", 0.00),
    ("SPB-CQK-02", "500106004006", 0.04),
    ("SPB-TW-01", "500106013008", -0.35),
)
"""The district's own gauges: code, place, level above that of 磁器口 in metres."""


class ScenarioName(StrEnum):
    CIQIKOU = "ciqikou"
    AUGUST_2020 = "august-2020"


@dataclass(frozen=True, slots=True)
class NationalReading:
    """As the ministry writes it: values are texts, levels in 吴淞, "0" where nothing was reported."""

    seq: int
    station_code: str
    observed_at: datetime
    level: str
    flow: str
    outflow: str
    trend: int
    scenario_id: str
    synthetic: bool


@dataclass(frozen=True, slots=True)
class MunicipalReading:
    seq: int
    station_code: str
    observed_at: datetime
    level: Decimal
    datum: str
    flow: Decimal | None
    place_code: str
    scenario_id: str
    synthetic: bool


@dataclass(frozen=True, slots=True)
class Forecast:
    """`peak_level` in 黄海."""

    seq: int
    station_code: str
    issued_at: datetime
    peak_level: Decimal
    peak_at: datetime
    scenario_id: str
    synthetic: bool = True


@dataclass(frozen=True, slots=True)
class GaugeReading:
    """`level` in 黄海."""

    gauge_code: str
    observed_at: datetime
    level: Decimal
    station_code: str
    place_code: str
    scenario_id: str


@dataclass(frozen=True)
class Scenario:
    timeline: Timeline
    floods: dict[str, Hydrograph]
    recorded: tuple[RecordedStation, ...]
    certain_hours: float

    @cached_property
    def stations(self) -> tuple[Station, ...]:
        return stations(self.recorded)

    def national(self, now: datetime, after: int = 0, limit: int = 500) -> list[NationalReading]:
        """The rows due at `now` with a number above `after`, at most `limit`."""
        last = min(self.national_total(now), after + limit)
        return [self._national(seq) for seq in range(after + 1, last + 1)]

    def national_total(self, now: datetime) -> int:
        cycles, slots = divmod(self.timeline.due(now), SLOTS)
        within = bisect_left(self._cycle, slots, key=lambda entry: entry.slot)
        return cycles * len(self._cycle) + within

    def municipal(self, now: datetime, after: int = 0) -> list[MunicipalReading]:
        """The rows due at `now` with a number above `after`."""
        total = self.timeline.due(now) * len(MUNICIPAL)
        return [
            self._municipal(seq, (seq - 1) // len(MUNICIPAL), MUNICIPAL[(seq - 1) % len(MUNICIPAL)])
            for seq in range(after + 1, total + 1)
        ]

    def forecasts(self, now: datetime, after: int = 0) -> list[Forecast]:
        """The forecasts issued until `now` with a number above `after`."""
        return [forecast for forecast in self._forecasts(now) if forecast.seq > after]

    def gauges(self, at: datetime) -> list[GaugeReading]:
        """What the district's gauges read at an instant."""
        level = self._level(CIQIKOU, self.timeline.hours(at))
        scenario_id = self.timeline.scenario_id_at(at)
        return [
            GaugeReading(code, at, _cents(level + above), CIQIKOU, place, scenario_id)
            for code, place, above in GAUGES
        ]

    @cached_property
    def _cycle(self) -> tuple["_Entry", ...]:
        """The ministry's rows of one cycle in the order they come due."""
        entries = [
            _Entry(reading.slot, station.code, reading)
            for station in self.recorded
            if station.code not in self.floods
            for reading in station.readings
        ]
        generated = [code for code in (CUNTAN, BEIBEI) if code in self.floods]
        entries += [_Entry(slot, code) for code in generated for slot in range(SLOTS)]
        return tuple(sorted(entries, key=lambda entry: entry.slot))

    @cached_property
    def _by_code(self) -> dict[str, Station]:
        return {station.code: station for station in self.stations}

    @cached_property
    def _recorded_by_code(self) -> dict[str, tuple[Recorded, ...]]:
        return {station.code: station.readings for station in self.recorded}

    def _level(self, code: str, hours: float) -> float:
        """The generated level in 黄海 at an hour counted from the first cycle's begin."""
        return self.floods[code].at(hours % CYCLE_HOURS)

    def _national(self, seq: int) -> NationalReading:
        cycle, index = divmod(seq - 1, len(self._cycle))
        entry = self._cycle[index]
        slot, code, row = cycle * SLOTS + entry.slot, entry.code, entry.recorded
        at, scenario_id = self.timeline.instant(slot), self.timeline.scenario_id(slot)
        if row is None:
            level, flow = self._generated(slot, code)
            wusong, trend = str(level + _offset(self._by_code[code])), self._trend(slot, code)
            return NationalReading(
                seq, code, at, wusong, str(flow or 0), "0", trend, scenario_id, synthetic=True
            )
        return NationalReading(
            seq=seq,
            station_code=code,
            observed_at=at - row.lag,
            level=row.level,
            flow=row.flow,
            outflow=row.outflow,
            trend=row.trend,
            scenario_id=scenario_id,
            synthetic=False,
        )

    def _municipal(self, seq: int, slot: int, code: str) -> MunicipalReading:
        station, at = self._by_code[code], self.timeline.instant(slot)
        synthetic, flow = code in self.floods, None
        if synthetic:
            level, flow = self._generated(slot, code)
            level += _offset(station) if station.datum == WUSONG else 0
        else:
            row = self._recorded_by_code[code][slot % SLOTS]
            at -= row.lag
            level, flow = Decimal(row.level), Decimal(row.flow)
        return MunicipalReading(
            seq=seq,
            station_code=code,
            observed_at=at,
            level=level,
            datum=station.datum,
            flow=flow,
            place_code=station.place or "",
            scenario_id=self.timeline.scenario_id(slot),
            synthetic=synthetic,
        )

    def _generated(self, slot: int, code: str) -> tuple[Decimal, Decimal | None]:
        level = self._level(code, slot * 2)
        rating = RATINGS.get(code)
        return _cents(level), Decimal(round(rating.flow(level) / 10) * 10) if rating else None

    def _trend(self, slot: int, code: str) -> int:
        rise = self._level(code, slot * 2) - self._level(code, slot * 2 - 2)
        if abs(rise) <= STEADY_M:
            return STEADY
        return RISING if rise > 0 else FALLING

    def _forecasts(self, now: datetime) -> Iterator[Forecast]:
        seq = 0
        for slot in range(self.timeline.due(now)):
            for code in FORECAST:
                hour, level = self._next_peak(slot, code)
                lead = hour - slot * 2
                if lead <= FORECAST_HOURS:
                    seq += 1
                    yield self._forecast(seq, slot, code, lead, level)

    def _next_peak(self, slot: int, code: str) -> tuple[float, float]:
        """The first peak after a slot: hours since the first cycle's begin, and the level."""
        hour, level = self.floods[code].peak
        turn = slot // SLOTS
        while hour + turn * CYCLE_HOURS <= slot * 2:
            turn += 1
        return hour + turn * CYCLE_HOURS, level

    def _forecast(self, seq: int, slot: int, code: str, lead: float, level: float) -> Forecast:
        """The true peak with an error that shrinks with the lead and depends on the slot alone."""
        chance = random.Random(f"{self.timeline.name}/{code}/{slot}")  # noqa: S311 - a fixed seed, no secret
        doubt = max(0.0, lead - self.certain_hours) / FORECAST_HOURS
        off_level, off_hours = chance.gauss(0, 0.4) * doubt, chance.uniform(-2, 2) * doubt
        issued = self.timeline.instant(slot)
        minutes = round((lead + off_hours) * 60)
        return Forecast(
            seq=seq,
            station_code=code,
            issued_at=issued,
            peak_level=_cents(level + off_level),
            peak_at=issued + timedelta(minutes=minutes),
            scenario_id=self.timeline.scenario_id(slot),
        )


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row of the ministry's cycle: recorded, or to be read off a curve."""

    slot: int
    code: str
    recorded: Recorded | None = None


def scenario(name: ScenarioName, start: datetime, city: Path) -> Scenario:
    """A scenario of the city folder's recorded readings, tied to its start instant."""
    return Scenario(
        timeline=Timeline(name, start),
        floods=dict(FLOODS[name]),
        recorded=read_recorded(city / "domains" / "flood" / "readings.csv"),
        certain_hours=CERTAIN_HOURS[name],
    )


def _cents(level: float) -> Decimal:
    return Decimal(repr(level)).quantize(CENT)


def _offset(station: Station) -> Decimal:
    if station.offset is None:
        raise ValueError(f"{station.code} has no offset to 黄海")
    return station.offset
