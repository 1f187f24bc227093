from datetime import UTC, datetime, timedelta

import orjson
from hypothesis import given
from hypothesis import strategies as st

from catalog.clock import CITY_ZONE
from catalog.ids import DatasetCode, LoadId, Seq
from schema.outcome import Outcome, Source
from schema.provenance import Provenance

AT = datetime(2026, 8, 1, 12, 30, 15, 250_000, tzinfo=UTC)
RIVER = DatasetCode("river_station")


def origin(grade: str | None = "A", published: datetime = AT) -> Provenance:
    return Provenance(RIVER, Seq(7), published, LoadId("l-1"), grade, "municipal")


def outcome(*origins: Provenance) -> Outcome:
    return Outcome(
        data=b'{"riverStation":[]}',
        errors=(),
        source=Source(origins, {RIVER: ("code",)}, 3, Seq(7)),
        rows=0,
        answer="a",
        started=AT,
        seconds=0.5,
    )


@given(
    grade=st.sampled_from(["A", None, '"\\']),
    past=st.timedeltas(timedelta(days=-2), timedelta(days=400)),
    micro=st.integers(0, 999_999),
)
def test_what_is_told_of_an_origin_is_what_it_is(
    grade: str | None, past: timedelta, micro: int
) -> None:
    published = AT.replace(microsecond=micro)
    told = orjson.dumps(origin(grade, published).shown(published + past))
    assert told == orjson.dumps(
        {
            "version": 7,
            "publishedAt": published.astimezone(CITY_ZONE),
            "ageSeconds": max(0, int(past.total_seconds())),
            "loadId": "l-1",
            "grade": grade,
            "sourceLevel": "municipal",
        }
    )


def test_a_reply_is_made_once_for_each_age_that_it_tells() -> None:
    one = outcome(origin())
    first = one.content(AT)
    assert one.content(AT + timedelta(milliseconds=999)) is first
    later = one.content(AT + timedelta(seconds=1))
    assert orjson.loads(later.bytes)["extensions"]["data"]["riverStation"]["ageSeconds"] == 1
    assert orjson.loads(first.bytes)["extensions"]["data"]["riverStation"]["ageSeconds"] == 0
    assert one.content(AT) == first


def test_the_same_outcome_again_is_another_operations_and_keeps_its_bytes() -> None:
    one = outcome(origin())
    again = one.again(AT + timedelta(hours=1), 0.001)
    assert (again.started, again.seconds) == (AT + timedelta(hours=1), 0.001)
    assert (one.started, one.seconds) == (AT, 0.5)
    assert again.content(AT) is one.content(AT)
    assert again.mark == one.mark
