"""The one door to alerts: what observations changed goes in, what people are told and do comes out.

Who deals with an alert: a steward of the department that leads its indicator, of that department's
authority, or of the district that it lies in. Each method is one transaction; of two who act at once
one wins and the other is told.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select

from catalog.actor import Actor, Duty, has
from catalog.catalogue import Catalogue
from catalog.clock import Clock
from catalog.contracts import Level
from catalog.directories import authorities
from catalog.epoch import Epoch, Listener
from catalog.errors import NotAllowed, in_english
from catalog.ids import IndicatorCode, OrganisationCode, PlaceCode
from catalog.indicators.errors import UnknownIndicator
from catalog.indicators.indicator import Indicator
from catalog.indicators.threshold import AlertLevel
from catalog.writing import Writer, Writing
from indicators import ledger
from indicators.alert import Phase
from indicators.errors import AlertRefused, SilenceRefused, UnknownAssignee
from indicators.grouping import AlertGroup, district_of, grouped
from indicators.handling import (
    ACT_LABELS,
    ACTS,
    PHASE_LABELS,
    Act,
    Alert,
    AlertEvent,
    AlertId,
    Observed,
    SilenceId,
)
from indicators.models import AlertEventRow, AlertRow, SilenceRow
from indicators.muting import Silence, muted
from indicators.severity import rank_of
from registry.store import Registry

MARK = select(
    select(func.max(AlertEventRow.id)).scalar_subquery(),
    select(func.max(SilenceRow.id)).scalar_subquery(),
    select(func.sum(SilenceRow.revision)).scalar_subquery(),
)
"""Differs after every change: alerts leave events, silences are made or ended."""
InForce = Callable[[], Mapping[IndicatorCode, Indicator]]


class AlertService:
    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        catalogue: Callable[[], Catalogue],
        indicators: InForce,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._catalogue = catalogue
        self._indicators = indicators
        self._epoch = Epoch()
        self._writer = Writer(registry, clock, self._epoch, MARK)

    @property
    def epoch(self) -> int:
        """Moves with each committed change."""
        self._writer.look()
        return self._epoch.number

    def listen(self, listener: Listener) -> None:
        self._epoch.listen(listener)

    # -- what observations changed -------------------------------------------------------------

    def record(self, observed: Sequence[Observed], by: Actor) -> int:
        """How many of them were new; the same ones handed in again are none."""
        with self._writer.write("alerts", by) as writing:
            return ledger.record(writing, observed)

    # -- what people do ------------------------------------------------------------------------

    def acknowledge(self, alert: AlertId, by: Actor, why: str = "") -> Alert:
        """Seen, as grave as it is now."""
        with self._writer.write(f"alert {alert}", by) as writing:
            row = self._row_for(writing, alert, Act.ACKNOWLEDGE)
            row.acknowledged_by, row.acknowledged_at = by.client, writing.at
            row.acknowledged_rank = row.rank
            ledger.record_act(writing, row, Act.ACKNOWLEDGE, why)
            return ledger.alert_of(row)

    def assign(self, alert: AlertId, to: OrganisationCode, by: Actor, why: str = "") -> Alert:
        """The organisation that deals with it from now on."""
        with self._writer.write(f"alert {alert}", by) as writing:
            row = self._row_for(writing, alert, Act.ASSIGN)
            if to not in self._catalogue().organisations:
                raise UnknownAssignee(organisation=to)
            row.assigned = to
            ledger.record_act(writing, row, Act.ASSIGN, why or f"-> {to}")
            return ledger.alert_of(row)

    def silence(
        self,
        indicator: IndicatorCode,
        place: PlaceCode | None,
        until: datetime,
        reason: str,
        by: Actor,
        *,
        up_to: AlertLevel = AlertLevel.RED,
        begins: datetime | None = None,
    ) -> Silence:
        """Nobody is told of such alerts until then; they go on all the same."""
        with self._writer.write(f"silence of {indicator}", by) as writing:
            start = begins or writing.at
            _check_silence(start, until, reason, up_to, writing.at)
            if indicator not in self._indicators():
                raise UnknownIndicator(indicator=indicator)
            self._check_duty(indicator, place, by, "silence its alerts", "静默其预警")
            row = SilenceRow(
                indicator=indicator,
                place=None if place is None else self._catalogue().places.get(place).code,
                up_to=rank_of(up_to),
                begins=start,
                ends=until,
                reason=reason.strip(),
                author=by.client,
                organisation=by.organisation,
                made_at=writing.at,
                ended_by=None,
            )
            writing.session.add(row)
            writing.session.flush()
            return ledger.silence_of(row)

    def end_silence(self, silence: SilenceId, by: Actor) -> Silence:
        """Now instead of later; one that is over stays as it was."""
        with self._writer.write(f"silence {silence}", by) as writing:
            row = ledger.silence_row(writing.session, silence)
            held = ledger.silence_of(row)
            self._check_duty(held.indicator, held.place, by, "end the silence", "结束静默")
            if writing.at < row.ends:
                row.ends, row.ended_by = writing.at, by.client
                row.begins = min(row.begins, writing.at)
            return ledger.silence_of(row)

    # -- reading -------------------------------------------------------------------------------

    def live(self) -> tuple[Alert, ...]:
        with self._registry.read() as session:
            return ledger.live(session)

    def alerts(
        self, *, indicator: IndicatorCode | None = None, since: datetime | None = None
    ) -> tuple[Alert, ...]:
        """Those that are over, too, newest first; `since`: that changed then or later."""
        statement = select(AlertRow).order_by(AlertRow.id.desc())
        if indicator is not None:
            statement = statement.where(AlertRow.indicator == indicator)
        if since is not None:
            statement = statement.where(AlertRow.changed_at >= since)
        with self._registry.read() as session:
            return tuple(map(ledger.alert_of, session.scalars(statement)))

    def groups(self, at: datetime | None = None) -> tuple[AlertGroup, ...]:
        """All live alerts by district and indicator, with what is muted now and why."""
        now, places = at or self._clock.now(), self._catalogue().places
        with self._registry.read() as session:
            alerts = ledger.live(session)
            rows = session.scalars(select(SilenceRow).where(SilenceRow.ends > now))
            silences = tuple(map(ledger.silence_of, rows))
        return grouped(alerts, muted(alerts, silences, now, places), places)

    def silences(self, at: datetime | None = None) -> tuple[Silence, ...]:
        """Those in force, and those to come."""
        now = at or self._clock.now()
        with self._registry.read() as session:
            rows = session.scalars(
                select(SilenceRow).where(SilenceRow.ends > now).order_by(SilenceRow.id)
            )
            return tuple(map(ledger.silence_of, rows))

    def alert(self, alert: AlertId) -> Alert:
        with self._registry.read() as session:
            return ledger.alert_of(ledger.alert_row(session, alert))

    def history(self, alert: AlertId) -> tuple[AlertEvent, ...]:
        with self._registry.read() as session:
            ledger.alert_row(session, alert)
            return ledger.events(session, alert)

    def _row_for(self, writing: Writing, alert: AlertId, act: Act) -> AlertRow:
        row = ledger.alert_row(writing.session, alert)
        action, action_zh = f"{act} alert {alert}", ACT_LABELS[act]
        self._check_duty(
            IndicatorCode(row.indicator), PlaceCode(row.place), writing.actor, action, action_zh
        )
        phase = Phase(row.phase)
        if phase not in ACTS[act]:
            raise AlertRefused(
                alert=alert,
                state=in_english(phase),
                state_zh=PHASE_LABELS[phase],
                action=in_english(act),
                action_zh=action_zh,
            )
        return row

    def _check_duty(
        self,
        indicator: IndicatorCode,
        place: PlaceCode | None,
        by: Actor,
        action: str,
        action_zh: str,
    ) -> None:
        """NotAllowed. Of an indicator that is in force no more the city's authorities answer."""
        catalogue, known = self._catalogue(), self._indicators().get(indicator)
        lead = OrganisationCode("") if known is None else known.lead
        able = authorities(lead, catalogue.organisations) | ({lead} - {""})
        own = catalogue.organisations.get(by.organisation)
        in_district = (
            place is not None
            and own is not None
            and own.level is Level.DISTRICT
            and own.place == district_of(place, catalogue.places)
        )
        if has(by, Duty.STEWARD) and (by.organisation in able or in_district):
            return
        names = sorted(able)
        raise NotAllowed(
            action=action,
            action_zh=action_zh,
            needed=f"a steward of {', '.join(names)} or of its district does it",
            needed_zh=f"应由 {'、'.join(names)} 或所在区县的数据管理员办理",
        )


def _check_silence(
    start: datetime, until: datetime, reason: str, up_to: AlertLevel, now: datetime
) -> None:
    if not reason.strip():
        raise SilenceRefused(problem="it needs a reason", problem_zh="须说明理由")
    if until <= max(start, now):
        raise SilenceRefused(
            problem="it must end later than it begins, and not in the past",
            problem_zh="结束时间须晚于开始时间和当前时间",
        )
    if up_to is AlertLevel.GREEN:
        raise SilenceRefused(
            problem="green is no alert; name the gravest level to be silent about",
            problem_zh="绿色不是预警；请指明静默的最高等级",
        )
