"""What is answered without reading: the same as what is read, and never of an older version."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from catalog.ids import DatasetCode, Seq
from catalog.mirror import MirroredRows
from catalog.sharing.grant import Quota
from query.statement import LockedStatement
from schema import recall
from tests.schema.hub import HOUR, STATION_COLUMNS, Hub, whole
from tests.shared_data import START, grant
from tests.warehouse.mirror.both import Copy
from warehouse.duck import DuckWarehouse
from warehouse.engine import Answer, Bound
from warehouse.session import DuckSession

BY_KEY = "query ($k: String!) { stationByKey(code: $k) { code name readings { levelM } } }"
LIST = "{ station(orderBy: [{code: ASC}]) { code } __typename }"


class Counted:
    """How many sessions the engine opened."""

    def __init__(self, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sessions = 0
        opened = hub.warehouse.session

        @contextmanager
        def session(
            as_of: datetime | None = None, version: Seq | None = None
        ) -> Iterator[DuckSession]:
            self.sessions += 1
            with opened(as_of, version) as made:
                yield made

        monkeypatch.setattr(hub.warehouse, "session", session)


@pytest.fixture
def counted(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(hub, monkeypatch)


def reads(hub: Hub) -> list[dict[str, Any]]:
    return [record for record in hub.usage_records() if "columns" in record]


def told(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record but for what differs between two reads of the same."""
    return {n: v for n, v in record.items() if n not in {"started", "seconds", "request_id"}}


def test_a_repeated_read_reads_nothing_and_is_recorded_alike(
    hub: Hub, app: str, counted: Counted
) -> None:
    first = hub.post(app, BY_KEY, variables={"k": "A"})
    sessions = counted.sessions
    again = hub.post(app, BY_KEY, variables={"k": "A"})
    assert counted.sessions == sessions > 0
    assert again.content == first.content
    one, other = reads(hub)
    assert told(one) == told(other)
    assert again.headers["x-usage-id"] != first.headers["x-usage-id"]


def test_other_values_are_read(hub: Hub, app: str, counted: Counted) -> None:
    for code, name in (("A", "磁器口"), ("B", "北碚"), ("A", "磁器口")):
        assert hub.ask(app, BY_KEY, k=code)["stationByKey"]["name"] == name
    assert counted.sessions == 2


def test_after_a_publication_nothing_of_before_is_told(hub: Hub, app: str) -> None:
    for codes in (["A", "B"], ["C"], ["D", "E"]):
        if codes != ["A", "B"]:
            hub.republish_stations(*codes)
        for _ in range(3):
            reply = hub.post(app, LIST).json()
            assert [row["code"] for row in reply["data"]["station"]] == codes
            latest = hub.warehouse.latest()
            version = latest[DatasetCode("station")].seq
            assert reply["extensions"]["data"]["station"]["version"] == version
            assert reads(hub)[-1]["version"] == max(p.seq for p in latest.values())


def test_ages_grow_though_the_data_are_kept(hub: Hub, app: str) -> None:
    ages = []
    for _ in range(2):
        reply = hub.post(app, LIST).json()
        ages.append(reply["extensions"]["data"]["station"]["ageSeconds"])
        hub.clock.advance(HOUR)
    assert ages[1] - ages[0] == 3_600


def test_who_may_see_less_is_not_told_what_others_read(hub: Hub, app: str) -> None:
    query = "{ reading { levelM } }"
    assert len(hub.ask(app, query)["reading"]) == 3
    assert len(hub.ask(app, query)["reading"]) == 3
    hub.granted("app", *whole(["500106"]))
    assert len(hub.ask(app, query)["reading"]) == 2


def test_a_grant_that_ended_ends_what_is_kept(hub: Hub, app: str) -> None:
    assert hub.ask(app, LIST) == hub.ask(app, LIST)
    hub.granted("app")
    assert hub.post(app, LIST).json()["errors"]


def test_a_quota_counts_what_is_not_read_too(hub: Hub, app: str) -> None:
    limited = replace(grant(DatasetCode("station"), STATION_COLUMNS), quota=Quota(calls=3))
    hub.granted("app", limited)
    for _ in range(3):
        assert hub.ask(app, LIST)
    assert hub.codes(app, LIST) == ["QUOTA_SPENT"]


def test_a_price_is_checked_before_anything_is_told(hub: Hub, app: str) -> None:
    assert hub.ask(app, LIST) == hub.ask(app, LIST)
    hub.serve(price_budget=1)
    assert hub.codes(app, LIST) == ["QUERY_TOO_EXPENSIVE"]


def test_a_field_that_fails_is_told_each_time(hub: Hub, app: str) -> None:
    query = 'query ($x: Decimal!) { stationByKey(code: "A") { readings(where: {levelM: {gt: $x}}) { levelM } } }'
    assert hub.ask(app, query, x="1")["stationByKey"]["readings"]
    for _ in range(2):
        assert hub.codes(app, query, x="9" * 30) == ["WRONG_VALUE"]
        assert hub.ask(app, query, x="1") == hub.ask(app, query, x="1")


def test_the_past_is_read_and_the_present_is_not_taken_for_it(hub: Hub, app: str) -> None:
    query = "query ($t: DateTime) { station(asOf: $t) { code } }"
    now = hub.ask(app, query)
    hub.republish_stations("C")
    for _ in range(2):
        assert hub.ask(app, query, t=START.isoformat()) == now
        assert hub.ask(app, query) == {"station": [{"code": "C"}]}


