"""The texts of values that SQLite would print otherwise than the reply has them.

Rules: the texts come from the very encoder of the replies, for whole columns at a time; which values need
one is decided without printing: an instant with a fraction or from before 1992, a double of more than 14
digits, below 1e-4, from 1e10 on, or the zero with a minus. To give a text where none was needed does no harm.
"""

import json

import pyarrow as pa
import pyarrow.compute as pc

from catalog.clock import CITY_ZONE
from query.encode import json_rows
from query.mirrored import PLAIN_BEFORE_MICROSECONDS, PLAIN_SINCE_MICROSECONDS, Storage
from warehouse.mirror.plan import TablePlan

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
    return _texts(values, plain, INSTANT)


def _double_texts(values: pa.Array) -> pa.Array:
    size = pc.abs(values)
    exact = pa.scalar(value=False)
    for scale in SCALES:
        scaled = pc.round(pc.multiply(values, 10.0**scale))
        same = pc.equal(pc.divide(scaled, 10.0**scale), values)
        exact = pc.or_(exact, pc.and_(same, pc.less(pc.abs(scaled), DIGITS)))
    ranged = pc.and_(pc.greater_equal(size, SMALLEST), pc.less(size, LARGEST))
    zero = pc.and_(pc.equal(values, 0.0), pc.equal(pc.divide(1.0, values), float("inf")))
    return _texts(values, pc.or_(pc.and_(exact, ranged), zero), None)


def _texts(values: pa.Array, plain: pa.Array, kind: pa.DataType | None) -> pa.Array:
    """Of those that are not plain."""
    needed = pc.and_(pc.is_valid(values), pc.invert(pc.fill_null(plain, pa.scalar(value=True))))
    odd = values.filter(needed)
    if not len(odd):
        return pa.nulls(len(values), pa.string())
    table = pa.table({"v": odd if kind is None else odd.cast(kind)})
    said = json.loads(json_rows(table), parse_float=str)
    texts = pa.array([row["v"] for row in said], pa.string())
    return pc.replace_with_mask(pa.nulls(len(values), pa.string()), needed, texts)
