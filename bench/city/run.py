"""One run: everything is made ready, every answer compared, then the contenders take turns under load.

Rules: nothing is timed before all contenders gave the same rows for the same arguments; rounds are
interleaved, so that noise meets all alike, and the best round of each counts; what cannot take part is
named with the reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time

import httpx

from bench.city.contender import Contender, Grounds, running
from bench.city.contenders.bare import answering, copied, loop, opened
from bench.city.equality import check_equal, reply_of
from bench.city.generate import generate
from bench.city.home import prepared_home
from bench.city.layout import CITY, Layout
from bench.city.load import Measured, load
from bench.city.node import NodeMissing, node_in, postgraphile_in
from bench.city.postgres import Postgres, PostgresMissing
from bench.city.question import QUESTIONS, REPEATED, Question
from catalog.places import PlaceLevel, read_places
from demo.city import free_port
from settings import Settings

SLOWEST = 30.0
"""Seconds a round may last for a contender that answers slowly."""
PEERS = ("postgraphile", "postgraphile-2")
LOOP = "bare loop"


@dataclass(frozen=True, slots=True)
class Plan:
    layout: Layout
    programs: Path
    """PostgreSQL's."""
    seconds: float
    rounds: int
    questions: tuple[str, ...]
    contenders: tuple[str, ...]


