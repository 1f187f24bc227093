"""The texts of values that SQLite would print otherwise than the reply has them.

Rules: the texts come from the very encoder of the replies, for whole columns at a time; which values need
one is decided without printing: an instant with a fraction or from before 1992, a double of more than 14
digits, below 1e-4, from 1e10 on, or the zero with a minus. To give a text where none was needed does no harm:
instants always have one, for SQLite takes as long to print one as to find and print all else of its row.
"""

import json
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from catalog.clock import CITY_ZONE
from query.encode import json_rows
from query.mirrored import (
    CITY_OFFSET_SECONDS,
    PLAIN_BEFORE_MICROSECONDS,
    PLAIN_SINCE_MICROSECONDS,
    Storage,
)
from warehouse.mirror.plan import TablePlan

DAY_SECONDS = 86_400
INSTANT = pa.timestamp("us", str(CITY_ZONE))
SMALLEST, LARGEST = 1e-4, 1e10
"""What both sides write without an exponent."""
DIGITS, SCALES = 1e14, (3, 6, 9, 12)
"""A double is a whole number of up to 14 digits over ten to the power of one of these: then it has one
shortest text, and fifteen digits of it are that text."""


def with_texts(batch: pa.RecordBatch, plan: TablePlan) -> pa.RecordBatch:
    """The batch with the companions that the plan has."""
    arrays, names = list(batch.columns), list(batch.schema.names)
    for column in plan.columns:
        if column.text is None:
            continue
        values = batch.column(column.name)
        told = _double_texts if column.storage is Storage.REAL else _instant_texts
        arrays.append(told(values))
        names.append(column.text)
    return pa.RecordBatch.from_arrays(arrays, names)


def _instant_texts(values: pa.Array) -> pa.Array:
    seconds = pc.multiply(pc.divide(values, 1_000_000), 1_000_000)
    plain = pc.and_(
        pc.equal(seconds, values),
        pc.and_(
            pc.greater_equal(values, PLAIN_SINCE_MICROSECONDS),
            pc.less(values, PLAIN_BEFORE_MICROSECONDS),
        ),
    )
    return _texts(values, plain, INSTANT, _plain_texts(values, plain))


def _plain_texts(values: pa.Array, plain: pa.Array) -> pa.Array:
    """Of instants of whole seconds, put together of days and times of day, of which there are few."""
    instants = pc.if_else(plain, values, 0)
    local = pc.add(pc.divide(instants, 1_000_000), CITY_OFFSET_SECONDS)
    days = pc.divide(local, DAY_SECONDS)
    times = pc.subtract(local, pc.multiply(days, DAY_SECONDS))
    coded = days.dictionary_encode()
    names = coded.dictionary.cast(pa.int32()).cast(pa.date32()).cast(pa.string())
    return pc.binary_join_element_wise(names.take(coded.indices), _clock().take(times), "")


@cache
def _clock() -> pa.Array:
    """`T00:00:00+08:00` and every second after it."""
    return pc.strftime(pa.array(range(DAY_SECONDS)).cast(pa.timestamp("s")), "T%H:%M:%S+08:00")


def _double_texts(values: pa.Array) -> pa.Array:
    size = pc.abs(values)
    exact = pa.scalar(value=False)
    for scale in SCALES:
        scaled = pc.round(pc.multiply(values, 10.0**scale))
        same = pc.equal(pc.divide(scaled, 10.0**scale), values)
        exact = pc.or_(exact, pc.and_(same, pc.less(pc.abs(scaled), DIGITS)))
    ranged = pc.and_(pc.greater_equal(size, SMALLEST), pc.less(size, LARGEST))
    zero = pc.and_(pc.equal(values, 0.0), pc.equal(pc.divide(1.0, values), float("inf")))
    plain = pc.or_(pc.and_(exact, ranged), zero)
    return _texts(values, plain, None, pa.nulls(len(values), pa.string()))


def _texts(
    values: pa.Array, plain: pa.Array, kind: pa.DataType | None, plainly: pa.Array
) -> pa.Array:
    """`plainly`: what the plain ones have."""
    needed = pc.and_(pc.is_valid(values), pc.invert(pc.fill_null(plain, pa.scalar(value=True))))
    odd = values.filter(needed)
    if not len(odd):
        return plainly
    table = pa.table({"v": odd if kind is None else odd.cast(kind)})
    said = json.loads(json_rows(table), parse_float=str)
    texts = pa.array([row["v"] for row in said], pa.string())
    return pc.replace_with_mask(plainly, needed, texts)
