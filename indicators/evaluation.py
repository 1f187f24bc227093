"""The evaluation of `alert.py` as one statement, for the newest observation of every series at once.

Relations in: observations (`indicator`, `place` padded, `observed_at`, `value`; null where the period has
none), rules (a row per indicator and variant, a group of columns per rank), scopes (where and when an
override's variant applies) and states (a group of columns per rank). Out: the new state of every series
whose observation is newer than its state, with what changed. Instants are microseconds; a phase, a
change and a policy is its number in its enumeration. What the pure function says, this says.
"""

from collections.abc import Set as AbstractSet
from functools import reduce

from sqlglot import exp

from catalog.indicators.threshold import NoData
from indicators.alert import LIVE, MET, TRANSITIONS, Change, Phase, Signal
from indicators.node import case, col, either, every, number, one_of, table
from indicators.severity import RANKS

PHASES, CHANGES, POLICIES = tuple(Phase), tuple(Change), tuple(NoData)
SERIES = ("indicator", "place")
RULE = ("no_data", "no_data_rank", "no_data_periods")
RUNG = ("enter_below", "enter_above", "exit_below", "exit_above", "for_periods", "keep_periods")
"""A rank's columns in a rule, the rank behind: `for_periods_4`. All are null where it lacks the rank."""
LEVEL = ("phase", "since", "periods")
"""A rank's columns in a state, likewise."""
RISING = range(1, RANKS + 1)
GRAVEST_FIRST = tuple(reversed(RISING))
INACTIVE = number(PHASES.index(Phase.INACTIVE))
DAY = 24 * 3600
SECOND = number(1_000_000)
LAST_MOMENT = number(8 * 3_600_000_000 - 1)
"""What the city's time is ahead of UTC, as since 1992, less the microsecond by which a period's last moment
comes before its end.
"""


def evaluation(observations: str, rules: str, scopes: str, states: str) -> exp.Select:
    """The statement over these four tables."""
    layers = {
        "chosen": _chosen(observations, scopes),
        "judged": _judged(observations, rules, states),
        "met": _extended("judged", {_at("met", r): _met(r) for r in RISING}),
        "counted": _extended("met", {_at("next_periods", r): _periods(r) for r in RISING}),
    }
    last = "counted"
    for rank in GRAVEST_FIRST:
        layer = _at("rung", rank)
        layers[layer] = _extended(last, {_at("next_phase", rank): _phase(rank)})
        last = layer
    layers["summed"] = _extended(last, _summary())
    return reduce(
        lambda whole, layer: whole.with_(layer[0], as_=layer[1], copy=False),
        layers.items(),
        _result("summed"),
    )


def _at(name: str, rank: int) -> str:
    return f"{name}_{rank}"


def _extended(source: str, columns: dict[str, exp.Expr]) -> exp.Select:
    new = [node.as_(name) for name, node in columns.items()]
    return exp.select(exp.Star(), *new).from_(table(source))


def _chosen(observations: str, scopes: str) -> exp.Select:
    """The first override that fits, of the series that have one; variants count from 1."""
    instant = exp.func("epoch_us", col("observed_at")) + LAST_MOMENT
    local = exp.func("make_timestamp", instant)
    day = exp.func("month", local) * number(100) + exp.func("day", local)
    second = exp.IntDiv(this=exp.paren(instant), expression=SECOND) % number(DAY)
    timed = exp.select(*map(col, SERIES), day.as_("day"), second.as_("second"))
    fits = every(
        col("indicator", "s").eq(col("indicator", "o")),
        col("place", "o").between(col("low", "s"), col("high", "s")),
        _round(col("day", "o"), "first_day", "last_day"),
        _round(col("second", "o"), "first_second", "last_second"),
    )
    return (
        exp.select(
            *(col(name, "o") for name in SERIES),
            exp.func("min", col("variant", "s")).as_("variant"),
        )
        .from_(timed.from_(table(observations)).subquery("o"))
        .join(table(scopes, "s"), on=fits)
        .group_by(*(col(name, "o") for name in SERIES))
    )


