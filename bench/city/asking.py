"""How a contender is asked over HTTP: path, body, and what its reply says in rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from bench.city.dialect import Dialect
from bench.city.question import EVENT, NESTED, RATE, READING, Arguments, Row, event_row, plain


class Wrong(Exception):
    """A contender answered with an error, or not the same as another."""


class Asking(Protocol):
    """`compared`: whether its replies are answers at all."""

    @property
    def compared(self) -> bool: ...
    def path(self, question: str, /) -> str: ...
    def body(self, question: str, arguments: Arguments, /) -> bytes: ...
    def rows(self, question: str, reply: bytes, /) -> list[Row]: ...


@dataclass(frozen=True, slots=True)
class GraphQLAsking:
    """A document with variables, by POST to one path."""

    dialect: Dialect
    compared: bool = True

    def path(self, _question: str) -> str:
        return "/graphql"

    def body(self, question: str, arguments: Arguments) -> bytes:
        asked = self.dialect[question]
        return orjson.dumps({"query": asked.document, "variables": asked.variables(arguments)})

    def rows(self, question: str, reply: bytes) -> list[Row]:
        answer = orjson.loads(reply)
        if answer.get("errors") or answer.get("data") is None:
            raise Wrong(f"{question}: {reply[:500].decode(errors='replace')}")
        return self.dialect[question].rows(answer["data"])


@dataclass(frozen=True, slots=True)
class PlainAsking:
    """A path a question, with its arguments as JSON; an array of objects comes back."""

    compared: bool = True
    names: Mapping[str, Sequence[str]] = field(
        default_factory=lambda: {"Q5": RATE, "Q6": READING, "Q4": NESTED}
    )

    def path(self, question: str) -> str:
        return f"/{question}"

    def body(self, _question: str, arguments: Arguments) -> bytes:
        return orjson.dumps(arguments)

    def rows(self, question: str, reply: bytes) -> list[Row]:
        found: list[Mapping[str, Any]] = orjson.loads(reply)
        names = self.names.get(question, EVENT)
        if question == "Q4":
            return [
                (
                    int(one["code"]),
                    one["name"],
                    *(event_row(row, names) for row in one["newestOpen"]),
                )
                for one in found
            ]
        return [tuple(plain(name, row[name]) for name in names) for row in found]
