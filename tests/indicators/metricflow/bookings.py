"""The tables that MetricFlow's largest example is about (bookings of rooms), filled by a seed.

Each day has bookings, each with a guest and some with a referrer: what nobody counts is no value here and
zero there, and dividing by it has no value here and is infinite there (docs/metricflow.md).
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from random import Random

from catalog.clock import CITY_ZONE
from catalog.contracts import Contract, ForeignKey, Kind
from catalog.ids import DatasetCode
from indicators.metricflow.semantic import Link
from tests.indicator_data import PLACES, column, contract
from tests.indicators.compiler.warehouse import Warehouse

FIRST, LAST = date(2020, 1, 1), date(2021, 1, 10)
DAYS = (LAST - FIRST).days + 1
Value = str | int | float | bool | date | datetime | None
DAY, TEXT, NUMBER, YES, WHOLE = Kind.DATE, Kind.STRING, Kind.DOUBLE, Kind.BOOLEAN, Kind.INTEGER
TABLES: Mapping[str, Mapping[str, Kind]] = {
    "fct_bookings": {
        "booking_id": TEXT, "ds": DAY, "ds_partitioned": DAY, "paid_at": DAY, "is_instant": YES,
        "booking_value": NUMBER, "guest_id": TEXT, "host_id": TEXT, "listing_id": TEXT,
        "referrer_id": TEXT,
    },
    "fct_views": {"view_id": TEXT, "ds": DAY, "ds_partitioned": DAY, "listing_id": TEXT, "user_id": TEXT},
    "fct_revenue": {"revenue_id": TEXT, "revenue": NUMBER, "created_at": DAY, "user_id": TEXT},
    "fct_id_verifications": {
        "verification_id": TEXT, "ds": DAY, "ds_partitioned": DAY, "verification_type": TEXT,
        "user_id": TEXT,
    },
    "fct_visits": {"visit_id": TEXT, "ds": DAY, "user_id": TEXT, "session_id": TEXT, "referrer_id": TEXT},
    "fct_buys": {"buy_id": TEXT, "ds": DAY, "ds_month": DAY, "user_id": TEXT, "session_id": TEXT},
    "fct_accounts": {
        "account_id": TEXT, "ds": DAY, "ds_month": DAY, "account_type": TEXT, "user_id": TEXT,
        "account_balance": NUMBER,
    },
    "dim_listings_latest": {
        "listing_id": TEXT, "created_at": DAY, "country": TEXT, "is_lux": YES, "capacity": WHOLE,
        "user_id": TEXT,
    },
    "dim_users_latest": {"user_id": TEXT, "ds": DAY, "home_state_latest": TEXT},
    "dim_users": {
        "user_id": TEXT, "ds": DAY, "created_at": DAY, "ds_partitioned": DAY, "home_state": TEXT,
        "last_profile_edit_ts": Kind.TIMESTAMP, "bio_added_ts": Kind.TIMESTAMP,
        "last_login_ts": Kind.TIMESTAMP, "archived_at": Kind.TIMESTAMP,
    },
    "dim_companies": {"company_id": TEXT, "user_id": TEXT, "company_name": TEXT},
    "dim_lux_listing_id_mapping": {"listing_id": TEXT, "lux_listing_id": TEXT},
}  # fmt: skip
"""The first column is the key."""
FACTS, PARTIES = 1_500, 30
EVERY_DAY = frozenset({"ds", "created_at", "guest_id"})
"""Columns that always have a value."""


def contracts(links: Iterable[Link]) -> dict[DatasetCode, Contract]:
    found = {}
    for name, columns in TABLES.items():
        code = DatasetCode(name)
        keys = tuple(
            ForeignKey(link.name, link.target, (link.column,), (link.target_column,))
            for link in links
            if link.source == code
        )
        every = tuple(column(each, kind) for each, kind in columns.items())
        found[code] = contract(code, every, (next(iter(columns)),), keys)
    return found


def filled(links: Iterable[Link]) -> Warehouse:
    """The tables in the schema of the hub's data sets, and as MetricFlow names them, with its spines."""
    warehouse = Warehouse(PLACES, contracts(links))
    chance = Random(2020)  # noqa: S311 - the same rows each time
    for name, columns in TABLES.items():
        rows = []
        for number in range(PARTIES if name.startswith("dim") else FACTS):
            row = {each: _value(chance, each, kind, number) for each, kind in columns.items()}
            key = next(iter(columns))
            rows.append(row | {key: f"{key}{number}"})
        warehouse.put(name, rows)
        warehouse.engine.execute(f"CREATE VIEW main.{name} AS FROM shared.{name}")
    for table, time, step in (("mf_time_spine", "ds", "DAY"), ("mf_time_spine_hour", "ts", "HOUR")):
        kind = "DATE" if step == "DAY" else "TIMESTAMPTZ"
        warehouse.engine.execute(
            f"CREATE TABLE {table} AS SELECT t::{kind} AS {time} FROM range("
            f"TIMESTAMPTZ '{FIRST} 00:00+08', TIMESTAMPTZ '{LAST + timedelta(1)} 00:00+08',"
            f" INTERVAL 1 {step}) r(t)"
        )
    return warehouse


def _value(chance: Random, name: str, kind: Kind, number: int) -> Value:
    if name not in EVERY_DAY and chance.random() < 0.08:
        return None
    match kind:
        case Kind.DATE:
            day = FIRST + timedelta(number % DAYS)
            return day.replace(day=1) if name == "ds_month" else day
        case Kind.TIMESTAMP:
            start = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=CITY_ZONE)
            return start + timedelta(minutes=chance.randrange(DAYS * 24 * 60))
        case Kind.BOOLEAN:
            return chance.random() < 0.4
        case Kind.DOUBLE | Kind.INTEGER:
            return chance.randint(1, 4000) / 4 if kind is Kind.DOUBLE else chance.randint(1, 6)
    party = f"{name}{chance.randrange(PARTIES)}"
    return party if name.endswith("_id") else chance.choice(["CA", "HI", "MD", "us", "fb_ad_1"])
