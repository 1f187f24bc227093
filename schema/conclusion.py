"""From what was read for an operation to its outcome, whichever way it was read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter

import orjson

from schema.context import Operation
from schema.data.interface import Calls
from schema.data.kept import Kept
from schema.data.planning import Root
from schema.data.whole import Data, put_together
from schema.errors import ErrorBody
from schema.observation import note_rows
from schema.outcome import Outcome, Source, answer_of
from schema.provenance import provenance_of
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
        source=Source(
            provenance_of(publications, reading.scope.catalogue, context.grade),
            {code: tuple(sorted(names)) for code, names in sorted(columns.items())},
            None if context.price is None else context.price.total,
            version,
            calls.sources(),
        ),
        rows=reading.rows + calls.rows,
        answer=_answer(data or {}, content, context.plan.fields),
        started=started.at,
        seconds=perf_counter() - started.seconds,
    )


def recalled(
    roots: Sequence[Root], found: Mapping[str, Kept], source: Source, started: Started
) -> Outcome:
    """Of what nothing had to be read for: the answer of each data field."""
    rows = sum([kept.rows for kept in found.values()])
    note_rows(rows)
    data, _ = put_together(roots, {name: kept.content for name, kept in found.items()}, [])
    content = orjson.dumps(data)
    return Outcome(
        data=content,
        errors=(),
        source=source,
        rows=rows,
        answer=_answer(data or {}, content, found),
        started=started.at,
        seconds=perf_counter() - started.seconds,
        remembered=source.version,
    )


def unchanged(source: Source, started: Started) -> Outcome:
    """Of what the caller has already."""
    return Outcome(
        data=b"null",
        errors=(),
        source=source,
        rows=0,
        answer=answer_of({}),
        started=started.at,
        seconds=perf_counter() - started.seconds,
        unchanged=True,
    )


def _answer(data: Data, content: bytes, fields: Mapping[str, object]) -> str:
    """The digest of the data fields; of the JSON that there is where nothing else is in it."""
    if data and data.keys() <= fields.keys():
        return digest(content)
    return answer_of({name: value for name, value in data.items() if name in fields})


def turned_away(calls: Calls, started: Started, error: ErrorBody) -> Outcome:
    """No place for the data fields, while live services were asked: that is recorded all the same."""
    return Outcome(
        data=b"null",
        errors=(error,),
        source=Source(columns=dict.fromkeys(sorted(calls.noted), ()), live=calls.sources()),
        rows=0,
        answer=answer_of({}),
        started=started.at,
        seconds=perf_counter() - started.seconds,
    )
