"""The demo city's live services through a running hub: asked, broken on purpose, mended."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from demo.enterprises import ENTERPRISES, NAME
from demo.service import Mode, mode_file
from tests.acceptance.calls import People
from tests.running_hub import RunningHub

CODES = tuple(ENTERPRISES)
ENTERPRISE = """query($code: String!) { enterpriseRegistration(unifiedSocialCreditCode: $code) {
  enterpriseName legalRepresentative registeredCapital { amount } licences { name } districtCode } }"""
ROADS = '{ waterloggingPoints(districtCode: "500106", atLeastCm: 10) { pointName depthCm } }'
STATIONS = "{ riverStation(limit: 2) { stationName } }"


@pytest.fixture
def switch(shared_hub: RunningHub) -> Iterator[RunningHub]:
    yield shared_hub
    mode_file(shared_hub.home, NAME).unlink(missing_ok=True)


def break_it(hub: RunningHub, mode: Mode) -> None:
    mode_file(hub.home, NAME).write_text(mode, "utf-8")


def test_a_ministry_and_a_bureau_answer_an_application_that_was_granted_them(
    people: People,
) -> None:
    app = people["shapingba-flood"]
    found = app.ask(ENTERPRISE, code=CODES[0])["enterpriseRegistration"]
    assert found["enterpriseName"] == ENTERPRISES[CODES[0]]["entName"]
    assert found["registeredCapital"] == {"amount": "500000.00"}
    assert found["legalRepresentative"] != ENTERPRISES[CODES[0]]["legalRep"]
    assert len(found["legalRepresentative"]) == 16
    assert app.ask(ENTERPRISE, code="91500106MA5DEM0XXX") == {"enterpriseRegistration": None}
    points = app.ask(ROADS)["waterloggingPoints"]
    assert [point["depthCm"] for point in points] == [34, 22]


def test_a_second_application_sees_neither(people: People) -> None:
    for query in (
        ROADS,
        '{ enterpriseRegistration(unifiedSocialCreditCode: "1") { districtCode } }',
    ):
        assert set(people["hightech-flood"].call(query).codes) == {"GRAPHQL_VALIDATION_FAILED"}


def test_while_the_ministry_hangs_everything_else_answers_and_then_it_is_told(
    switch: RunningHub, people: People
) -> None:
    app = people["shapingba-flood"]
    break_it(switch, Mode.SLOW)
    with ThreadPoolExecutor(4) as pool:
        hanging = [pool.submit(app.call, ENTERPRISE, code=CODES[1]) for _ in range(3)]
        answered = [app.ask(query) for query in (STATIONS, ROADS) * 3]
        waiting = [not one.done() for one in hanging]
        replies = [one.result() for one in hanging]
    assert all(answered)
    assert all(waiting)
    assert [reply.codes for reply in replies] == [["INTERFACE_TIMEOUT"]] * 3


def test_wrong_answers_and_a_service_that_is_down_are_told_apart(
    switch: RunningHub, people: People
) -> None:
    app = people["shapingba-flood"]
    for mode, code in (
        (Mode.WRONG, "INTERFACE_ANSWER_INVALID"),
        (Mode.DOWN, "INTERFACE_UNAVAILABLE"),
    ):
        break_it(switch, mode)
        reply = app.call(ENTERPRISE, code=CODES[2])
        assert reply.codes == [code]
    break_it(switch, Mode.OK)
    assert app.ask(ENTERPRISE, code=CODES[2])["enterpriseRegistration"]["districtCode"] == "500109"
