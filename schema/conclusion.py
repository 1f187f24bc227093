"""From what was read for an operation to its outcome, whichever way it was read."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter

import orjson

from query.price import Price
from schema.context import Operation
from schema.data.interface import Calls
from schema.data.whole import Data
from schema.errors import ErrorBody
from schema.memory import Moment, Remembered
from schema.observation import note_rows
from schema.outcome import Outcome, answer_of
from schema.provenance import Provenance, provenance_of
from schema.reply import digest


@dataclass(frozen=True, slots=True)
class Started:
    """Usage runs on system time."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = field(default_factory=perf_counter)


def concluded(
    context: Operation, started: Started, data: Data | None, errors: list[ErrorBody]
) -> Outcome:
    """Blocking."""
    reading, calls = context.reading, context.calls
    note_rows(reading.rows + calls.rows)
    columns = {code: n.columns for code, n in reading.noted.items()}
    columns |= {code: n.columns for code, n in calls.noted.items()}
    publications, version = reading.publications(), reading.version
    reading.end()
    content = orjson.dumps(data)
    return Outcome(
        data=content,
        errors=tuple(errors),
        provenance=provenance_of(publications, reading.scope.catalogue, context.grade),
        columns={code: tuple(sorted(names)) for code, names in sorted(columns.items())},
        rows=reading.rows + calls.rows,
        price=None if context.price is None else context.price.total,
        version=version,
        answer=_answer(data or {}, content, context.plan.fields),
        started=started.at,
        seconds=perf_counter() - started.seconds,
        live=calls.sources(),
    )


def recalled(
    told: Remembered,
    moment: Moment,
    provenance: tuple[Provenance, ...],
    price: Price | None,
    started: Started,
) -> Outcome:
    """Of what nothing had to be read for."""
    note_rows(told.rows)
    content = orjson.dumps(told.data)
    return Outcome(
        data=content,
        errors=(),
        provenance=provenance,
        columns=moment.ready.columns,
        rows=told.rows,
        price=None if price is None else price.total,
        version=moment.published.seq,
        answer=_answer(told.data, content, told.fields),
        started=started.at,
        seconds=perf_counter() - started.seconds,
        remembered=moment.published.seq,
    )


def unchanged(moment: Moment, price: Price | None, started: Started) -> Outcome:
    """Of what the caller has already."""
    return Outcome(
        data=b"null",
        errors=(),
        provenance=(),
        columns=moment.ready.columns,
        rows=0,
        price=None if price is None else price.total,
        version=moment.published.seq,
        answer=answer_of({}),
        started=started.at,
        seconds=perf_counter() - started.seconds,
        unchanged=True,
    )


def _answer(data: Data, content: bytes, fields: Collection[str]) -> str:
    """The digest of the data fields; of the JSON that there is where nothing else is in it."""
    if data and all(name in fields for name in data):
        return digest(content)
    return answer_of({name: value for name, value in data.items() if name in fields})


def turned_away(calls: Calls, started: Started, error: ErrorBody) -> Outcome:
    """No place for the data fields, while live services were asked: that is recorded all the same."""
    return Outcome(
        data=b"null",
        errors=(error,),
        provenance=(),
        columns=dict.fromkeys(sorted(calls.noted), ()),
        rows=0,
        price=None,
        version=None,
        answer=answer_of({}),
        started=started.at,
        seconds=perf_counter() - started.seconds,
        live=calls.sources(),
    )
