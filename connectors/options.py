"""A feed's options in sources.yaml, one model a kind; a wrong one names source, data set and key.

No option is an address or a secret: those stand in the operator's connections file.
"""

from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, Field, ValidationError

from catalog.declaration import Declared
from connectors.errors import OptionsInvalid
from connectors.source import Fetch


def _bare(pattern: str) -> str:
    if "/" in pattern or "\\" in pattern or pattern.startswith("."):
        message = "a pattern names files of the inbox itself, no folder"
        raise ValueError(message)
    return pattern


BareName: TypeAlias = Annotated[str, AfterValidator(_bare)]
Encoding: TypeAlias = Literal["utf-8", "gb18030"]


class FeedOptions(Declared):
    absent: tuple[str, ...] = ()
    """Headers of the contract this source is known not to carry."""


class RestOptions(FeedOptions):
    """`rows` and `next` are keys of the reply, `sequence` of a row: a number that only grows.
    `total`, where the source tells it, is the key of the number of the last row there is.
    """

    path: str = Field(pattern=r"^/[^?#\s]*$")
    rows: str = "rows"
    next: str = "next"
    sequence: str = "seq"
    total: str | None = None
    page_size: int = Field(default=500, ge=1, le=10_000)
    per_second: float = Field(default=20.0, gt=0)
    retry_seconds: float = Field(default=60.0, gt=0)
    """How long one page may be tried in all."""
    timeout_seconds: float = Field(default=20.0, gt=0)


class SqlOptions(FeedOptions):
    """`cursor` names an integer column that only grows; without it each load is the whole table."""

    table: str
    schema_name: str | None = Field(default=None, alias="schema")
    cursor: str | None = None
    order: tuple[str, ...] = ()


class FilesOptions(FeedOptions):
    """`header` is the 1-based row of the headers in a sheet."""

    pattern: BareName
    format: Literal["csv", "xlsx"]
    encoding: Encoding = "utf-8"
    delimiter: Literal[",", ";", "\t", "|"] = ","
    sheet: str | None = None
    header: int = Field(default=1, ge=1, le=100)


Options = TypeVar("Options", bound=FeedOptions)


def options_of(fetch: Fetch, model: type[Options]) -> Options:
    try:
        return model.model_validate(dict(fetch.feed.options))
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise OptionsInvalid(
            source=fetch.source.id,
            data_set=fetch.feed.data_set,
            problem=f"{where}: {first['msg']}",
        ) from wrong
