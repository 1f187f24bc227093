"""Thresholds and states of alerts as relations: what the statement of `evaluation.py` reads and tells.

A rule without a rank has nulls in its columns. Variant 0 is an indicator without an override; the
overrides count from 1, in their order, and a scope says where and when one applies.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa

from catalog.ids import IndicatorCode
from catalog.indicators.threshold import MonthDay, Override, Rung, Season, Thresholds
from catalog.places import Places, unpadded
from indicators.alert import AlertState, LevelState
from indicators.evaluation import CHANGES, PHASES, POLICIES, RISING
from indicators.handling import Observed
from indicators.severity import rank_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
EVERYWHERE = (0, 10**15 - 1)
ALL_YEAR = Season(MonthDay(1, 1), MonthDay(12, 31))
DAY = 24 * 3600
Row = dict[str, object]


def _ranked(**columns: pa.DataType) -> list[tuple[str, pa.DataType]]:
    return [(f"{name}_{rank}", kind) for rank in RISING for name, kind in columns.items()]


RULES = pa.schema(
    [
        ("indicator", pa.string()),
        ("variant", pa.int32()),
        ("no_data", pa.int8()),
        ("no_data_rank", pa.int8()),
        ("no_data_periods", pa.int32()),
        *_ranked(
            enter_below=pa.float64(),
            enter_above=pa.float64(),
            exit_below=pa.float64(),
            exit_above=pa.float64(),
            for_periods=pa.int32(),
            keep_periods=pa.int32(),
        ),
    ]
)
SCOPES = pa.schema(
    [
        ("indicator", pa.string()),
        ("variant", pa.int32()),
        ("low", pa.int64()),
        ("high", pa.int64()),
        ("first_day", pa.int32()),
        ("last_day", pa.int32()),
        ("first_second", pa.int32()),
        ("last_second", pa.int32()),
    ]
)
STATES = pa.schema(
    [
        ("indicator", pa.string()),
        ("place", pa.int64()),
        ("observed_at", pa.int64()),
        ("silent", pa.int32()),
        *_ranked(phase=pa.int8(), since=pa.int64(), periods=pa.int32()),
    ]
)


def rules_of(indicators: Mapping[str, Thresholds]) -> pa.Table:
    rows = [row for code, thresholds in indicators.items() for row in _rules(code, thresholds)]
    return pa.Table.from_pylist(rows, RULES)


def scopes_of(indicators: Mapping[str, Thresholds], places: Places) -> pa.Table:
    rows = [
        {"indicator": code, "variant": variant, **scope}
        for code, thresholds in indicators.items()
        for variant, override in enumerate(thresholds.overrides, 1)
        for scope in _scopes(override, places)
    ]
    return pa.Table.from_pylist(rows, SCOPES)


def state_of(row: Mapping[str, object]) -> AlertState:
    """A row of states, or of what the evaluation gives."""
    levels = tuple(
        LevelState(
            PHASES[_whole(row[f"phase_{rank}"])],
            _instant(row[f"since_{rank}"]),
            _whole(row[f"periods_{rank}"]),
        )
        for rank in RISING
    )
    return AlertState(levels, _instant(row["observed_at"]), _whole(row["silent"]))


def observed_of(row: Mapping[str, object], scale: str) -> Observed | None:
    """What a row of the evaluation tells; None where nothing changed."""
    if row["change"] is None:
        return None
    at, value = _instant(row["observed_at"]), row["value"]
    assert at is not None  # noqa: S101 - every observation has its time
    return Observed(
        indicator=IndicatorCode(str(row["indicator"])),
        place=unpadded(_whole(row["place"])),
        scale=scale,
        change=CHANGES[_whole(row["change"])],
        at=at,
        rank=_whole(row["rank_after"]),
        phase=PHASES[_whole(row["phase"])],
        value=value if isinstance(value, float) else None,
    )


def _rules(code: str, thresholds: Thresholds) -> Iterator[Row]:
    no_data = thresholds.no_data
    variants = (thresholds.rungs, *(override.rungs for override in thresholds.overrides))
    for variant, rungs in enumerate(variants):
        row: Row = {
            "indicator": code,
            "variant": variant,
            "no_data": POLICIES.index(no_data.action),
            "no_data_rank": 0 if no_data.level is None else rank_of(no_data.level),
            "no_data_periods": no_data.after_periods,
        }
        for rung in rungs:
            rank = rank_of(rung.level)
            row.update({f"{name}_{rank}": value for name, value in _rung(rung).items()})
        yield row


def _rung(rung: Rung) -> Row:
    return {
        "enter_below": _double(rung.enter.below),
        "enter_above": _double(rung.enter.above),
        "exit_below": _double(rung.exit.below),
        "exit_above": _double(rung.exit.above),
        "for_periods": rung.for_periods,
        "keep_periods": rung.keep_periods,
    }


def _scopes(override: Override, places: Places) -> Iterator[Row]:
    season = override.season or ALL_YEAR
    known = [code for code in override.places if code in places]  # others are places no more
    ranges = places.ranges(known) if override.places else (EVERYWHERE,)
    hours = override.hours
    if hours is not None and hours.first == hours.last:
        return  # no hours at all
    first, last = (0, DAY) if hours is None else (_second(hours.first), _second(hours.last))
    for low, high in ranges:
        yield {
            "low": low,
            "high": high,
            "first_day": season.first.month * 100 + season.first.day,
            "last_day": season.last.month * 100 + season.last.day,
            "first_second": first,
            "last_second": last - 1,
        }


def _second(clock: time) -> int:
    return clock.hour * 3600 + clock.minute * 60 + clock.second


def _double(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _whole(value: object) -> int:
    assert isinstance(value, int)  # noqa: S101 - the schema says so
    return value


def _instant(value: object) -> datetime | None:
    return None if value is None else EPOCH + _whole(value) * MICROSECOND
