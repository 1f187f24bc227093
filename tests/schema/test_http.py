import orjson

from tests.schema.hub import Hub

QUERY = "{ station(orderBy: [{code: ASC}]) { code name } }"


def test_a_granted_data_set_answers_with_its_rows_and_where_they_come_from(
    hub: Hub, app: str
) -> None:
    reply = hub.post(app, QUERY)
    assert reply.status_code == 200
    assert reply.json()["data"] == {
        "station": [{"code": "A", "name": "磁器口"}, {"code": "B", "name": "北碚"}]
    }
    origin = reply.json()["extensions"]["data"]["station"]
    assert origin["loadId"] == "stations"
    assert origin["ageSeconds"] == 3600
    assert (origin["grade"], origin["sourceLevel"], origin["version"]) == ("A", "municipal", 1)
