"""Auditors list what was read and have it read again; neither shows a row."""

from dataclasses import replace
from typing import Any

import pytest

from access.roles import Role
from catalog.ids import DatasetCode, GrantId
from tests.schema.hub import STATION_COLUMNS, Hub
from tests.shared_data import grant

USAGE = """query($where: UsageWhere, $limit: Int! = 50, $before: String) {
  usage(where: $where, limit: $limit, before: $before) { next records {
    id client organisation grants purposes case rows bytes outcome version operation reply requestId
    startedAt seconds dataSets { dataSet columns } } } }"""
REPLAY = """query($id: String!) { replay(usageId: $id) {
  equal recordedDigest replayedDigest recordedRows replayedRows version grants purposes } }"""
NESTED = """query($code: String!, $deep: Boolean!) {
  one: station(where: {code: {eq: $code}}) { c: code readings(orderBy: [{observedAt: DESC}]) @include(if: $deep) {
    levelM placeCode } } ...more }
  fragment more on Query { reading(limit: 1) { levelM } }"""


@pytest.fixture
def auditor(hub: Hub) -> str:
    return hub.client("auditor", Role.AUDITOR, of="cq_bigdata")


@pytest.fixture
def owner(hub: Hub) -> str:
    """An application of the organisation that provides both data sets: its grants need no request."""
    return hub.client("owner", of="cq_water")


def read(hub: Hub, token: str, query: str, **variables: Any) -> str:
    """The usage id of a read that succeeds."""
    reply = hub.post(token, query, variables=variables)
    assert "errors" not in reply.json(), reply.text
    return str(reply.headers["x-usage-id"])


def replayed(hub: Hub, auditor: str, usage: str) -> Any:
    return hub.ask(auditor, REPLAY, id=usage)["replay"]


def test_an_auditor_lists_reads_newest_first(hub: Hub, app: str, auditor: str) -> None:
    first = read(hub, app, "{ station { code } }")
    second = read(hub, app, "{ reading { levelM } }")
    page = hub.ask(auditor, USAGE)["usage"]
    assert [record["id"] for record in page["records"]] == [second, first]
    newest = page["records"][0]
    assert newest["client"] == "app"
    assert newest["dataSets"] == [{"dataSet": "reading", "columns": ["levelM"]}]
    assert (newest["rows"], newest["outcome"], newest["purposes"]) == ("3", "OK", ["防汛"])
    assert page["next"] is None
    one = hub.ask(auditor, USAGE, limit=1)["usage"]
    assert [record["id"] for record in one["records"]] == [second]
    rest = hub.ask(auditor, USAGE, before=one["next"])["usage"]
    assert [record["id"] for record in rest["records"]] == [first]
    narrowed = hub.ask(auditor, USAGE, where={"dataSet": "station", "client": "app"})["usage"]
    assert [record["id"] for record in narrowed["records"]] == [first]


def test_variables_and_texts_are_in_no_answer(hub: Hub, owner: str, auditor: str) -> None:
    usage = read(hub, owner, NESTED, code="SECRET-7", deep=True)
    assert "SECRET-7" not in str(hub.ask(auditor, USAGE))
    assert "SECRET-7" not in str(replayed(hub, auditor, usage))


def test_a_read_comes_out_equal_again_and_no_row_is_shown(
    hub: Hub, owner: str, auditor: str
) -> None:
    usage = read(hub, owner, NESTED, code="A", deep=True)
    found = replayed(hub, auditor, usage)
    assert found["equal"]
    assert found["recordedDigest"] == found["replayedDigest"]
    assert found["recordedRows"] == found["replayedRows"] == "4"
    assert "181" not in str(hub.post(auditor, REPLAY, variables={"id": usage}).json()["data"])


