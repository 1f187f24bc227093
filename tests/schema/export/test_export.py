"""An export is the same question with another Accept: same rows, same rules, another form."""

import io
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import httpx
import orjson
import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
import zstandard

from access.roles import Role
from catalog.ids import DatasetCode
from catalog.sharing.grant import Quota
from schema.export import reading as export_reading
from schema.export.form import ARROW, CSV, FORMS, NDJSON, PARQUET
from tests.schema.export.readers import ALL, export, publish_many, records_of
from tests.schema.hub import READING_COLUMNS, STATION_COLUMNS, Hub
from tests.shared_data import START, grant

JSON = "application/json"
NESTED = (
    "{ station { code readings(limit: 5, orderBy: [{observedAt: DESC}]) { levelM observedAt } } }"
)
WITH_ONE = "{ reading { level: levelM observedAt place: placeCode station { name } } }"
GROUPS = "{ readingAggregate(groupBy: [{column: STATION_CODE}]) { key { stationCode } count levelM { avg sum } } }"


def rows(hub: Hub, token: str, query: str) -> list[dict[str, object]]:
    """As JSON tells them."""
    (found,) = hub.ask(token, query).values()
    return list(found)


@pytest.mark.parametrize("query", [ALL, NESTED, WITH_ONE, GROUPS])
def test_the_lines_of_ndjson_are_the_rows_of_the_reply(hub: Hub, app: str, query: str) -> None:
    reply = hub.post(app, query).content
    got = export(hub, app, query, NDJSON)
    assert (got.status, got.whole) == (200, True)
    assert b"[" + got.body.rstrip(b"\n").replace(b"\n", b",") + b"]" in reply


@pytest.mark.parametrize("query", [ALL, NESTED, WITH_ONE, GROUPS])
def test_parquet_and_arrow_hold_the_same_values_in_their_types(
    hub: Hub, app: str, query: str
) -> None:
    parquet = pq.read_table(io.BytesIO(export(hub, app, query, PARQUET).body))
    arrow = pyarrow.ipc.open_stream(export(hub, app, query, ARROW).body).read_all()
    assert parquet.to_pylist() == arrow.to_pylist()
    assert [plain(row) for row in arrow.to_pylist()] == rows(hub, app, query)


def plain(value: object) -> object:
    """As JSON has it."""
    match value:
        case dict():
            return {name: plain(inner) for name, inner in value.items()}
        case list():
            return [plain(inner) for inner in value]
        case None | bool() | int() | str():
            return value
        case _:
            return value.isoformat() if hasattr(value, "isoformat") else str(value)


def test_columns_have_the_names_of_the_document_and_their_own_types(hub: Hub, app: str) -> None:
    schema = pyarrow.ipc.open_stream(export(hub, app, WITH_ONE, ARROW).body).schema
    assert schema.names == ["level", "observedAt", "place", "station"]
    assert schema.types[:3] == [
        pa.decimal128(9, 3),
        pa.timestamp("us", "Asia/Shanghai"),
        pa.string(),
    ]


def test_csv_names_the_members_of_the_one_related_row_by_their_path(hub: Hub, app: str) -> None:
    got = export(hub, app, WITH_ONE, CSV)
    table = pyarrow.csv.read_csv(io.BytesIO(got.body))
    assert table.column_names == ["level", "observedAt", "place", "station.name"]
    assert table.column("station.name").to_pylist() == ["磁器口", "磁器口", "北碚"]
    assert export(hub, app, WITH_ONE, "text/csv;bom=absent").body == got.body[3:]


def test_a_file_tells_its_version_and_its_record(hub: Hub, app: str) -> None:
    got = export(hub, app, ALL, PARQUET, **{"x-request-id": "mine-1"})
    facts = {
        "vitalhub.field": "reading",
        "vitalhub.dataVersion": got.got["x-data-version"],
        "vitalhub.usageId": got.got["x-usage-id"],
        "vitalhub.requestId": "mine-1",
    }
    metadata = pq.read_table(io.BytesIO(got.body)).schema.metadata
    assert {k.decode(): v.decode() for k, v in metadata.items()} == facts
    assert got.got["content-disposition"] == 'attachment; filename="reading.parquet"'
    assert got.got["cache-control"] == "no-store"


def test_the_limit_of_a_page_is_none_of_an_export(hub: Hub, app: str) -> None:
    publish_many(hub, 5_000)
    assert export(hub, app, ALL, NDJSON).body.count(b"\n") == 5_003
    limited = export(hub, app, "{ reading(limit: 2000, offset: 1) { stationCode } }", NDJSON)
    assert limited.body.count(b"\n") == 2_000
    one = "query Q($n: Int) { reading(limit: $n) { stationCode } }"
    assert export(hub, app, one, NDJSON).body.count(b"\n") == 5_003


