"""Calls live services for whoever may ask: cache, then a call under way, then one of our own.

Rules: a call takes no longer than its declared time, waiting for a slot included; callers with the same
question share one call; the breaker and the provider's allowance are asked last, when a slot is held;
only what tells of the provider counts against the breaker. Everything runs on the event loop except
looking up names, the operator's file and checking an answer, which the interface's own threads do.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TypeVar

import anyio.to_thread

from catalog.clock import CITY_ZONE, Clock
from catalog.contracts import Contract, camel
from catalog.errors import UserError
from catalog.ids import DatasetCode
from connectors.calling import breaker, quota
from connectors.calling.answer import Answer, read_answer
from connectors.calling.breaker import Phase
from connectors.calling.daybook import DayBook
from connectors.calling.errors import (
    ArgumentsRefused,
    CallFailed,
    InterfaceAnswerInvalid,
    InterfaceArgument,
    InterfaceBusy,
    InterfaceError,
    InterfaceTimeout,
    InterfaceUnavailable,
    NotReached,
    ProviderBusy,
    WronglyAnswered,
)
from connectors.calling.exchange import exchange
from connectors.calling.line import Line
from connectors.calling.request import Arguments, Outgoing, request_of
from connectors.calling.standing import OK, InterfaceStanding
from connectors.connections import Connections, InterfaceConnection, permitted_address
from connectors.errors import AddressRefused

LOG = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answered:
    """`cached`: from memory, or from a call that another caller had begun."""

    answer: Answer
    cached: bool


class InterfaceService:
    """`monotonic` times calls and caches, `clock` dates them."""

    def __init__(
        self,
        connections: Callable[[], Connections],
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
        book: DayBook | None = None,
    ) -> None:
        self._connections = connections
        self._clock = clock
        self._now = monotonic
        self._book = book or DayBook()
        self._lines: dict[DatasetCode, Line] = {}

    async def ask(self, contract: Contract, arguments: Arguments) -> Answered:
        """InterfaceError: its text is for the caller, the cause stands in the log."""
        line = self._line(contract)
        outgoing = request_of(contract, arguments)
        kept = line.cache.get(outgoing.key, self._now())
        if kept is not None:
            line.figures.cached += 1
            return Answered(kept, cached=True)
        flight = line.flights.get(outgoing.key)
        if flight is not None and flight.get_loop() is asyncio.get_running_loop():
            line.figures.cached += 1
            return Answered(await asyncio.shield(flight), cached=True)
        if line.crowded:
            raise self._busy(line, line.terms.timeout_seconds)
        return Answered(await asyncio.shield(self._depart(line, outgoing)), cached=False)

    def standing(self, contract: Contract) -> InterfaceStanding:
        """From any thread; nothing begins by being looked at."""
        line = self._known(contract) or self._begun(contract)
        return line.standing(self._clock.now(), self._wall(line.breaker.until))

    def _line(self, contract: Contract) -> Line:
        """A new version of the contract begins afresh."""
        line = self._known(contract)
        if line is None:
            line = self._lines[contract.data_set] = self._begun(contract)
        return line

    def _known(self, contract: Contract) -> Line | None:
        known = self._lines.get(contract.data_set)
        return known if known is not None and known.contract.digest == contract.digest else None

    def _begun(self, contract: Contract) -> Line:
        if contract.interface is None:
            raise TypeError(f"{contract.data_set} is no interface")
        at, now = self._clock.now(), self._now()
        return Line.of(contract, contract.interface, at, now, self._book)

    def _depart(self, line: Line, outgoing: Outgoing) -> "asyncio.Task[Answer]":
        """A task of its own, so that a caller who goes away ends nobody else's call."""
        flight = asyncio.get_running_loop().create_task(self._fly(line, outgoing))
        line.flights[outgoing.key] = flight

        def landed(task: "asyncio.Task[Answer]") -> None:
            if line.flights.get(outgoing.key) is task:
                del line.flights[outgoing.key]
            if not task.cancelled():
                task.exception()  # told to those who wait; nobody may be left waiting

        flight.add_done_callback(landed)
        return flight

    async def _fly(self, line: Line, outgoing: Outgoing) -> Answer:
        deadline = asyncio.get_running_loop().time() + line.terms.timeout_seconds
        flight = object()
        try:
            async with asyncio.timeout_at(deadline):
                await line.slots.acquire_on_behalf_of(flight)
        except TimeoutError:
            raise self._busy(line, line.terms.timeout_seconds) from None
        try:
            self._admit(line)
            return await self._call(line, outgoing, deadline)
        finally:
            line.slots.release_on_behalf_of(flight)

    def _admit(self, line: Line) -> None:
        """InterfaceUnavailable while the breaker is open, InterfaceBusy when the quota is spent."""
        now, today = self._now(), self._clock.now().astimezone(CITY_ZONE)
        passing = breaker.admitted(line.breaker, now, line.terms.open_seconds)
        if passing is None:
            line.figures.refused += 1
            raise self._unavailable(line)
        midnight = (today + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        taken = quota.taken(
            line.allowance,
            now,
            today.date(),
            per_second=line.terms.per_second,
            per_day=line.terms.per_day,
            left_today=(midnight - today).total_seconds(),
        )
        if isinstance(taken, quota.Wait):
            raise self._busy(line, taken.seconds)
        line.allowance, line.breaker = taken, passing

    async def _call(self, line: Line, outgoing: Outgoing, deadline: float) -> Answer:
        began, called_at = self._now(), self._clock.now()
        try:
            async with asyncio.timeout_at(deadline):
                answer = await self._exchange(line, outgoing, called_at)
        except TimeoutError:
            self._failed(line, CallFailed("no whole answer in time"))
            error: InterfaceError = InterfaceTimeout(
                **_named(line), seconds=f"{line.terms.timeout_seconds:g}"
            )
        except CallFailed as wrong:
            self._failed(line, wrong)
            error = self._told(line, wrong)
        except BaseException:
            line.breaker = breaker.released(line.breaker, self._now())
            raise
        else:
            line.breaker = breaker.succeeded(line.breaker)
            line.cache.keep(outgoing.key, answer, self._now())
            line.figures.called(OK, self._now() - began)
            return answer
        line.figures.called(error.code, self._now() - began)
        raise error

    async def _exchange(self, line: Line, outgoing: Outgoing, called_at: datetime) -> Answer:
        terms, interface = line.terms, line.interface
        try:
            connection = await _beside(line, lambda: self._prepared(line))
        except UserError as wrong:  # the operator's file lacks it, or may not be read
            raise NotReached(wrong.message_en) from wrong

        async def resolve(connection: InterfaceConnection, host: str, port: int) -> str:
            return await _beside(
                line, lambda: _address(interface.connection, connection, host, port)
            )

        received = await exchange(
            outgoing, connection, resolve, seconds=terms.timeout_seconds, max_bytes=terms.max_bytes
        )
        content = received.content
        if content is None:
            if not interface.absent:
                raise WronglyAnswered(
                    "HTTP 404, which its document does not declare", of_question=True
                )
            return Answer((), found=False, size=0, called_at=called_at)
        rows = await _beside(line, lambda: read_answer(interface, content))
        return Answer(rows, found=True, size=len(content), called_at=called_at)

    def _prepared(self, line: Line) -> InterfaceConnection:
        """The connection, once the call is counted. Blocking."""
        if line.terms.per_day is not None:
            spent = line.allowance
            self._book.keep(line.contract.data_set, spent.day, spent.spent)
        return self._connections().interface(line.interface.connection)

    def _failed(self, line: Line, wrong: CallFailed) -> None:
        """The details stay here: in the log, and in the standing that operators see."""
        now, terms = self._now(), line.terms
        LOG.warning("interface %s: %s", line.contract.data_set, wrong.problem)
        if wrong.counts:
            line.figures.failed(wrong.problem, self._clock.now())
        if wrong.counts and not wrong.of_question:
            line.breaker = breaker.failed(
                line.breaker, now, limit=terms.failures, open_seconds=terms.open_seconds
            )
        else:
            line.breaker = breaker.succeeded(line.breaker)  # it answers

    def _told(self, line: Line, wrong: CallFailed) -> InterfaceError:
        match wrong:
            case WronglyAnswered():
                return InterfaceAnswerInvalid(**_named(line))
            case ArgumentsRefused():
                zh, en = "提供方不接受这些参数值", "the provider does not take these values"
                names = ", ".join(camel(a.name) for a in line.interface.arguments)
                return InterfaceArgument(**_named(line), argument=names, problem_zh=zh, problem=en)
            case ProviderBusy():
                return InterfaceBusy(**_named(line), seconds=max(1, ceil(wrong.after)))
            case _:
                return self._unavailable(line)

    def _unavailable(self, line: Line) -> InterfaceUnavailable:
        if line.breaker.phase is Phase.CLOSED:
            again_zh, again = "请稍后重试", "try again later"
        else:
            at = self._wall(line.breaker.until).astimezone(CITY_ZONE).isoformat(timespec="seconds")
            again_zh, again = f"将于 {at} 再次尝试", f"it is tried again at {at}"
        return InterfaceUnavailable(**_named(line), again_zh=again_zh, again=again)

    def _busy(self, line: Line, seconds: float) -> InterfaceBusy:
        line.figures.refused += 1
        return InterfaceBusy(**_named(line), seconds=max(1, ceil(seconds)))

    def _wall(self, until: float) -> datetime:
        return self._clock.now() + timedelta(seconds=max(0.0, until - self._now()))


async def _beside(line: Line, call: Callable[[], T]) -> T:
    """In one of the interface's own threads; who waits for it may give up."""
    return await anyio.to_thread.run_sync(call, limiter=line.threads, abandon_on_cancel=True)


def _address(name: str, connection: InterfaceConnection, host: str, port: int) -> str:
    try:
        return permitted_address(name, connection.allow, host, port)
    except AddressRefused as wrong:
        raise NotReached(wrong.message_en) from wrong


def _named(line: Line) -> Mapping[str, object]:
    return {"interface": camel(line.contract.data_set), "title": line.contract.title}
