"""Takes one extraction in: land -> check -> hand over, each step repeatable after a crash.

The load id comes from the input, so what a dead worker left behind is simply done again: the same
input finds its load in place and is dropped. Only when the load stands in the landing and in the
registry is the source told (`acknowledge`).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.clock import Clock
from catalog.contracts import Contract, Severity
from catalog.ids import LoadId, SourceId
from connectors.landing import Landed, discard, hand_over, land, sweep
from connectors.ledger import Ledger
from connectors.source import Extraction
from quality.gate import RowRef, Verdict, check
from quality.record import QualityRecord
from warehouse.scratch import Scratch

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """What comes in. `released`: only these rows count, which a steward let pass."""

    extraction: Extraction
    source: SourceId
    contract: Contract
    released: Sequence[RowRef] | None = None
    released_from: LoadId | None = None
    may_be_empty: bool = False
    """A derived data set of no rows is an answer; a source of no rows is a fault."""


@dataclass(frozen=True, slots=True)
class Intake:
    landing: Path
    ledger: Ledger
    quality: QualityRecord
    clock: Clock

    def recover(self) -> None:
        """Set right what processes that died left in the landing: half a load goes, a load in place
        that nobody recorded is recorded, before anything that came after it at its source.
        """
        sweep(self.landing)
        self.ledger.adopt(self.landing)

    def take(self, batch: Batch) -> Landed | None:
        """The load in place, or None when it was there already. Raises what the source raises."""
        landed = land(batch.extraction, batch.source, batch.contract, self.landing, self.clock)
        try:
            is_new = self.ledger.landed(landed, batch.released_from)
            if is_new:
                self._hand_over(landed, batch.contract, self._check(landed, batch))
        finally:
            discard(landed)
        batch.extraction.acknowledge()
        return landed if is_new else None

    def _check(self, landed: Landed, batch: Batch) -> Verdict:
        with Scratch([landed.folder]) as scratch:
            verdict = check(
                landed.raw,
                batch.contract,
                landed.folder,
                now=self.clock.now(),
                scratch=scratch,
                released=batch.released,
                may_be_empty=batch.may_be_empty,
            )
        self.ledger.checked(landed.load_id, verdict.good, verdict.rejected)
        return verdict

    def _hand_over(self, landed: Landed, contract: Contract, verdict: Verdict) -> None:
        self.quality.record(landed.load_id, contract, verdict)
        summary = {
            "decision": verdict.decision,
            "good": verdict.good,
            "rejected": verdict.rejected,
            "failed": [
                result.rule_id
                for result in verdict.results
                if result.severity is Severity.CRITICAL and not result.passed
            ],
        }
        self.ledger.handed_over(hand_over(landed, summary, self.landing))
        LOG.info(
            "%s %s: %d of %d rows good", landed.data_set, landed.origin, verdict.good, verdict.rows
        )
