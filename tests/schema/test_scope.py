"""Two callers, two schemas: what is not granted does not exist, in any text."""

from datetime import timedelta

import pytest
from graphql import get_introspection_query

from catalog.ids import DatasetCode
from catalog.predicate import Compare, Op
from tests.schema.hub import READING_COLUMNS, STATION_COLUMNS, Hub, whole
from tests.shared_data import grant

STATION, READING = DatasetCode("station"), DatasetCode("reading")
INTROSPECTION = get_introspection_query(input_value_deprecation=True)


def introspected(hub: Hub, token: str) -> str:
    reply = hub.post(token, INTROSPECTION)
    assert "errors" not in reply.json()
    return reply.text


def test_introspection_shows_only_what_was_granted(hub: Hub, app: str) -> None:
    other = hub.client("other", of="cq_hightech")
    hub.granted("other", grant(STATION, ("code",)))
    assert '"RiverStation"' not in introspected(hub, app)
    assert '"Reading"' in introspected(hub, app)
    narrow = introspected(hub, other)
    assert '"Station"' in narrow
    for hidden in ("Reading", "reading", "readings", "levelM", "水位", "电话", "phone"):
        assert hidden not in narrow


@pytest.mark.parametrize(
    ("hidden", "unknown"),
    [
        ("{ reading { levelM } }", "{ readinx { levelM } }"),
        ("{ station { phone } }", "{ station { phonx } }"),
        ("{ station { readings { levelM } } }", "{ station { readinxs { levelM } } }"),
        ('{ station(where: {phone: {eq: "1"}}) { code } }',) * 2,
        ("{ station(orderBy: [{phone: ASC}]) { code } }",) * 2,
    ],
)
def test_hidden_and_unknown_read_the_same(hub: Hub, hidden: str, unknown: str) -> None:
    narrow = hub.client("narrow", of="cq_hightech")
    hub.granted("narrow", grant(STATION, STATION_COLUMNS))
    answers = []
    for query in (hidden, unknown.replace("phone: {", "phonx: {").replace("{phone:", "{phonx:")):
        body = hub.post(narrow, query, variables={}).json()
        error = body["errors"][0]
        del error["extensions"]["requestId"]
        text = str(error).replace("readinx", "reading").replace("phonx", "phone")
        answers.append(text)
    assert answers[0] == answers[1]
    assert "Did you mean" not in answers[0]


def test_nothing_is_suggested(hub: Hub, app: str) -> None:
    body = hub.post(app, "{ statio { cod } }").text
    assert "Did you mean" not in body
    assert "station" not in body


def test_a_client_sees_its_own_places_by_who_governs(hub: Hub) -> None:
    query = "{ reading(orderBy: [{observedAt: ASC}]) { stationCode placeCode } }"
    shapingba, hightech = hub.client("shapingba"), hub.client("hightech")
    hub.granted("shapingba", grant(READING, READING_COLUMNS, places=["500106"]))
    hub.granted("hightech", grant(READING, READING_COLUMNS, places=["500172"]))
    assert {row["placeCode"] for row in hub.ask(shapingba, query)["reading"]} == {"500106004"}
    assert {row["placeCode"] for row in hub.ask(hightech, query)["reading"]} == {"500106016"}


def test_after_revocation_the_field_is_unknown_again(hub: Hub, app: str) -> None:
    query = "{ station { code } }"
    hub.ask(app, query)
    hub.granted("app")
    assert hub.codes(app, query) == ["GRAPHQL_VALIDATION_FAILED"]
    hub.granted("app", *whole())
    hub.ask(app, query)


def test_a_grant_ends_by_time_without_any_event(hub: Hub, app: str) -> None:
    query = "{ station { code } }"
    hub.ask(app, query)
    hub.clock.advance(timedelta(days=800))
    assert hub.codes(app, query) == ["GRAPHQL_VALIDATION_FAILED"]


def test_a_masked_column_is_a_text_that_cannot_be_searched_for_its_value(hub: Hub) -> None:
    masked = hub.client("masked")
    hub.granted("masked", grant(STATION, ("code", "phone"), masked=("phone",)))
    rows = hub.ask(masked, "{ station(orderBy: [{code: ASC}]) { code phone } }")["station"]
    assert rows[1] == {"code": "B", "phone": None}
    assert len(rows[0]["phone"]) == 16
    found = hub.ask(masked, '{ station(where: {phone: {eq: "139"}}) { code } }')
    assert found == {"station": []}


def test_a_row_filter_holds_for_every_way_of_asking(hub: Hub) -> None:
    only = hub.client("only")
    rule = Compare("code", Op.EQ, "A")
    hub.granted("only", grant(STATION, STATION_COLUMNS, row_filter=rule))
    assert hub.ask(only, "{ station { code } }") == {"station": [{"code": "A"}]}
    assert hub.ask(only, '{ stationByKey(code: "B") { code } }') == {"stationByKey": None}
    where = '{ station(where: {or: [{code: {eq: "B"}}, {code: {isNull: false}}]}) { code } }'
    assert hub.ask(only, where) == {"station": [{"code": "A"}]}


def test_the_same_introspection_is_answered_from_finished_bytes(hub: Hub, app: str) -> None:
    assert introspected(hub, app) == introspected(hub, app)
