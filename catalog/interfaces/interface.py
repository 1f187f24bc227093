"""服务接口: a live service of another department, as a contract of its own kind states it.

A `Contract` with an `Interface` has no rows in the warehouse: its columns are the members of what the
service answers, and what is asked of it are arguments. Requests, decisions and grants treat it as they
treat a data set; only the calling side (`connectors/calling/`) and the API's types look in here.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from catalog.contracts import ColumnType


class ArgumentPlace(StrEnum):
    """Where in the request an argument travels. Never a header, never the host."""

    PATH = "path"
    QUERY = "query"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class ListOf:
    item: "Shape"
    nullable: bool
    """Whether an item may be null."""


@dataclass(frozen=True, slots=True)
class ObjectOf:
    members: tuple["Member", ...]


Shape: TypeAlias = ColumnType | ListOf | ObjectOf


@dataclass(frozen=True, slots=True)
class Member:
    """`key` is the provider's own name in its JSON, `name` ours; `required`: there, and never null."""

    key: str
    name: str
    shape: Shape
    label: str
    description: str
    required: bool


@dataclass(frozen=True, slots=True)
class Argument:
    """`check` is the JSON schema of its value, as text."""

    key: str
    name: str
    place: ArgumentPlace
    type: ColumnType
    required: bool
    label: str
    description: str
    check: str


@dataclass(frozen=True, slots=True)
class CallTerms:
    """What a call may take of the provider and of us."""

    timeout_seconds: float
    cache_seconds: float
    concurrency: int
    """Calls under way at once."""
    per_second: float | None
    per_day: int | None
    failures: int
    """That many failed calls in a row open the breaker."""
    open_seconds: float
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Interface:
    """One operation of an OpenAPI document. `connection` names an entry of the operator's file."""

    connection: str
    method: str
    path: str
    """A template: `/v1/enterprises/{code}`."""
    arguments: tuple[Argument, ...]
    members: tuple[Member, ...]
    many: bool
    """Whether it answers a list of such objects."""
    absent: bool
    """Whether the document declares 404: there is nothing of this key, which is no error."""
    check: str
    """The JSON schema of an answer, as text."""
    terms: CallTerms

    def member(self, name: str) -> Member:
        """KeyError when there is none."""
        for member in self.members:
            if member.name == name:
                return member
        raise KeyError(name)
