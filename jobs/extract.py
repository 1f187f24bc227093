"""Fetches one feed: every increment its source has now becomes a load.

An increment that cannot be read is refused with its reason and the feed goes on behind it (a file),
or stops until somebody mends it (a page, a table); what is served stays what it was.
"""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from catalog.catalogue import Catalogue
from catalog.domain import Feed, Source, SourceKind
from catalog.errors import UserError
from catalog.ids import DatasetCode, SourceId
from connectors.connections import Connections
from connectors.errors import FileChanged, SourceError
from connectors.extractions import extractions
from connectors.ledger import Ledger
from connectors.source import Extraction, Fetch
from jobs.intake import Batch, Intake

LOG = logging.getLogger(__name__)
KIND = "extract"


@dataclass(frozen=True, slots=True)
class Extractor:
    intake: Intake
    ledger: Ledger
    connections: Connections
    stopping: threading.Event = field(default_factory=threading.Event)
    """Once set, no further increment is begun."""

    def run(self, catalogue: Catalogue, source: SourceId, data_set: DatasetCode) -> None:
        """Fetch a feed once. A fault of the source is recorded, not raised."""
        found = feed_of(catalogue, source, data_set)
        if found is None:
            return  # it is no longer declared
        declared, feed = found
        fetch = Fetch(
            contract=catalogue.contracts[data_set],
            feed=feed,
            source=declared,
            connection=self.connections.get(declared.connection, declared.kind),
            cursor=self.ledger.cursor(source, data_set),
        )
        try:
            for extraction in self._increments(fetch):
                self._take(extraction, fetch)
                if self.stopping.is_set():
                    return
            self.ledger.feed_current(fetch)
        except UserError as wrong:
            LOG.warning("%s %s: %s", source, data_set, wrong)
            self.ledger.feed_failed(fetch, wrong)

    def _increments(self, fetch: Fetch) -> Iterator[Extraction]:
        """What the source has; a source that cannot even be begun stands among the loads, too."""
        try:
            yield from extractions(fetch)
        except SourceError as wrong:
            origin = str(wrong.details.get("origin", fetch.source.id))
            self.ledger.refused(fetch, origin, wrong)
            raise

    def _take(self, extraction: Extraction, fetch: Fetch) -> None:
        batch = Batch(extraction, fetch.source.id, fetch.contract)
        try:
            self.intake.take(batch)
        except FileChanged:
            return  # it is still being written; the next round reads it
        except SourceError as wrong:  # and nothing else: a fault of ours costs no input its place
            self.ledger.refused(fetch, extraction.origin, wrong)
            extraction.refuse(wrong)
            if fetch.source.kind is not SourceKind.FILES:
                raise  # a file that is refused holds up none of those beside it


def feed_of(
    catalogue: Catalogue, source: SourceId, data_set: DatasetCode
) -> tuple[Source, Feed] | None:
    for declared in catalogue.sources:
        for feed in declared.feeds:
            if (declared.id, feed.data_set) == (source, data_set):
                return (declared, feed) if data_set in catalogue.contracts else None
    return None
