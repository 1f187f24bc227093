"""The catalogue of indicators in the registry: the only way in for definitions and their versions.

The registry is the truth; a file is an import, keyed by its digest. A known text changes nothing; a new
one is a new version, a draft that is in force for nobody until it is certified, and never rewrites one
that was there before. Values cross this border, rows never do.
"""

import hashlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from catalog.actor import Actor
from catalog.clock import CITY_ZONE, Clock
from catalog.declaration import text_of
from catalog.domain import read_code
from catalog.epoch import Epoch, Listener
from catalog.ids import IndicatorCode
from catalog.imports import Outcome
from catalog.indicators.calculation import Calculation, ingredients
from catalog.indicators.checks import Surroundings, check_indicators
from catalog.indicators.errors import IndicatorInUse, IngredientsUncertified, UnknownIndicator
from catalog.indicators.indicator import Indicator
from catalog.indicators.reading import DeclaredIndicator, indicator_files, read_indicator
from catalog.indicators.states import (
    IndicatorAction,
    IndicatorEvent,
    IndicatorState,
    IndicatorVersion,
)
from catalog.indicators.versions import (
    Definitions,
    as_dated,
    event_of,
    in_force,
    latest_digests,
    propose,
    take,
    version_of,
    version_row,
)
from catalog.models import IndicatorEventRow, IndicatorVersionRow
from catalog.store import CatalogueStore
from catalog.writing import Writer
from registry.store import Registry

MARK = select(select(func.max(IndicatorEventRow.id)).scalar_subquery())
"""Differs after every change: each step leaves an event."""


@dataclass(frozen=True, slots=True)
class ImportedIndicator:
    code: IndicatorCode
    version: int
    outcome: Outcome