def _round(node: exp.Expr, first: str, last: str) -> exp.Expr:
    """Within two ends, both included, over the turn where the last comes first."""
    after, before = node >= col(first, "s"), node <= col(last, "s")
    turns = col(first, "s") > col(last, "s")
    return case(((turns, either(after, before)),), every(after, before))


def _judged(observations: str, rules: str, states: str) -> exp.Select:
    """Each newer observation beside its rule and its state."""
    value = case(((exp.func("isfinite", col("value", "o")), col("value", "o")),))
    at = exp.func("epoch_us", col("observed_at", "o"))
    old: list[exp.Expr] = [col("silent", "s")]
    for rank in RISING:
        phase = exp.Coalesce(this=col(_at("phase", rank), "s"), expressions=[INACTIVE])
        old += [phase.as_(_at("phase", rank))]
        old += [col(_at(name, rank), "s") for name in LEVEL[1:]]
    rule = [col(name, "r") for name in (*RULE, *(_at(n, r) for r in RISING for n in RUNG))]
    series = [col(name, "o") for name in SERIES]
    return (
        exp.select(*series, at.as_("observed_at"), value.as_("value"), *rule, *old)
        .from_(table(observations, "o"))
        .join(table("chosen", "c"), on=_same("c", "o"), join_type="left")
        .join(table(rules, "r"), on=_rule())
        .join(table(states, "s"), on=_same("s", "o"), join_type="left")
        .where(either(col("observed_at", "s").is_(exp.null()), at > col("observed_at", "s")))
    )


def _same(left: str, right: str) -> exp.Expr:
    return every(*(col(name, left).eq(col(name, right)) for name in SERIES))


def _rule() -> exp.Expr:
    variant = exp.Coalesce(this=col("variant", "c"), expressions=[number(0)])
    return every(col("indicator", "r").eq(col("indicator", "o")), col("variant", "r").eq(variant))


def _beyond(limit: str, rank: int) -> exp.Expr:
    above, below = col(_at(f"{limit}_above", rank)), col(_at(f"{limit}_below", rank))
    return either(_known(col("value") > above), _known(col("value") < below))


def _known(node: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=node, expressions=[exp.false()])


def _in(phases: AbstractSet[Phase], column: str) -> exp.Expr:
    return one_of(col(column), sorted(PHASES.index(phase) for phase in phases))


def _silent() -> exp.Expr:
    """Periods without data in a row, this one among them."""
    before = exp.Coalesce(this=col("silent"), expressions=[number(0)])
    return case(((col("value").is_(exp.null()), before + number(1)),), number(0))


def _met(rank: int) -> exp.Expr:
    """Whether the condition of a rank holds; null where the rule has no such rank."""
    phase, action = _at("phase", rank), col("no_data")
    acts = _silent() >= col("no_data_periods")
    clears = every(acts, action.eq(number(POLICIES.index(NoData.CLEAR))))
    raises = every(
        acts,
        action.eq(number(POLICIES.index(NoData.RAISE))),
        col("no_data_rank") >= number(rank),
    )
    in_silence = case(((clears, exp.false()),), either(raises, _in(MET, phase)))
    return case(
        (
            (col(_at("for_periods", rank)).is_(exp.null()), exp.null()),
            (col("value").is_(exp.null()), in_silence),
            (_in({Phase.FIRING}, phase), _beyond("exit", rank)),
        ),
        _beyond("enter", rank),
    )


def _periods(rank: int) -> exp.Expr:
    """How many in a row met the condition, or did not, with this one."""
    met, phase = col(_at("met", rank)), _at("phase", rank)
    more = col(_at("periods", rank)) + number(1)
    return case(
        (
            (every(met, _in({Phase.PENDING}, phase)), more),
            (met, number(1)),
            (_in({Phase.KEPT}, phase), more),
        ),
        number(0),
    )