@dataclass(slots=True)
class Outcome:
    """`best` by question and contender; `compared`: rows that were compared; `missing`: who, and why."""

    best: dict[str, dict[str, Measured]] = field(default_factory=dict)
    compared: dict[str, Mapping[str, int]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    prepared: dict[str, Mapping[str, float]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    mirror: dict[str, str] = field(default_factory=dict)
    """The state of each data set's row mirror."""


def run(plan: Plan) -> Outcome:
    outcome = Outcome()
    with grounds(plan, outcome) as made:
        names = [name for name in plan.contenders if name not in outcome.missing]
        questions = [QUESTIONS[name] for name in plan.questions if name in QUESTIONS]
        if questions:
            _race(plan, made, names, questions, outcome)
        if REPEATED.name in plan.questions:
            cached = ["hub-cached" if name == "hub" else name for name in names]
            fit = [name for name in cached if name in {"hub-cached", "fixed", *PEERS}]
            _race(plan, made, fit, [REPEATED], outcome)
    return outcome


@contextmanager
def grounds(plan: Plan, outcome: Outcome) -> Iterator[Grounds]:
    layout, settings = plan.layout, Settings()
    _say(f"generating {layout.scale.events:,} events, {layout.scale.readings:,} readings")
    generate(layout.scale, CITY, layout.rows)
    _say("publishing them into a home")
    memory = "6GB" if layout.scale.name == "full" else settings.memory_limit
    home = prepared_home(layout.hub, layout.rows, CITY, gate=layout.scale.gated, memory=memory)
    outcome.prepared |= {"published": home.published, "checked": home.gated}
    if not layout.plain.exists():
        _say("copying them into plain tables")
        outcome.prepared["inserted"] = copied(layout.plain, layout.rows, settings.threads, memory)
    with ExitStack() as stack:
        postgres = _peer(plan, stack, outcome)
        yield Grounds(layout, home, postgres)


def _peer(plan: Plan, stack: ExitStack, outcome: Outcome) -> Postgres | None:
    """A PostgreSQL with the rows in it, and PostGraphile installed; None with the reason told."""
    wanted = [name for name in PEERS if name in plan.contenders]
    if not wanted:
        return None
    layout = plan.layout
    shared = "4GB" if layout.scale.name == "full" else "256MB"
    try:
        node = node_in(layout.tools)
        postgraphile_in(layout.tools, node)
        _say("loading them into PostgreSQL")
        postgres = Postgres(plan.programs, layout.postgres, free_port(), shared)
        stack.enter_context(postgres.running())
    except (NodeMissing, PostgresMissing) as missing:
        _say(f"without PostGraphile: {missing}")
        outcome.missing |= dict.fromkeys(wanted, str(missing))
        return None
    postgres.fill(layout.rows)
    postgres.warm()
    outcome.versions |= {"postgresql": postgres.version, "node": node.version}
    return postgres


def _race(
    plan: Plan,
    made: Grounds,
    names: Sequence[str],
    questions: Sequence[Question],
    outcome: Outcome,
) -> None:
    scratch = plan.layout.own
    with ExitStack() as stack:
        runners = {
            name: stack.enter_context(running(name, made, scratch / f"{name}.log"))
            for name in names
            if name not in {"fixed", LOOP}
        }
        for one in runners.values():
            outcome.mirror |= one.mirror
            if one.mirror_seconds > 1:
                outcome.prepared["mirrored"] = {"all": one.mirror_seconds}
        _keep_bodies(plan, runners, questions)
        if "fixed" in names:
            fixed = running("fixed", made, scratch / "fixed.log")
            runners["fixed"] = stack.enter_context(fixed)
        for question in questions:
            asked = question.arguments(plan.layout.scale, districts(), question.checked)
            order = list(runners.values())
            outcome.compared[question.name] = check_equal(question.name, order, asked)
            _say(f"{question.name}: {question.title}; equal: {outcome.compared[question.name]}")
            outcome.best[question.name] = _turns(plan, question, runners, LOOP in names)


def _keep_bodies(
    plan: Plan, runners: Mapping[str, Contender], questions: Sequence[Question]
) -> None:
    """What the hub (or whoever is there) answers, for the contender that says it by heart."""
    plan.layout.fixed.mkdir(exist_ok=True)
    of = next((runners[name] for name in ("hub", "hub-cached") if name in runners), None)
    if of is None:
        return
    with httpx.Client(timeout=120, trust_env=False) as http:
        for question in questions:
            arguments = question.arguments(plan.layout.scale, districts(), 1)[0]
            reply = reply_of(http, of, question.name, arguments)
            (plan.layout.fixed / f"{question.name}.json").write_bytes(reply)


def _turns(
    plan: Plan, question: Question, runners: Mapping[str, Contender], looped: bool
) -> dict[str, Measured]:
    arguments = question.arguments(plan.layout.scale, districts(), question.timed)
    best: dict[str, Measured] = {}
    bodies = {
        name: [one.asking.body(question.name, each) for each in arguments]
        for name, one in runners.items()
    }
    lasting = {name: _lasting(plan, question, one) for name, one in runners.items()}
    for _ in range(plan.rounds):
        for name, one in runners.items():
            found = load(one, question.name, bodies[name], lasting[name], plan.layout.own)
            best[name] = max(best.get(name, found), found, key=lambda each: each.rate)
        if looped:
            found = _looped(plan, question)
            best[LOOP] = max(best.get(LOOP, found), found, key=lambda each: each.rate)
    for name, one_best in best.items():
        _say(
            f"  {name:<16}{one_best.rate:>10,.1f}/s  p50 {one_best.p50:.2f} ms  cpu {one_best.cpu:.3f} ms"
        )
    return best


def _lasting(plan: Plan, question: Question, contender: Contender) -> float:
    """Longer for the slow, so that a round has some tens of replies."""
    arguments = question.arguments(plan.layout.scale, districts(), 1)[0]
    with httpx.Client(timeout=120, trust_env=False) as http:
        began = perf_counter()
        reply_of(http, contender, question.name, arguments)
        return min(SLOWEST, max(plan.seconds, 24 * (perf_counter() - began)))


def _looped(plan: Plan, question: Question) -> Measured:
    """The bare query in this process, one at a time, without HTTP."""
    settings = Settings()
    arguments = question.arguments(plan.layout.scale, districts(), question.timed)
    connection = opened(plan.layout.plain, settings.threads, settings.memory_limit)
    before = process_time()
    try:
        rate = loop(answering(connection), question.name, arguments, plan.seconds)
    finally:
        connection.close()
    done = max(1, round(rate * plan.seconds))
    cpu = (process_time() - before) * 1e3 / done
    return Measured(rate, 1e3 / rate, 1e3 / rate, done, 0, cpu)


def districts() -> list[str]:
    places = read_places(CITY / "places.csv")
    return sorted(place.code for place in places if place.level is PlaceLevel.DISTRICT)


def _say(text: str) -> None:
    print(text, flush=True)