class IndicatorService:
    def __init__(self, registry: Registry, clock: Clock, store: CatalogueStore) -> None:
        self._registry = registry
        self._clock = clock
        self._store = store
        self._epoch = Epoch()
        self._writer = Writer(registry, clock, self._epoch, MARK)
        self._definitions = Definitions()
        self._lock = Lock()
        self._in_force: tuple[int, date, Mapping[IndicatorCode, Indicator]] | None = None

    @property
    def epoch(self) -> int:
        """Moves with each committed change."""
        return self._epoch.number

    def listen(self, listener: Listener) -> None:
        self._epoch.listen(listener)

    # -- declared files ------------------------------------------------------------------------

    def import_city(self, city: Path, by: Actor) -> tuple[ImportedIndicator, ...]:
        """The indicators of all domains of a city's folder, which may name each other. Texts that are
        known are not read again.
        """
        known = self._known_digests()
        new = []
        for domain in sorted(city.glob("domains/*/domain.yaml")):
            for file in indicator_files(domain.parent):
                text = text_of(file)
                if hashlib.sha256(text.encode()).hexdigest() not in known:
                    new.append(read_indicator(file, read_code(domain.parent), text))
        return self.import_indicators(new, by) if new else ()

    def import_indicators(
        self, declared: Sequence[DeclaredIndicator], by: Actor
    ) -> tuple[ImportedIndicator, ...]:
        """All of them or, at the first DeclarationError, none."""
        newest = self._store.newest()
        with self._writer.write("indicators", by) as writing:
            session = writing.session
            latest = latest_digests(session)
            read = self._definitions.of(session, latest.values())
            held = {code: read[digest] for code, digest in latest.items()}
            known = set(session.scalars(select(IndicatorVersionRow.digest)))
            new = [each for each in declared if each.indicator.digest not in known]
            organisations = frozenset(newest.organisations)
            around = Surroundings(newest.data_sets, newest.places, organisations, held)
            for each in new:
                _check_step(each, held.get(each.indicator.code))
            check_indicators(new, around)
            for each in new:
                propose(writing, each, latest.get(each.indicator.code))
            return tuple(_outcome(each, held, known) for each in declared)

    # -- steps ---------------------------------------------------------------------------------

    def advance(
        self, code: IndicatorCode, version: int, action: IndicatorAction, by: Actor, why: str = ""
    ) -> IndicatorVersion:
        """One step: submit, certify, return, retire. UnknownIndicator, IndicatorRefused, NotAllowed;
        IndicatorInUse where others would break.
        """
        with self._writer.write(f"{code} {version}", by) as writing:
            row = version_row(writing.session, code, version)
            if action is IndicatorAction.CERTIFY:
                read = self._definitions.of(writing.session, [row.digest])
                _check_ingredients(row, read[row.digest].calculation, writing.session)
            if action is IndicatorAction.RETIRE:
                self._check_unused(writing.session, code)
            take(writing, row, action, why, self._today())
            return version_of(row)

    # -- reading -------------------------------------------------------------------------------

    def in_force(self, on: date | None = None) -> Mapping[IndicatorCode, Indicator]:
        """The definitions that hold on a day of the city (default: today), by code; the same value until
        something changes.
        """
        self._writer.look()
        day = self._today() if on is None else on
        with self._lock:
            epoch, kept = self.epoch, self._in_force
            if kept is not None and kept[:2] == (epoch, day):
                return kept[2]
            with self._registry.read() as session:
                held = in_force(self._versions(session), day)
                read = self._definitions.of(session, (v.digest for v in held.values()))
            found = {code: as_dated(read[v.digest], v) for code, v in sorted(held.items())}
            self._in_force = epoch, day, found
            return found

    def definition(self, code: IndicatorCode, version: int) -> Indicator:
        """Any version, whatever its state. UnknownIndicator."""
        with self._registry.read() as session:
            held = version_of(version_row(session, code, version))
            return as_dated(self._definitions.of(session, [held.digest])[held.digest], held)

    def versions(self, code: IndicatorCode) -> tuple[IndicatorVersion, ...]:
        """Newest first. UnknownIndicator."""
        with self._registry.read() as session:
            found = [v for v in self._versions(session) if v.code == code]
        if not found:
            raise UnknownIndicator(indicator=code)
        return tuple(sorted(found, key=lambda v: -v.version))

    def history(self, code: IndicatorCode) -> tuple[IndicatorEvent, ...]:
        """Every step of all its versions, oldest first."""
        with self._registry.read() as session:
            rows = session.scalars(
                select(IndicatorEventRow)
                .where(IndicatorEventRow.code == code)
                .order_by(IndicatorEventRow.id)
            )
            return tuple(map(event_of, rows))

    def export(self, code: IndicatorCode, version: int) -> str:
        """The file of a version, as it was imported."""
        with self._registry.read() as session:
            return version_row(session, code, version).text

    def _check_unused(self, session: Session, code: IndicatorCode) -> None:
        """Others that are in force, or will be."""
        today, versions = self._today(), self._versions(session)
        held = {v.digest for v in in_force(versions, today).values()}
        held |= {
            v.digest
            for v in versions
            if v.state is IndicatorState.CERTIFIED
            and (v.effective_to is None or today < v.effective_to)
        }
        read = self._definitions.of(session, held).values()
        users = {i.code for i in read if code in ingredients(i.calculation)}
        if users:
            raise IndicatorInUse(indicator=code, users=", ".join(sorted(users)))

    def _today(self) -> date:
        return self._clock.now().astimezone(CITY_ZONE).date()

    def _known_digests(self) -> frozenset[str]:
        with self._registry.read() as session:
            return frozenset(session.scalars(select(IndicatorVersionRow.digest)))

    def _versions(self, session: Session) -> list[IndicatorVersion]:
        rows = session.scalars(select(IndicatorVersionRow).options(defer(IndicatorVersionRow.text)))
        return [version_of(row) for row in rows]


def _check_step(declared: DeclaredIndicator, held: Indicator | None) -> None:
    """DeclarationError unless the file is a step forward from the version that the registry holds."""
    new, document = declared.indicator, declared.document
    if held is None:
        return
    if new.version <= held.version:
        raise document.error(
            ("version",),
            f"the registry holds {new.code} version {held.version} with other content;"
            f" a changed file needs version {held.version + 1}.",
        )
    if new.effective_from <= held.effective_from:
        raise document.error(
            ("effective_from",),
            f"version {held.version} holds from {held.effective_from}; a later version begins after"
            " that day and leaves what was before as it is.",
        )


def _check_ingredients(
    row: IndicatorVersionRow, calculation: Calculation, session: Session
) -> None:
    certified = set(
        session.scalars(
            select(IndicatorVersionRow.code).where(
                IndicatorVersionRow.state == IndicatorState.CERTIFIED
            )
        )
    )
    missing = sorted(ingredients(calculation) - certified)
    if missing:
        raise IngredientsUncertified(indicator=row.code, ingredients=", ".join(missing))


def _outcome(
    declared: DeclaredIndicator,
    held: Mapping[IndicatorCode, Indicator],
    known: AbstractSet[str],
) -> ImportedIndicator:
    indicator = declared.indicator
    if indicator.digest in known:
        outcome = Outcome.UNCHANGED
    else:
        outcome = Outcome.PROPOSED if indicator.code in held else Outcome.CREATED
    return ImportedIndicator(indicator.code, indicator.version, outcome)