def test_a_page_that_is_too_long_as_json_is_told_of_exports(hub: Hub, app: str) -> None:
    (error,) = hub.post(app, "{ reading(limit: 10000000) { levelM } }").json()["errors"]
    assert error["extensions"]["code"] == "PAGE_OUT_OF_RANGE"
    assert "export" in error["extensions"]["messageEn"]
    below = " ".join(f"a{n}: readings(limit: 1000) {{ levelM }}" for n in range(3))
    (error,) = hub.post(app, f"{{ station(limit: 1000) {{ {below} }} }}").json()["errors"]
    assert error["extensions"]["code"] == "ANSWER_TOO_LARGE"
    assert "export" in error["extensions"]["messageEn"]


def test_a_file_is_never_silently_short(hub: Hub, app: str) -> None:
    publish_many(hub, 100)
    hub.serve(export_rows=50)
    refused = export(hub, app, ALL, NDJSON)
    assert (refused.status, refused.errors) == (400, ["EXPORT_NEEDS_LIMIT"])
    stated = export(hub, app, "{ reading(limit: 50) { levelM } }", NDJSON)
    assert stated.body.count(b"\n") == 50
    assert export(hub, app, "{ reading(limit: 51) { levelM } }", NDJSON).errors == [
        "PAGE_OUT_OF_RANGE"
    ]


@pytest.mark.parametrize(
    ("query", "accept", "code"),
    [
        (NESTED, CSV, "EXPORT_UNFIT"),
        ("{ stationConnection { nodes { code } } }", NDJSON, "EXPORT_UNFIT"),
        ('{ stationByKey(code: "A") { code } }', NDJSON, "EXPORT_UNFIT"),
        ("{ station { code } reading { levelM } }", PARQUET, "EXPORT_UNFIT"),
        ("{ station { code } __typename }", PARQUET, "EXPORT_UNFIT"),
        ("{ me { clientId } }", ARROW, "EXPORT_UNFIT"),
        ("{ __schema { queryType { name } } }", ARROW, "EXPORT_UNFIT"),
        ("subscription { station { code } }", NDJSON, "EXPORT_UNFIT"),
        ("{ station { phone } }", NDJSON, "GRAPHQL_VALIDATION_FAILED"),
        ("{ station", NDJSON, "GRAPHQL_PARSE_FAILED"),
        ("query Q($n: Int!) { station(limit: $n) { code } }", NDJSON, "VARIABLES_INVALID"),
        ('{ reading(asOf: "2020-01-01T00:00:00Z") { levelM } }', NDJSON, "AS_OF_TOO_OLD"),
        ('{ reading(asOf: "2090-01-01T00:00:00Z") { levelM } }', NDJSON, "AS_OF_IN_FUTURE"),
        ("{ reading(orderBy: []) { levelM @skip(if: true) } }", NDJSON, "SELECTION_EMPTY"),
    ],
)
def test_what_cannot_leave_as_a_file_is_refused_as_json_and_not_with_a_200(
    hub: Hub, app: str, query: str, accept: str, code: str
) -> None:
    refused = export(hub, app, query, accept)
    assert (refused.status, refused.errors) == (400, [code])
    assert refused.got["content-type"].startswith("application/graphql-response+json")
    assert not records_of(hub)


def test_a_list_of_nothing_is_a_file_of_nothing(hub: Hub, app: str) -> None:
    none = '{ reading(where: {stationCode: {eq: "none"}}) { levelM } }'
    for media in FORMS:
        got = export(hub, app, none, media)
        assert (got.status, got.whole) == (200, True)
    assert export(hub, app, none, CSV).body.decode("utf-8-sig") == '"levelM"\n'


def test_an_export_sees_the_rows_of_its_scope_and_no_others(hub: Hub) -> None:
    token = hub.secrets["token"]
    hub.granted("app", grant(DatasetCode("reading"), READING_COLUMNS, places=["500172"]))
    assert b"181" not in export(hub, token, ALL, NDJSON).body
    masked = grant(DatasetCode("station"), STATION_COLUMNS, masked=["name"])
    hub.granted("app", masked)
    assert "北碚".encode() not in export(hub, token, "{ station { name } }", PARQUET).body
    hub.granted("app", replace(grant(DatasetCode("station"), STATION_COLUMNS), purpose="甲"))
    named = export(hub, token, "{ station { code } }", CSV, **{"x-vitalhub-purpose": "none"})
    assert (named.status, named.errors) == (403, ["PURPOSE_UNKNOWN"])


def test_small_groups_are_kept_from_files_too(hub: Hub) -> None:
    columns = ("station_code", "observed_at", "level_m", "place_code")
    few = grant(DatasetCode("reading"), columns, places=["500106", "500172"], minimum_group=3)
    hub.granted("app", few)
    groups = "{ readingAggregate(groupBy: [{place: {field: PLACE_CODE, to: TOWNSHIP}}]) { count } }"
    as_json = rows(hub, hub.secrets["token"], groups)
    as_file = export(hub, hub.secrets["token"], groups, NDJSON).body
    assert [orjson.loads(line) for line in as_file.splitlines()] == as_json


def test_who_has_no_token_gets_no_file(hub: Hub) -> None:
    refused = export(hub, "nonsense", ALL, CSV)
    assert (refused.status, refused.errors) == (401, ["TOKEN_INVALID"])
    assert "www-authenticate" in refused.got


