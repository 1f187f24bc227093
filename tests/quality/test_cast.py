from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from catalog.contracts import Column, ColumnType, Kind
from tests.quality.batches import contract, gate, good_rows, landed

AT = datetime(2020, 8, 20, 0, 0, tzinfo=UTC)
DECIMAL = ColumnType(Kind.DECIMAL, 9, 3)
UNFIT = "unfit"
"""The value breaks the rule of its type."""


def cast(
    folder: Path, kind: ColumnType, values: pa.Array, *, not_reported: tuple[str, ...] = ()
) -> list[object]:
    """What each landed value becomes, UNFIT where it does not fit."""
    columns = [
        Column("n", ColumnType(Kind.BIGINT), "序号", "N"),
        Column("value", kind, "值", "V", not_reported=not_reported),
    ]
    numbers = pa.array(range(len(values)), pa.int64())
    raw = landed(folder / "raw.parquet", {"n": numbers, "value": values})
    gate(raw, contract(columns=columns, key=("n",)))
    found = {int(str(row["n"])): row["value"] for row in good_rows(raw)}
    return [found.get(index, UNFIT) for index in range(len(values))]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Kind.STRING, " 磁器口 ", "磁器口"),
        (Kind.STRING, "", None),
        (Kind.STRING, "　", None),
        (Kind.INTEGER, "-12", -12),
        (Kind.INTEGER, "12.0", 12),
        (Kind.INTEGER, "1.5", UNFIT),
        (Kind.INTEGER, "0x1f", UNFIT),
        (Kind.INTEGER, "1_000", UNFIT),
        (Kind.INTEGER, "2147483648", UNFIT),
        (Kind.BIGINT, "2147483648", 2147483648),
        (Kind.DOUBLE, "1.5e3", 1500.0),
        (Kind.DOUBLE, "nan", UNFIT),
        (Kind.DOUBLE, "inf", UNFIT),
        (Kind.DOUBLE, "1e999", UNFIT),
        (Kind.DOUBLE, "1,5", UNFIT),
        (Kind.BOOLEAN, "TRUE", True),
        (Kind.BOOLEAN, "否", False),
        (Kind.BOOLEAN, "0", False),
        (Kind.BOOLEAN, "yes", UNFIT),
        (Kind.DATE, "2020/8/20", date(2020, 8, 20)),
        (Kind.DATE, "2020-08-20 00:00:00", date(2020, 8, 20)),
        (Kind.DATE, "2020-08-20 08:00", UNFIT),
        (Kind.DATE, "2020-02-30", UNFIT),
        (Kind.TIMESTAMP, "2020-08-20 08:00", AT),
        (Kind.TIMESTAMP, "2020/8/20 8:00:00", AT),
        (Kind.TIMESTAMP, "2020-08-20T00:00:00Z", AT),
        (Kind.TIMESTAMP, "2020-08-20T09:00:00+09:00", AT),
        (Kind.TIMESTAMP, "epoch", UNFIT),
        (Kind.TIMESTAMP, "infinity", UNFIT),
        (Kind.TIMESTAMP, "2020-08-20 25:00", UNFIT),
        (Kind.PLACE, "500106", 500106000000000),
        (Kind.PLACE, "500106004", 500106004000000),
        (Kind.PLACE, "500106004001", 500106004001000),
        (Kind.PLACE, "50010600400", UNFIT),
        (Kind.PLACE, "050106", UNFIT),
        (Kind.PLACE, "500106004.0", UNFIT),
    ],
)
def test_text_becomes_the_contracts_type_or_is_unfit(
    tmp_path: Path, kind: Kind, text: str, value: object
) -> None:
    assert cast(tmp_path, ColumnType(kind), pa.array([text, None])) == [value, None]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("182.99", "182.990"),
        ("183", "183.000"),
        ("+183.01", "183.010"),
        (".5", "0.500"),
        ("183.", "183.000"),
        ("183.0100000", "183.010"),
        ("181.23999999999998", "181.240"),
        ("0.30000000000000004", "0.300"),
        ("1e2", "100.000"),
        ("182.9999", UNFIT),
        ("1234567", UNFIT),
        ("--1", UNFIT),
        ("1 8", UNFIT),
        ("", None),
    ],
)
def test_a_decimal_in_text_fits_exactly_or_not_at_all(
    tmp_path: Path, text: str, value: str | None
) -> None:
    expected = value if value in (UNFIT, None) else Decimal(str(value))
    assert cast(tmp_path, DECIMAL, pa.array([text])) == [expected]


