"""The same rows in all four forms, whatever they hold."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
from arro3.io import write_json
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.clock import CITY_ZONE
from schema.export.delimited import MARK
from schema.export.encoder import encoder_of
from schema.export.form import ARROW, CSV, FORMS, NDJSON, PARQUET

FACTS = {"vitalhub.usageId": "u-1", "vitalhub.dataVersion": "7"}
MEMBER = pa.struct([("名", pa.string()), ("depth", pa.decimal128(38, 3))])
FLAT = pa.schema(
    [
        ("id", pa.int64()),
        ("level", pa.int32()),
        ("text", pa.string()),
        ("exact", pa.decimal128(18, 4)),
        ("rough", pa.float64()),
        ("yes", pa.bool_()),
        ("day", pa.date32()),
        ("at", pa.timestamp("us", "Asia/Shanghai")),
        ("one", MEMBER),
    ]
)
NESTED = pa.schema([*FLAT, ("many", pa.list_(MEMBER))])
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8) | (
    st.sampled_from(
        ["=1+1", "+86", "-", "@x", "'", "''", "\tx", "\r", "＝A1", "北碚", '"', ",", ""]
    )
)
EXACT = st.decimals(-(10**13), 10**13, places=4, allow_nan=False)
DEPTH = st.decimals(-(10**30), 10**30, places=3, allow_nan=False)
MEMBERS = st.fixed_dictionaries({"名": st.none() | TEXTS, "depth": st.none() | DEPTH})
ROWS: dict[str, st.SearchStrategy[Any]] = {
    "id": st.integers(-(2**63), 2**63 - 1),
    "level": st.integers(-(2**31), 2**31 - 1),
    "text": TEXTS,
    "exact": EXACT,
    "rough": st.floats(),
    "yes": st.booleans(),
    "day": st.dates(date(1, 1, 1), date(9999, 12, 31)),
    "at": st.datetimes(datetime(1900, 1, 2), datetime(9998, 1, 1)).map(  # noqa: DTZ001 - the zone follows
        lambda at: at.replace(tzinfo=UTC)
    ),
    "one": MEMBERS,
    "many": st.lists(MEMBERS, max_size=3),
}


def rows(schema: pa.Schema) -> st.SearchStrategy[list[dict[str, Any]]]:
    members = {name: st.none() | ROWS[name] for name in schema.names}
    return st.lists(st.fixed_dictionaries(members), max_size=12)


def encoded(media: str, schema: pa.Schema, found: list[dict[str, Any]], size: int = 5) -> bytes:
    encoder = encoder_of(FORMS[media])
    table = pa.Table.from_pylist(found, schema=schema)
    batches = table.to_batches(max_chunksize=size)
    begin = encoder.begin(schema, FACTS)
    return begin + b"".join(map(encoder.piece, batches)) + encoder.end()


def as_json(schema: pa.Schema, found: list[dict[str, Any]]) -> bytes:
    """By the encoder of the JSON replies."""
    buffer = io.BytesIO()
    write_json(pa.Table.from_pylist(found, schema=schema), buffer, explicit_nulls=True)
    return buffer.getvalue()


@given(rows(NESTED))
@settings(deadline=None)
def test_the_lines_of_ndjson_are_the_rows_of_the_json_reply_byte_for_byte(
    found: list[dict[str, Any]],
) -> None:
    lines = encoded(NDJSON, NESTED, found).split(b"\n")
    assert lines.pop() == b""
    assert b"[" + b",".join(lines) + b"]" == as_json(NESTED, found)


@given(rows(NESTED))
@settings(deadline=None)
def test_arrow_and_parquet_hold_every_value_in_its_own_type(found: list[dict[str, Any]]) -> None:
    wanted = pa.Table.from_pylist(found, schema=NESTED)
    stream = pyarrow.ipc.open_stream(encoded(ARROW, NESTED, found)).read_all()
    file = pq.read_table(io.BytesIO(encoded(PARQUET, NESTED, found)))
    for table in (stream, file):
        assert {k.decode(): v.decode() for k, v in table.schema.metadata.items()} == FACTS
        assert table.schema.types == NESTED.types
        assert repr(table.to_pylist()) == repr(wanted.to_pylist())  # NaN is no equal of itself


@given(rows(FLAT))
@settings(max_examples=300, deadline=None)
def test_csv_tells_what_json_tells(found: list[dict[str, Any]]) -> None:
    content = encoded(CSV, FLAT, found)
    assert content.startswith(MARK)
    header, *lines = parsed(content.removeprefix(MARK).decode())
    assert header == [*FLAT.names[:-1], "one.名", "one.depth"]
    rows = orjson.loads(as_json(FLAT, found))
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        members = row.pop("one") or {"名": None, "depth": None}
        told = [*row.values(), *members.values()]
        for name, cell, value in zip(header, line, told, strict=True):
            assert same(name, cell, value), (name, cell, value)


def same(name: str | None, cell: str | None, value: Any) -> bool:
    if cell is None or value is None:
        return cell is None and value is None
    if name in {"text", "one.名"}:
        return cell.removeprefix("'") == str(value)
    if name in {"rough", "exact", "one.depth", "id", "level"}:
        return Decimal(cell) == Decimal(str(value)) or float(cell) == float(value)
    return cell == (str(value).lower() if name == "yes" else str(value))


def parsed(text: str) -> Iterator[list[str | None]]:
    """By the rules of CSV, with the one more that an empty cell without quotes is a missing value."""
    cells: list[str | None] = []
    at = 0
    while at < len(text):
        if text[at] == '"':
            end = at + 1
            while text[end] != '"' or text[end : end + 2] == '""':
                end += 2 if text[end] == '"' else 1
            cells.append(text[at + 1 : end].replace('""', '"'))
            end += 1
        else:
            end = min(i for i in (text.find(",", at), text.find("\n", at)) if i >= 0)
            cells.append(text[at:end] or None)
        if text[end] == "\n":
            yield cells
            cells = []
        elif text[end + 1] == "\n":  # a last cell that is missing
            cells.append(None)
            yield cells
            cells, end = [], end + 1
        at = end + 1


def test_a_text_that_begins_a_formula_is_none_to_a_spreadsheet() -> None:
    texts = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "'quoted", "plain", "a=b"]
    schema = pa.schema([("text", pa.string()), ("number", pa.int32())])
    content = encoded(CSV, schema, [{"text": text, "number": -1} for text in texts])
    read = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1:]
    assert [row[0] for row in read] == [*("'" + text for text in texts[:7]), "plain", "a=b"]
    assert {row[1] for row in read} == {"-1"}


def test_the_times_of_a_file_are_those_of_the_city() -> None:
    at = datetime(2026, 8, 1, 12, 30, 0, 500_000, tzinfo=CITY_ZONE)
    schema = pa.schema([("at", pa.timestamp("us", "Asia/Shanghai"))])
    assert b'"2026-08-01T12:30:00.500+08:00"' in encoded(CSV, schema, [{"at": at}, {"at": None}])


def test_row_groups_are_as_large_as_they_should_be_whatever_the_batches() -> None:
    schema = pa.schema([("id", pa.int64())])
    content = encoded(PARQUET, schema, [{"id": n} for n in range(300_000)], size=16_384)
    file = pq.ParquetFile(io.BytesIO(content))
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [
        131_072,
        131_072,
        37_856,
    ]


def test_a_file_without_rows_has_its_columns() -> None:
    assert encoded(CSV, FLAT, []).decode("utf-8-sig").count("\n") == 1
    assert (
        pyarrow.ipc.open_stream(encoded(ARROW, NESTED, [])).read_all().column_names == NESTED.names
    )
    assert pq.read_table(io.BytesIO(encoded(PARQUET, NESTED, []))).column_names == NESTED.names
    assert encoded(NDJSON, NESTED, []) == b""
