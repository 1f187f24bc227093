"""What each kind of contender is asked, and how its answer reads: documents, variables, rows.

Each speaks its own API: the hub's filters and groups, PostGraphile's conditions and functions, the plain
Strawberry server's hand-written fields. All mean the same, which is checked before anything is timed.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.city.question import (
    DEVICES,
    EVENT,
    NESTED,
    PER_DISTRICT,
    RATE,
    READING,
    Arguments,
    Row,
    event_row,
    plain,
)

Reader = Callable[[Any], list[Row]]


@dataclass(frozen=True, slots=True)
class Asked:
    """`rows` reads what stands under the reply's `data`."""

    written: str
    rows: Reader
    variables: Callable[[Arguments], Mapping[str, object]] = dict

    @property
    def document(self) -> str:
        text = self.written
        for name, meaning in NAMED.items():
            text = re.sub(rf"\b{name}\b", meaning, text)
        return text


Dialect = Mapping[str, Asked]


def _field(*way: str) -> Callable[[Any], Any]:
    def found(data: Any) -> Any:  # noqa: ANN401 - JSON
        for name in way:
            data = data[name]
        return data

    return found


def _events(names: Sequence[str], *way: str) -> Reader:
    at = _field(*way)
    return lambda data: [event_row(row, names) for row in at(data)]


def _event(names: Sequence[str], field: str) -> Reader:
    return lambda data: [event_row(data[field], names)]


def _nested(names: Sequence[str], field: str, events: str) -> Reader:
    def rows(data: Any) -> list[Row]:  # noqa: ANN401 - JSON
        return [
            (int(one["code"]), one["name"], *(event_row(row, names) for row in one[events]))
            for one in data[field]
        ]

    return rows


def _flat(names: Sequence[str], field: str) -> Reader:
    return lambda data: [tuple(plain(name, row[name]) for name in names) for row in data[field]]


def _hub_rates(data: Any) -> list[Row]:  # noqa: ANN401 - JSON
    return [
        (
            int(row["key"]["district"]),
            plain("month", row["key"]["reportedAt"]),
            row["count"],
            row["closedAt"]["count"],
        )
        for row in data["cityEventAggregate"]
    ]


def _id_as_text(arguments: Arguments) -> Mapping[str, object]:
    return {"id": str(arguments["id"])}


def _numbered(arguments: Arguments) -> Mapping[str, object]:
    return {**arguments, "district": int(arguments["district"])}


ROW_ID, ROW_NESTED = ("rowId", *EVENT[1:]), ("rowId", *NESTED[1:])
"""PostGraphile calls a column `id` this, for its own `id` is a global one."""
NAMED: Mapping[str, str] = {
    "ROW_FIELDS": " ".join(ROW_ID),
    "ROW_INNER": " ".join(ROW_NESTED),
    "FIELDS": " ".join(EVENT),
    "INNER": " ".join(NESTED),
    "RATES": " ".join(RATE),
    "PER_DISTRICT": str(PER_DISTRICT),
    "DEVICES": str(DEVICES),
}
"""What stands for what in the documents below."""

