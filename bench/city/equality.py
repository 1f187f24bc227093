"""Every contender's replies are compared row by row before anything is timed: values and order."""

from collections.abc import Mapping, Sequence

import httpx

from bench.city.asking import Wrong
from bench.city.contender import Contender
from bench.city.question import Arguments, Row


def check_equal(
    question: str, contenders: Sequence[Contender], asked: Sequence[Arguments]
) -> Mapping[str, int]:
    """The rows of each contender's answers; Wrong at the first difference."""
    compared = [contender for contender in contenders if contender.asking.compared]
    told: dict[str, int] = {}
    with httpx.Client(timeout=120, trust_env=False) as http:
        for arguments in asked:
            first: list[Row] | None = None
            for contender in compared:
                rows = contender.asking.rows(
                    question, reply_of(http, contender, question, arguments)
                )
                told[contender.name] = told.get(contender.name, 0) + len(rows)
                if first is None:
                    first = rows
                elif rows != first:
                    raise Wrong(
                        f"{question} {str(arguments)[:200]}: {compared[0].name} and {contender.name}"
                        f" differ: {_difference(first, rows)}"
                    )
    if not all(told.values()):
        raise Wrong(f"{question}: no question brought a row, so nothing was compared")
    return told


def reply_of(
    http: httpx.Client, contender: Contender, question: str, arguments: Arguments
) -> bytes:
    reply = http.post(
        contender.address + contender.asking.path(question),
        content=contender.asking.body(question, arguments),
        headers=dict(contender.headers),
    )
    if reply.status_code != httpx.codes.OK:
        raise Wrong(f"{contender.name} {question}: {reply.status_code} {reply.text[:500]}")
    return reply.content


def _difference(one: Sequence[Row], other: Sequence[Row]) -> str:
    if len(one) != len(other):
        return f"{len(one)} and {len(other)} rows"
    at = next(n for n, (a, b) in enumerate(zip(one, other, strict=True)) if a != b)
    return f"row {at}: {one[at]!r:.300} and {other[at]!r:.300}"
