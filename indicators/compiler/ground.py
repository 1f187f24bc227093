"""What all parts of one statement share: the question at one level of places, its periods, its values.

Common table expressions are kept in the order in which they are made; each reads only earlier ones.
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlglot import exp

from catalog.contracts import Kind
from catalog.ids import PlaceCode
from catalog.indicators.calculation import Rows
from catalog.indicators.indicator import Indicator
from catalog.indicators.joins import Contracts
from catalog.indicators.period import Grain, Window
from catalog.places import PlaceLevel
from indicators.compiler.calendar import ahead, instant, start_of
from indicators.compiler.leaf import Leaf
from indicators.compiler.nodes import (
    INTERVALS,
    PLACE,
    TS,
    ago,
    all_of,
    column,
    named,
    number,
    one_of,
    table,
    timestamp,
    truncated,
)
from indicators.compiler.place import PlacesInTime
from indicators.compiler.source import Relations, Source
from query.filter import Parameters


@dataclass(slots=True)
class Ground:
    grain: Grain
    level: PlaceLevel
    first: datetime
    """The first period that values stand for; earlier than what is told where bands or fills reach back."""
    lowest: datetime
    """The first period that measures are worked out for; earlier than that where offsets reach back."""
    last: datetime
    """The start of the last period, which may still be open."""
    as_of: datetime
    within: tuple[PlaceCode, ...]
    dimensions: tuple[str, ...]
    places: PlacesInTime
    contracts: Contracts
    relations: Relations
    parameters: Parameters
    tables: dict[str, exp.Query] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """What tells values apart, beside the period."""
        return (PLACE, *(f"d{i}" for i, _ in enumerate(self.dimensions)))

    @property
    def end(self) -> datetime:
        return ahead(self.last, self.grain)

    def at(self, moment: datetime) -> exp.Expr:
        """A moment of the city's clocks."""
        return timestamp(self.parameters.bind(moment))

    def source(self, rows: Rows) -> Source:
        return Source(rows, self.contracts, self.relations, self.parameters)

    def put(self, name: str, tree: exp.Query) -> str:
        self.tables.setdefault(name, tree)
        return name

    def key_columns(self, owner: str | None = None) -> list[exp.Expr]:
        return [named(column(key, owner), key) for key in self.keys]

    def periods(self) -> str:
        """The table of the periods asked for: `ts`."""
        if "periods" not in self.tables:
            self.put("periods", self.series(self.first, self.last, self.grain))
        return "periods"

    def measured_periods(self) -> str:
        """As `periods`, with those that only offsets ask for."""
        if self.lowest == self.first:
            return self.periods()
        if "measured_periods" not in self.tables:
            self.put("measured_periods", self.series(self.lowest, self.last, self.grain))
        return "measured_periods"

    def steps(self, step: Grain, first: datetime) -> str:
        """The table of all shorter periods that have begun: `ts`."""
        name = f"steps_{step}_{first:%Y%m%d%H%M}"
        if name not in self.tables:
            last = start_of(min(self.as_of, _just_before(self.end)), step)
            self.put(name, self.series(first, last, step))
        return name

    def points(self, step: Grain) -> str:
        """Of each period asked for (`ts`) the last shorter one that has begun (`at`)."""
        name = f"points_{step}"
        if name not in self.tables:
            steps = self.steps(step, self.lowest)
            period = truncated(column(TS), self.grain)
            latest = exp.Max(this=column(TS))
            tree = exp.select(named(period, TS), named(latest, "at")).from_(table(steps))
            self.put(name, tree.group_by(number(1)))
        return name

    def series(self, first: datetime, last: datetime, grain: Grain) -> exp.Select:
        count, unit = INTERVALS[grain]
        step = exp.Interval(this=exp.Literal.string(str(count)), unit=exp.var(unit))
        made = exp.GenerateSeries(start=self.at(first), end=self.at(last), step=step)
        alias = exp.TableAlias(
            this=exp.to_identifier("series", quoted=True),
            columns=[exp.to_identifier(TS, quoted=True)],
        )
        return exp.select(column(TS)).from_(exp.Unnest(expressions=[made], alias=alias))

    def shifted(self, ts: exp.Expr, leaf: Leaf) -> exp.Expr:
        for shift in leaf.shifts:
            ts = ago(ts, shift) if isinstance(shift, Window) else truncated(ts, shift)
        return ts

    def in_time(self, source: Source, lower: datetime | None) -> exp.Expr:
        """The rows from `lower` (None: ever) until the last period's end or `as_of`."""
        node, kind = source.column(source.rows.time)
        terms: list[exp.Expr] = []
        day = kind.kind is Kind.DATE

        def bound(at: datetime) -> exp.Expr:
            return self.parameters.bind(at.date() if day else instant(at))

        if lower is not None:
            terms.append(exp.GTE(this=node.copy(), expression=bound(lower)))
        if self.as_of < self.end:
            terms.append(exp.LTE(this=node.copy(), expression=bound(self.as_of)))
        else:
            terms.append(exp.LT(this=node.copy(), expression=bound(self.end)))
        return exp.and_(*terms)

    def period_of(self, source: Source, grain: Grain) -> exp.Expr:
        _, kind = source.column(source.rows.time)
        node = source.city_time(source.rows.time)
        return node if kind.kind is Kind.DATE and grain is Grain.DAY else truncated(node, grain)

    def place_of(self, source: Source, leaf: Leaf) -> exp.Expr:
        node = source.place()
        if node is None:
            return number(self.places.root_code())
        ts = source.city_time(source.rows.time)
        return self.places.rolled_up(node, ts, self.level, leaf.hierarchy)

    def where(self, source: Source, leaf: Leaf, lower: datetime | None) -> exp.Expr:
        """In time, in the leaf's areas and the question's places; the measure's own filter apart."""
        inside = self.inside(source, leaf)
        in_time = self.in_time(source, lower)
        return in_time if inside is None else exp.and_(in_time, inside)

    def inside(self, source: Source, leaf: Leaf) -> exp.Expr | None:
        """In the leaf's areas and the question's places; None: wherever. The city has every row."""
        node = source.place()
        if node is None:
            return None
        ts = source.city_time(source.rows.time)
        return all_of(
            *(
                self.places.within(node, ts, codes)
                for codes in (self.within, *sorted(leaf.areas))
                if codes and not self.places.everywhere(codes)
            )
        )

    def assessed(self, indicator: Indicator) -> exp.Expr | None:
        """Whether a row's place lies in the indicator's areas; None: it has none."""
        areas = indicator.places.areas
        if not areas:
            return None
        return one_of(column(PLACE), sorted(self.places.assessed(self.level, areas)))

    def keyed(self, source: Source, leaf: Leaf) -> list[exp.Expr]:
        """The key columns of a measure's rows."""
        nodes = [self.place_of(source, leaf), *(source.column(d)[0] for d in self.dimensions)]
        return [named(node, key) for node, key in zip(nodes, self.keys, strict=True)]


def _just_before(moment: datetime) -> datetime:
    return moment - datetime.resolution