def test_a_float_is_rounded_to_the_scale_and_a_wider_decimal_is_not(tmp_path: Path) -> None:
    floats = pa.array([181.24, 182.99999999, float("nan"), 1e9])
    assert cast(tmp_path, DECIMAL, floats) == [Decimal("181.240"), Decimal(183), UNFIT, UNFIT]
    exact = pa.array([Decimal("1.5000"), Decimal("1.5001")], pa.decimal128(18, 4))
    assert cast(tmp_path, DECIMAL, exact) == [Decimal("1.500"), UNFIT]


def test_numbers_of_a_spreadsheet_become_codes_without_a_point(tmp_path: Path) -> None:
    floats = pa.array([60105400.0, 1.5])
    assert cast(tmp_path, ColumnType(Kind.STRING), floats) == ["60105400", "1.5"]
    assert cast(tmp_path, ColumnType(Kind.PLACE), pa.array([500106004.0])) == [500106004000000]
    assert cast(tmp_path, ColumnType(Kind.INTEGER), floats) == [60105400, UNFIT]
    assert cast(tmp_path, ColumnType(Kind.BOOLEAN), pa.array([1, 0, 2])) == [True, False, UNFIT]


def test_a_time_without_zone_is_the_citys_and_one_with_zone_its_own(tmp_path: Path) -> None:
    kind = ColumnType(Kind.TIMESTAMP)
    naive = pa.array([datetime(2020, 8, 20, 8)], pa.timestamp("us"))  # noqa: DTZ001 - as sources send it
    assert cast(tmp_path, kind, naive) == [AT]
    assert cast(tmp_path, kind, pa.array([AT], pa.timestamp("us", "UTC"))) == [AT]
    assert cast(tmp_path, ColumnType(Kind.DATE), naive) == [UNFIT]


@pytest.mark.parametrize("end", [2**63 - 1, 1 - 2**63])
def test_what_is_infinite_is_unfit(tmp_path: Path, end: int) -> None:
    kind, day = ColumnType(Kind.TIMESTAMP), ColumnType(Kind.DATE)
    seconds = pa.array([end, 1_597_881_600_000_000], pa.timestamp("us", "UTC"))
    assert cast(tmp_path, kind, seconds) == [UNFIT, AT]
    assert cast(tmp_path, kind, pa.array([end], pa.timestamp("us"))) == [UNFIT]
    assert cast(tmp_path, day, pa.array([end], pa.timestamp("us"))) == [UNFIT]
    last = 2**31 - 1 if end > 0 else 1 - 2**31
    days = pa.array([last, 18_494, None], pa.int32())
    assert cast(tmp_path, day, days.cast(pa.date32())) == [UNFIT, date(2020, 8, 20), None]


@pytest.mark.parametrize(
    "values",
    [pa.array(["0", "0.0", "12"]), pa.array([0, 0, 12]), pa.array([0.0, -0.0, 12.0])],
)
def test_what_the_source_writes_for_not_reported_is_no_value(
    tmp_path: Path, values: pa.Array
) -> None:
    assert cast(tmp_path, DECIMAL, values, not_reported=("0",)) == [None, None, Decimal(12)]


def test_not_reported_may_be_a_word(tmp_path: Path) -> None:
    found = cast(tmp_path, DECIMAL, pa.array(["-", "缺测", "3"]), not_reported=("-", "缺测"))
    assert found == [None, None, Decimal(3)]