def test_nothing_is_kept_where_the_operator_wants_none(
    hub: Hub, app: str, counted: Counted
) -> None:
    hub.serve(result_cache_bytes=0)
    for expected in (1, 2, 3):
        assert hub.ask(app, LIST)
        assert counted.sessions == expected


class EngineAsMirror:
    """Reads the engine itself, at once, when its versions are those asked for."""

    def __init__(self, warehouse: DuckWarehouse) -> None:
        self._warehouse = warehouse
        self.asked: list[int] = []
        self.here = True
        self.rows = 0
        self.thread: threading.Thread | None = None

    def read(
        self,
        statements: Sequence[tuple[LockedStatement, Bound]],
        published: Mapping[DatasetCode, Seq],
        rows: int = 0,
    ) -> list[Answer] | None:
        self.asked.append(len(statements))
        self.rows, self.thread = rows, threading.current_thread()
        if not self.here:
            return None
        with DuckWarehouse.session(self._warehouse) as session:
            known = session.publications(tuple(published))
            if {code: made.seq for code, made in known.items()} != published:
                return None
            return [session.read(statement) for statement, _ in statements]  # none has slots

    def takes(self, *_: object) -> bool:
        return self.here


def test_a_mirror_answers_what_is_not_kept_and_the_engine_what_it_leaves(
    hub: Hub, app: str, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = EngineAsMirror(hub.warehouse)
    monkeypatch.setattr(hub.warehouse, "mirror", mirror)
    hub.serve(result_cache_bytes=0)
    query = LIST.replace("code }", "code }  r: reading { levelM }", 1)
    first = hub.post(app, query)
    assert (counted.sessions, mirror.asked) == (1, [])
    assert hub.post(app, query).content == first.content
    assert (counted.sessions, mirror.asked) == (1, [2])
    mirror.here = False
    assert hub.post(app, query).content == first.content
    assert (counted.sessions, mirror.asked) == (2, [2, 2])
    one, *others = map(told, reads(hub))
    assert all(other == one for other in others)


def test_many_rows_are_read_from_the_mirror_in_a_thread_and_few_on_the_event_loop(
    hub: Hub, app: str, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = EngineAsMirror(hub.warehouse)
    monkeypatch.setattr(hub.warehouse, "mirror", mirror)
    hub.serve(result_cache_bytes=0)
    query = "{ station(limit: %d) { code name } }"
    many, few = query % 1_000, query % 900
    monkeypatch.setattr(recall, "INLINE_ROWS", 950)
    first = [hub.post(app, each).content for each in (many, few)]
    sessions = counted.sessions
    assert hub.post(app, few).content == first[1]
    assert mirror.rows == 0
    assert mirror.thread is not None
    assert not mirror.thread.name.startswith("mirror")
    assert hub.post(app, many).content == first[0]
    assert mirror.rows == 1_000
    assert mirror.thread.name.startswith("mirror")
    assert counted.sessions == sessions
    mirror.here = False
    asked = len(mirror.asked)
    assert hub.post(app, many).content == first[0]
    assert (counted.sessions, len(mirror.asked)) == (sessions + 1, asked + 1)
    one, _, _, *others = map(told, reads(hub))
    assert all(other == one for other in others)


@pytest.fixture
def mirrored(hub: Hub, tmp_path: Path) -> Iterator[Copy]:
    declared = {
        code: replace(contract, mirror=MirroredRows())
        for code, contract in hub.services.catalogue().contracts.items()
        if code in {"station", "reading"}
    }
    copy = Copy(
        hub.warehouse, hub.folder / "landing" / ".mirror", tmp_path / "mirror.sqlite", declared
    )
    copy.follow()
    hub.warehouse.mirror = copy.reader
    yield copy
    copy.close()


def test_other_values_of_a_known_question_are_answered_from_the_mirror(
    hub: Hub, app: str, counted: Counted, mirrored: Copy
) -> None:
    """Without the engine, as it would have answered."""
    assert hub.ask(app, BY_KEY, k="A")["stationByKey"]["readings"]
    sessions = counted.sessions
    found = [hub.ask(app, BY_KEY, k=code) for code in ("B", "nobody")]
    assert counted.sessions == sessions
    mirrored.standings.replace({})
    hub.republish_stations("A", "B")
    read = [hub.ask(app, BY_KEY, k=code) for code in ("B", "nobody")]
    assert counted.sessions > sessions
    assert [one["stationByKey"] is None for one in found] == [False, True]
    assert [each["stationByKey"] and each["stationByKey"]["readings"] for each in found] == [
        each["stationByKey"] and each["stationByKey"]["readings"] for each in read
    ]


def test_a_mirror_that_is_behind_is_not_asked(
    hub: Hub, app: str, counted: Counted, mirrored: Copy
) -> None:
    for codes in (["A"], ["C"], ["D", "E"]):
        hub.republish_stations(*codes)
        sessions = counted.sessions
        for code in ("A", "C", "D"):
            found = hub.ask(app, BY_KEY, k=code)["stationByKey"]
            assert (found is not None) == (code in codes)
        assert counted.sessions == sessions + 3
    mirrored.follow()
    sessions = counted.sessions
    assert hub.ask(app, BY_KEY, k="E")["stationByKey"]
    assert counted.sessions == sessions
