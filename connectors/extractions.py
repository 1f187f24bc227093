"""From a fetch to its extractions: which connector reads which kind of source."""

from collections.abc import Callable, Iterator, Mapping

from catalog.domain import SourceKind
from connectors.files import file_extractions
from connectors.rest import rest_extractions
from connectors.source import Extraction, Fetch
from connectors.sql import sql_extractions

CONNECTORS: Mapping[SourceKind, Callable[[Fetch], Iterator[Extraction]]] = {
    SourceKind.REST: rest_extractions,
    SourceKind.SQL: sql_extractions,
    SourceKind.FILES: file_extractions,
}


def extractions(fetch: Fetch) -> Iterator[Extraction]:
    """REST and SQL: at most one, none when nothing is new. Files: one a file, oldest first."""
    return CONNECTORS[fetch.source.kind](fetch)