def _phase(rank: int) -> exp.Expr:
    """The next phase, by the table of transitions; the rungs above have theirs."""
    met = col(_at("met", rank))
    fires, lasts = _graver({Phase.FIRING}, rank), _graver(LIVE, rank)
    periods = col(_at("next_periods", rank))
    held = either(periods >= col(_at("for_periods", rank)), fires)
    keeps = either(periods < col(_at("keep_periods", rank)), lasts)
    return case(
        (
            (met.is_(exp.null()), INACTIVE),
            (every(met, held), _target(Signal.HELD, rank)),
            (met, _target(Signal.REACHED, rank)),
            (keeps, _target(Signal.EASED, rank)),
        ),
        _target(Signal.OVER, rank),
    )


def _graver(phases: AbstractSet[Phase], rank: int) -> exp.Expr:
    """Whether the next graver rung that the rule has is in one of the phases."""
    branches = [
        (col(_at("met", above)).is_(exp.null()).not_(), _in(phases, _at("next_phase", above)))
        for above in range(rank + 1, RANKS + 1)
    ]
    return case(tuple(branches), exp.false()) if branches else exp.false()


def _target(signal: Signal, rank: int) -> exp.Expr:
    sources: dict[Phase, list[Phase]] = {}
    for (source, said), target in TRANSITIONS.items():
        if said is signal:
            sources.setdefault(target, []).append(source)
    *some, (last, _) = sources.items()
    branches = [
        (_in(set(found), _at("phase", rank)), number(PHASES.index(target)))
        for target, found in some
    ]
    otherwise = number(PHASES.index(last))
    return case(tuple(branches), otherwise) if branches else otherwise


def _summary() -> dict[str, exp.Expr]:
    return {
        "rank_before": _rank("phase"),
        "rank_after": _rank("next_phase"),
        "phase_before": _whole("phase"),
        "phase_after": _whole("next_phase"),
    }


def _rank(column: str) -> exp.Expr:
    live = [(_in(LIVE, _at(column, r)), number(r)) for r in GRAVEST_FIRST]
    return case(tuple(live), number(0))


def _whole(column: str) -> exp.Expr:
    """The phase of the alert."""
    live = [(_in(LIVE, _at(column, r)), col(_at(column, r))) for r in GRAVEST_FIRST]
    others = [
        (either(*(_in({phase}, _at(column, r)) for r in RISING)), number(PHASES.index(phase)))
        for phase in (Phase.PENDING, Phase.RESOLVED)
    ]
    return case((*live, *others), INACTIVE)


def _result(source: str) -> exp.Select:
    columns: list[exp.Expr] = [col(name) for name in (*SERIES, "observed_at", "value")]
    columns.append(_silent().as_("silent"))
    for rank in RISING:
        phase = _at("next_phase", rank)
        going = _in(MET | LIVE, phase)
        counting = _in({Phase.PENDING, Phase.KEPT}, phase)
        began = exp.Coalesce(this=col(_at("since", rank)), expressions=[col("observed_at")])
        columns += [
            col(phase).as_(_at("phase", rank)),
            case(((going, began),)).as_(_at("since", rank)),
            case(((counting, col(_at("next_periods", rank))),), number(0)).as_(
                _at("periods", rank)
            ),
        ]
    columns += [col("rank_before"), col("rank_after"), col("phase_after").as_("phase")]
    columns.append(_change().as_("change"))
    return exp.select(*columns).from_(table(source))


def _change() -> exp.Expr:
    before, after = col("rank_before"), col("rank_after")
    was, now = col("phase_before"), col("phase_after")
    phase = {phase: number(index) for index, phase in enumerate(PHASES)}
    change = {change: number(index) for index, change in enumerate(CHANGES)}
    return case(
        (
            (every(before.eq(number(0)), after > number(0)), change[Change.FIRED]),
            (every(before > number(0), after.eq(number(0))), change[Change.RESOLVED]),
            (after > before, change[Change.RAISED]),
            (after < before, change[Change.LOWERED]),
            (was.eq(now), exp.null()),
            (now.eq(phase[Phase.PENDING]), change[Change.PENDED]),
            (now.eq(phase[Phase.KEPT]), change[Change.EASED]),
            (now.eq(phase[Phase.FIRING]), change[Change.RESUMED]),
            (was.eq(phase[Phase.PENDING]), change[Change.DROPPED]),
        ),
    )