_LIST = Asked(
    "query Q($limit: Int!) { cityEvent(orderBy: [{reportedAt: DESC}], limit: $limit) { FIELDS } }",
    _events(EVENT, "cityEvent"),
)
_PAGE = Asked(
    "query Q($district: PlaceCode!, $status: String!) { cityEvent("
    "where: {district: {eq: $district}, status: {eq: $status}},"
    " orderBy: [{reportedAt: DESC}], limit: 100) { FIELDS } }",
    _events(EVENT, "cityEvent"),
)
HUB: Dialect = {
    "Q1": Asked(
        "query Q($id: BigInt!) { cityEventByKey(id: $id) { FIELDS } }",
        _event(EVENT, "cityEventByKey"),
        _id_as_text,
    ),
    "Q2": _PAGE,
    "repeated": _PAGE,
    "Q3": _LIST,
    "Q3b": _LIST,
    "Q4": Asked(
        "{ district(orderBy: [{code: ASC}]) { code name events(where: {closedAt: {isNull: true}},"
        " orderBy: [{reportedAt: DESC}], limit: PER_DISTRICT) { INNER } } }",
        _nested(NESTED, "district", "events"),
    ),
    "Q5": Asked(
        "query Q($until: DateTime!) { cityEventAggregate(where: {reportedAt: {lt: $until}},"
        " groupBy: [{column: DISTRICT}, {bucket: {field: REPORTED_AT, by: MONTH}}],"
        " orderBy: [{key: {district: ASC}}, {key: {reportedAt: ASC}}], limit: 1000)"
        " { key { district reportedAt } count closedAt { count } } }",
        _hub_rates,
    ),
    "Q6": Asked(
        "query Q($devices: [Int!]!) { deviceReading(where: {deviceId: {in: $devices}},"
        " latestBy: {keys: [DEVICE_ID], at: TS}, orderBy: [{deviceId: ASC}], limit: DEVICES)"
        " { deviceId ts value } }",
        _flat(READING, "deviceReading"),
    ),
}

_ROW_LIST = Asked(
    "query Q($limit: Int!) { allEventsList(first: $limit, orderBy: REPORTED_AT_DESC) { ROW_FIELDS } }",
    _events(ROW_ID, "allEventsList"),
)
_ROW_PAGE = Asked(
    "query Q($district: Int!, $status: String!) { allEventsList("
    "condition: {district: $district, status: $status}, first: 100, orderBy: REPORTED_AT_DESC)"
    " { ROW_FIELDS } }",
    _events(ROW_ID, "allEventsList"),
    _numbered,
)
POSTGRAPHILE: Dialect = {
    "Q1": Asked(
        "query Q($id: BigInt!) { eventByRowId(rowId: $id) { ROW_FIELDS } }",
        _event(ROW_ID, "eventByRowId"),
        _id_as_text,
    ),
    "Q2": _ROW_PAGE,
    "repeated": _ROW_PAGE,
    "Q3": _ROW_LIST,
    "Q3b": _ROW_LIST,
    "Q4": Asked(
        "{ allDistrictsList(orderBy: CODE_ASC) { code name eventsByDistrictList(first: PER_DISTRICT,"
        " condition: {closedAt: null}, orderBy: REPORTED_AT_DESC) { ROW_INNER } } }",
        _nested(ROW_NESTED, "allDistrictsList", "eventsByDistrictList"),
    ),
    "Q5": Asked(
        "query Q($until: Datetime!) { closureRatesList(until: $until) { RATES } }",
        _flat(RATE, "closureRatesList"),
    ),
    "Q6": Asked(
        "query Q($devices: [Int!]!) { latestReadingsList(devices: $devices) { deviceId ts value } }",
        _flat(READING, "latestReadingsList"),
    ),
}

_TYPED_LIST = Asked(
    "query Q($limit: Int!) { events(limit: $limit) { FIELDS } }", _events(EVENT, "events")
)
_TYPED_PAGE = Asked(
    "query Q($district: String!, $status: String!)"
    " { events(district: $district, status: $status, limit: 100) { FIELDS } }",
    _events(EVENT, "events"),
)
STRAWBERRY: Dialect = {
    "Q1": Asked(
        "query Q($id: ID!) { event(id: $id) { FIELDS } }", _event(EVENT, "event"), _id_as_text
    ),
    "Q2": _TYPED_PAGE,
    "repeated": _TYPED_PAGE,
    "Q3": _TYPED_LIST,
    "Q3b": _TYPED_LIST,
    "Q4": Asked(
        "{ districts { code name newestOpen(limit: PER_DISTRICT) { INNER } } }",
        _nested(NESTED, "districts", "newestOpen"),
    ),
    "Q5": Asked(
        "query Q($until: DateTime!) { closureRates(until: $until) { RATES } }",
        _flat(RATE, "closureRates"),
    ),
    "Q6": Asked(
        "query Q($devices: [Int!]!) { latestReadings(devices: $devices) { deviceId ts value } }",
        _flat(READING, "latestReadings"),
    ),
}