def test_an_export_is_two_records_and_one_call(hub: Hub, app: str) -> None:
    hub.granted(
        "app", replace(grant(DatasetCode("station"), STATION_COLUMNS), quota=Quota(calls=5))
    )
    got = export(hub, app, "{ station { code name } }", CSV)
    begun, ended = records_of(hub)
    assert (begun["outcome"], begun["rows"], begun["begun"]) == ("EXPORT_BEGUN", 0, None)
    assert (ended["outcome"], ended["rows"], ended["begun"]) == ("OK", 2, got.got["x-usage-id"])
    assert ended["reply_bytes"] == len(got.body)
    assert ended["columns"] == {"station": ["code", "name"]}
    left = hub.ask(app, "{ me { quotas { left { calls } } } }")["me"]["quotas"]
    assert left == [{"left": {"calls": "4"}}]


def test_auditors_see_what_was_exported_and_how_it_ended(hub: Hub, app: str) -> None:
    export(hub, app, ALL, PARQUET)
    auditor = hub.client("auditor", Role.AUDITOR)
    asked = "{ usage { records { id outcome media begun rows } } }"
    ended, begun = hub.ask(auditor, asked)["usage"]["records"]
    assert (ended["media"], ended["begun"], ended["rows"]) == (PARQUET, begun["id"], "3")
    again = f'{{ replay(usageId: "{ended["id"]}") {{ equal }} }}'
    assert hub.codes(auditor, again) == ["NOT_REPLAYABLE"]


def test_a_digest_in_the_log_is_that_of_the_file(hub: Hub, app: str) -> None:
    got = export(hub, app, ALL, NDJSON)
    assert records_of(hub)[-1]["reply"] == sha256(got.body).hexdigest()


def test_what_is_large_is_compressed_for_who_accepts_it(
    hub: Hub, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_many(hub, 5_000)
    monkeypatch.setattr(export_reading, "BATCH_ROWS", 2_048)
    accepting = {"accept-encoding": "zstd"}
    plain_file = export(hub, app, ALL, NDJSON).body
    packed = export(hub, app, ALL, NDJSON, **accepting)
    assert packed.got["content-encoding"] == "zstd"
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed.body)) as reader:
        assert sorted(reader.read().splitlines()) == sorted(plain_file.splitlines())
    assert len(packed.body) < len(plain_file) / 3
    assert records_of(hub)[-1]["reply_bytes"] == len(plain_file)
    assert "content-encoding" not in export(hub, app, ALL, PARQUET, **accepting).got
    few = export(hub, app, "{ station { code } }", NDJSON, **accepting)
    assert "content-encoding" not in few.got


def test_a_persisted_document_is_exported_by_get(hub: Hub, app: str) -> None:
    registered = hub.ask(app, f'mutation {{ registerDocument(text: "{ALL}") {{ id }} }}')
    with hub.http() as http:
        reply: httpx.Response = http.get(
            "/graphql",
            params={"documentId": registered["registerDocument"]["id"]},
            headers={"Authorization": f"Bearer {app}", "Accept": CSV},
        )
        by_text = http.get(
            "/graphql",
            params={"query": ALL},
            headers={"Authorization": f"Bearer {app}", "Accept": CSV},
        )
    assert reply.status_code == 200
    assert reply.content.count(b"\n") == 4
    assert (by_text.status_code, by_text.headers["allow"]) == (405, "POST")


def test_an_export_of_the_past_is_the_version_of_then(hub: Hub, app: str) -> None:
    hub.clock.advance(timedelta(hours=1))
    publish_many(hub, 10)
    past = f'{{ reading(asOf: "{(START + timedelta(hours=1)).isoformat()}") {{ levelM }} }}'
    assert export(hub, app, past, NDJSON).body.count(b"\n") == 3
    assert export(hub, app, ALL, NDJSON).body.count(b"\n") == 13


def test_rows_stand_in_the_order_that_is_asked_for(hub: Hub, app: str) -> None:
    publish_many(hub, 3_000)
    ordered = "{ reading(orderBy: [{observedAt: DESC}]) { observedAt } }"
    lines = export(hub, app, ordered, NDJSON).body.splitlines()
    assert lines == sorted(lines, reverse=True)


def test_a_price_over_the_budget_is_refused_before_anything_runs(hub: Hub, app: str) -> None:
    hub.serve(price_budget=5)
    refused = export(hub, app, ALL, NDJSON)
    assert (refused.status, refused.errors) == (400, ["QUERY_TOO_EXPENSIVE"])
    assert not records_of(hub)


def test_json_stays_what_a_caller_gets_who_names_no_file(hub: Hub, app: str) -> None:
    with hub.http() as http:
        for accept in (JSON, "*/*", "text/csv;q=0.1, application/json"):
            headers = {"Authorization": f"Bearer {app}", "Accept": accept}
            reply = http.post("/graphql", json={"query": ALL}, headers=headers)
            assert reply.headers["content-type"].startswith(JSON)
        headers = {"Authorization": f"Bearer {app}", "Accept": "image/png"}
        assert http.post("/graphql", json={"query": ALL}, headers=headers).status_code == 406