def test_a_replay_reads_the_version_that_was_read(hub: Hub, owner: str, auditor: str) -> None:
    before = read(hub, owner, "{ station { code name } }")
    hub.clock.advance(hub.clock.now() - hub.clock.now().replace(hour=0))
    hub.republish_stations("A", "C", "D")
    after = read(hub, owner, "{ station { code name } }")
    one, other = replayed(hub, auditor, before), replayed(hub, auditor, after)
    assert one["equal"]
    assert other["equal"]
    assert one["recordedDigest"] != other["recordedDigest"]
    assert (one["replayedRows"], other["replayedRows"]) == ("2", "3")


def test_core_fields_beside_data_are_not_run_again(hub: Hub, owner: str, auditor: str) -> None:
    usage = read(hub, owner, "{ me { tokenExpires } station { code } catalogueEntries { code } }")
    assert replayed(hub, auditor, usage)["equal"]


def test_a_changed_record_is_not_equal(
    hub: Hub, owner: str, auditor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schema.conclusion._answer", lambda *_: "0" * 64)
    usage = read(hub, owner, "{ station { code } }")
    found = replayed(hub, auditor, usage)
    assert not found["equal"]
    assert found["recordedDigest"] == "0" * 64


def test_a_won_grant_replays_after_its_revocation(hub: Hub, auditor: str) -> None:
    from tests.schema.core.test_sharing import Parties  # noqa: PLC0415 - the way to a real grant

    parties = Parties(
        hub,
        hub.secrets["token"],
        hub.client("shapingba-steward", Role.STEWARD),
        hub.client("water-steward", Role.STEWARD, of="cq_water"),
    )
    assert parties.decided(parties.submitted(), {"approve": {}}) == "APPROVED"
    usage = read(hub, parties.app, "{ reading { levelM } }")
    (held,) = hub.ask(parties.app, "{ grants { id } }")["grants"]
    revoke = 'mutation($id: String!) { revokeGrant(id: $id, reason: "结束") { state } }'
    hub.ask(parties.provider, revoke, id=held["id"])
    assert hub.codes(parties.app, "{ reading { levelM } }") == ["GRAPHQL_VALIDATION_FAILED"]
    found = replayed(hub, auditor, usage)
    assert (found["equal"], found["grants"]) == (True, [held["id"]])


def test_an_organisations_read_of_its_own_data_replays(hub: Hub, owner: str, auditor: str) -> None:
    usage = read(hub, owner, "{ station { code phone } }")
    assert replayed(hub, auditor, usage)["equal"]


@pytest.mark.parametrize("usage", ["u-999999", "u-1", "x", "u-0"])
def test_an_unknown_record_is_said_to_be_unknown(hub: Hub, auditor: str, usage: str) -> None:
    assert hub.codes(auditor, REPLAY, id=usage) == ["NOT_FOUND"]


def test_what_failed_or_no_longer_fits_says_why(hub: Hub, auditor: str) -> None:
    token = hub.client("gone", of="cq_hightech")
    hub.granted("gone", replace(grant(DatasetCode("station"), STATION_COLUMNS), id=GrantId("g")))
    usage = read(hub, token, "{ station { code } }")
    assert hub.codes(auditor, REPLAY, id=usage) == [
        "NOT_REPLAYABLE"
    ]  # no such grant in the registry


def test_nobody_but_auditors_has_the_fields(hub: Hub, app: str) -> None:
    steward = hub.client("steward", Role.STEWARD, of="cq_water")
    for token in (app, steward):
        assert hub.codes(token, "{ usage { next } }") == ["GRAPHQL_VALIDATION_FAILED"]
        assert hub.codes(token, '{ replay(usageId: "u-2") { equal } }') == [
            "GRAPHQL_VALIDATION_FAILED"
        ]


def test_a_page_is_at_most_five_hundred_records(hub: Hub, auditor: str) -> None:
    assert hub.codes(auditor, USAGE, limit=501) == ["PAGE_OUT_OF_RANGE"]
    assert hub.codes(auditor, USAGE, before="x") == ["NOT_FOUND"]
