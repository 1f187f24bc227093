"""Pages through a signed JSON interface, from the last sequence number on.

Rules: each try is signed anew (METHOD, PATH?QUERY, time, nonce); the address is checked by name and
by what it resolves to, again after each redirect, and that very address is connected to; bodies are
counted while they stream and compared with their X-Content-SHA256; a page that is not whole is
tried again and never kept; rows come in the order of a growing sequence number, so a row that comes
twice is seen; 429, 5xx and lost connections are tried again, after Retry-After when it is given, up
to a total time.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

import pyarrow as pa

from connectors.columns import Layout, Row
from connectors.connections import RestConnection
from connectors.errors import (
    ColumnMissing,
    ConnectionUnknown,
    CursorStuck,
    PageTruncated,
    PageUnreadable,
)
from connectors.limits import LIMITS, Limits, RateLimit
from connectors.options import RestOptions, options_of
from connectors.signed import SignedClient
from connectors.source import Extraction, Fetch


def rest_extractions(fetch: Fetch, limits: Limits = LIMITS) -> Iterator[Extraction]:
    """One, or none when the first page is empty."""
    if not isinstance(fetch.connection, RestConnection):
        raise ConnectionUnknown(connection=fetch.source.connection, kind="rest")
    options = options_of(fetch, RestOptions)
    after = str(fetch.cursor["after"]) if fetch.cursor else None
    origin = f"rest {fetch.source.id} after {after or 'the start'}"
    client = SignedClient(
        connection=fetch.connection,
        name=fetch.source.connection,
        origin=origin,
        limits=limits,
        rate=RateLimit(options.per_second),
        timeout=options.timeout_seconds,
        retry=options.retry_seconds,
    )
    reader = PageReader(client, options, origin)
    with ExitStack() as opened:
        opened.enter_context(client)
        page = reader.page(after)
        if not page.rows:
            return
        opened.pop_all()  # the extraction closes the client after its last page
    yield RestExtraction(fetch, options, origin, after, reader, page, limits.pages)


@dataclass(frozen=True, slots=True)
class Page:
    """`last` is the sequence number of the last row as text; `more` says whether a page follows."""

    rows: list[dict[str, object]]
    last: str
    more: bool


@dataclass(frozen=True, slots=True)
class PageReader:
    client: SignedClient
    options: RestOptions
    origin: str

    def page(self, after: str | None) -> Page:
        query = {"limit": str(self.options.page_size)}
        if after is not None:
            query = {"after": after, **query}
        return self.client.get(self.options.path, query, self._whole)

    def _whole(self, body: bytes, headers: Mapping[str, str]) -> Page:
        """The page when it is whole; PageTruncated is tried again, PageUnreadable is not."""
        told = headers.get("x-content-sha256")
        if told is not None and told.lower() != hashlib.sha256(body).hexdigest():
            raise PageTruncated(origin=self.origin, problem=f"{len(body)} bytes, digest differs")
        try:
            content = json.loads(body, parse_float=str, parse_int=str, parse_constant=str)
        except (ValueError, RecursionError) as wrong:
            problem = f"no JSON: {str(wrong)[:80]}"
            error = PageUnreadable if told is not None else PageTruncated
            raise error(origin=self.origin, problem=problem) from wrong
        return self._page(content)

    def _page(self, content: object) -> Page:
        if not isinstance(content, dict):
            raise self._unreadable("not an object")
        rows = content.get(self.options.rows)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._unreadable(f"{self.options.rows} is not a list of objects")
        page = Page(
            rows=rows,
            last=str(rows[-1].get(self.options.sequence, "")) if rows else "",
            more=content.get(self.options.next) is not None,
        )
        if rows and self.options.total is not None:
            self._check_total(page, str(content.get(self.options.total, "")))
        return page

    def _check_total(self, page: Page, total: str) -> None:
        """A source that stops early says so against its own count."""
        if not (total.isdigit() and page.last.isdigit()):
            raise self._unreadable(f"{self.options.total} or {self.options.sequence} is no number")
        behind = int(page.last) < int(total)
        if behind is not page.more:
            problem = f"ends at {page.last} of {total}"
            raise PageTruncated(origin=self.origin, problem=problem)

    def _unreadable(self, problem: str) -> PageUnreadable:
        return PageUnreadable(origin=self.origin, problem=problem)


@dataclass(slots=True)
class RestExtraction:
    fetch: Fetch
    options: RestOptions
    origin: str
    after: str | None
    reader: PageReader
    first: Page
    pages: int
    _last: int = field(default=-1, init=False)

    def batches(self) -> Iterator[pa.RecordBatch]:
        with self.reader.client:
            yield from self._batches()

    def cursor(self) -> Mapping[str, object]:
        return {"after": str(self._last)}

    def identity(self) -> str:
        return f"{self.options.path}|{self.after or ''}|{self._last}"

    def acknowledge(self) -> None:
        """Nothing to do: the source keeps no state for us."""

    def refuse(self, error: object) -> None:
        """Nothing to do: the cursor stays where it is."""

    def _batches(self) -> Iterator[pa.RecordBatch]:
        layout = Layout(self.fetch.contract, frozenset(self.options.absent))
        page, number = self.first, 1
        self._last = int(self.after) if self.after is not None else -1
        while page.rows:
            self._check_columns(page, layout)
            batch = layout.batch([self._row(row, layout) for row in page.rows], self.origin)
            if number == 1:
                layout.retyped(batch, self.origin)
            yield batch
            if not page.more or number >= self.pages:
                return
            page, number = self.reader.page(str(self._last)), number + 1

    def _check_columns(self, page: Page, layout: Layout) -> None:
        for column in layout.columns:
            if not any(column.header in row for row in page.rows):
                raise layout.complaint(ColumnMissing, column, self.origin)

    def _row(self, row: Mapping[str, object], layout: Layout) -> Row:
        told = str(row.get(self.options.sequence, ""))
        if not told.isdigit():
            problem = f"{self.options.sequence} of a row is {told!r}"
            raise PageUnreadable(origin=self.origin, problem=problem)
        if int(told) <= self._last:
            raise CursorStuck(origin=self.origin)
        self._last = int(told)
        values = [row.get(header) for header in layout.headers]
        nested = (h for h, v in zip(layout.headers, values, strict=True) if _is_nested(v))
        header = next(nested, None)
        fault = None if header is None else f"nested_value:{header} is not a single value"
        return self._last, [_text(value) for value in values], fault


def _is_nested(value: object) -> bool:
    return isinstance(value, dict | list)


def _text(value: object) -> str | None:
    """Numbers were kept as the source wrote them, so decimals stay exact."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return None if value is None or value == "" else str(value)
