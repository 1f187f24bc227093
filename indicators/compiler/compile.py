"""Indicators x places x periods -> one checked statement.

For each level of places: every measure aggregated first, windows over a dense spine, offsets by the
calendar, all stacked with the spine, ratios last, and beside each value its status. Values are bound,
names are quoted, and what reads a table is a relation that was handed in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from catalog.catalogue import Catalogue
from catalog.errors import UnknownPlace
from catalog.ids import DatasetCode, IndicatorCode
from catalog.indicators.calculation import Reported, SemiAdditive
from catalog.indicators.errors import UnknownIndicator
from catalog.indicators.indicator import FillKind
from catalog.indicators.period import Grain, Window
from catalog.places import PlaceLevel
from indicators.compiler.admission import admit
from indicators.compiler.bounds import Bounds
from indicators.compiler.calendar import back, city_time, start_of
from indicators.compiler.dense import Series, dense, leaf_without_shifts
from indicators.compiler.errors import DimensionTaken
from indicators.compiler.facts import NamedLeaf, Pass, facts, pass_of
from indicators.compiler.frames import framed
from indicators.compiler.ground import Ground
from indicators.compiler.leaf import Leaf, Node, bands_of, leaves_of
from indicators.compiler.lineage import read_by
from indicators.compiler.lower import Definitions, lowered
from indicators.compiler.nodes import (
    PLACE,
    TS,
    column,
    interval,
    named,
    one_of,
    over,
    table,
    truncated,
)
from indicators.compiler.place import PlacesInTime
from indicators.compiler.question import Era, Question
from indicators.compiler.source import Relations
from indicators.compiler.status import statuses
from indicators.compiler.stock import reported, stock
from indicators.compiler.told import PHASE, Told, Values, denominator, numerator
from query.errors import UnlockedStatement
from query.filter import Parameters
from query.lock import FUNCTIONS, outside
from query.relation import ScopedRelation, whole_relation
from query.statement import LockedStatement

LEVEL, START, END = "level", "start", "end"


@dataclass(frozen=True, slots=True)
class CompiledIndicators:
    """Columns: level, place (padded code, null where rows say none), the dimensions as they were named,
    start, end, and of each indicator its code, `__numerator`, `__denominator`, `__status`, `__reason`.
    """

    statement: LockedStatement
    reads: Mapping[IndicatorCode, frozenset[tuple[DatasetCode, str]]]
    """Every column that a value depends on."""


def compile_indicators(
    question: Question,
    definitions: Definitions,
    catalogue: Catalogue,
    *,
    eras: Sequence[Era] = (),
    relations: Relations | None = None,
) -> CompiledIndicators:
    """`relations` are what may be read of each data set (None: all of it); `eras` the trees of places in
    time (none: the catalogue's for ever). Every error is the asker's.
    """
    taken: dict[DatasetCode, ScopedRelation] = {}

    def relation(data_set: DatasetCode) -> ScopedRelation:
        if data_set not in taken:
            taken[data_set] = (
                whole_relation(catalogue.contracts[data_set])
                if relations is None
                else relations(data_set)
            )
        return taken[data_set]

    return _Compilation(question, definitions, catalogue, eras, relation).compiled(taken)


class _Compilation:
    def __init__(
        self,
        question: Question,
        definitions: Definitions,
        catalogue: Catalogue,
        eras: Sequence[Era],
        relations: Relations,
    ) -> None:
        self._question = question
        self._contracts = catalogue.data_sets
        self._relations = relations
        self._parameters = Parameters("i")
        trees = eras or (Era(None, catalogue.places),)
        self._places = PlacesInTime(trees, self._parameters.bind)
        taken = {LEVEL, PLACE, START, END, *(code.lower() for code in question.indicators)}
        for dimension in question.dimensions:
            if dimension.lower() in taken:
                raise DimensionTaken(dimension=dimension)
            taken.add(dimension.lower())
        for place in question.within:
            if not any(place in era.places for era in trees):
                raise UnknownPlace(place=place)
        self._indicators = []
        for code in dict.fromkeys(question.indicators):
            if code not in definitions:
                raise UnknownIndicator(indicator=code)
            node = lowered(definitions[code], definitions)
            admit(definitions[code], node, question, definitions, self._contracts)
            self._indicators.append((definitions[code], node))

    def compiled(self, relations: Mapping[DatasetCode, ScopedRelation]) -> CompiledIndicators:
        levels = [self._of_level(level) for level in dict.fromkeys(self._question.levels)]
        tree: exp.Query = levels[0]
        if len(levels) > 1:
            boxed = [
                exp.select(exp.Star()).from_(
                    level.subquery(exp.to_identifier(f"l{i}", quoted=True))
                )
                for i, level in enumerate(levels)
            ]
            tree = exp.union(*boxed, distinct=False, copy=False)
        parameters = dict(self._parameters.values)
        for relation in relations.values():
            parameters |= relation.parameters
        _check(tree, relations)
        statement = LockedStatement(
            tree,
            {p: parameters[p] for p in dict.fromkeys(n.name for n in tree.find_all(exp.Parameter))},
            frozenset(relations),
            single=False,
        )
        reads = {
            indicator.code: frozenset(
                read
                for leaf in leaves_of(node)
                for read in read_by(leaf.measure, self._question.dimensions, self._contracts)
            )
            for indicator, node in self._indicators
        }
        return CompiledIndicators(statement, reads)

    def _of_level(self, level: PlaceLevel) -> exp.Select:
        leaves = list(
            dict.fromkeys(leaf for _, node in self._indicators for leaf in leaves_of(node))
        )
        names = {leaf: f"m{i}" for i, leaf in enumerate(leaves)}
        ground = self._ground(level, leaves)
        whole = dense(ground, leaves, names, self._series(ground, leaves))
        if any(True for _, node in self._indicators for _ in bands_of(node)):
            whole = _numbered(ground, whole)
        return self._told(ground, whole, names)

    def _ground(self, level: PlaceLevel, leaves: Sequence[Leaf]) -> Ground:
        question, grain = self._question, self._question.grain
        as_of = city_time(question.as_of)
        until = min(city_time(question.until) - datetime.resolution, as_of)
        since = start_of(city_time(question.since), grain)
        bands = [b.seasons * b.every for _, node in self._indicators for b in bands_of(node)]
        carried = [leaf.fill.periods for leaf in leaves]
        first = back(since, Window(1, grain), max(bands, default=0) + max(carried, default=0))
        return Ground(
            grain=grain,
            level=level,
            first=first,
            lowest=min(_earliest(leaf, first, grain) for leaf in leaves),
            last=start_of(until, grain),
            as_of=as_of,
            within=question.within,
            dimensions=question.dimensions,
            places=self._places,
            contracts=self._contracts,
            relations=self._relations,
            parameters=self._parameters,
        )

    def _series(self, ground: Ground, leaves: Sequence[Leaf]) -> Series:
        """Each measure with its window worked out once, however often it is shifted."""
        firsts: dict[Leaf, datetime] = {}
        for leaf in leaves:
            plain, first = leaf_without_shifts(leaf), _earliest(leaf, ground.first, ground.grain)
            firsts[plain] = min(first, firsts.get(plain, first))
        found: dict[Leaf, tuple[str, str]] = {}
        passes: dict[Pass, list[NamedLeaf]] = {}
        for index, (leaf, first) in enumerate(firsts.items()):
            name = f"v{index}"
            if leaf.frame is not None:
                found[leaf] = ground.put(f"{name}_told", framed(ground, name, leaf, first)), name
            elif isinstance(leaf.measure, SemiAdditive):
                found[leaf] = ground.put(f"{name}_told", stock(ground, name, leaf, first)), name
            elif isinstance(leaf.measure, Reported):
                found[leaf] = ground.put(f"{name}_told", reported(ground, name, leaf, first)), name
            else:
                passes.setdefault(pass_of(leaf), []).append((name, leaf))
        for index, together in enumerate(passes.values()):
            lower = min(firsts[leaf] for _, leaf in together)
            made = ground.put(f"facts{index}", facts(ground, together, ground.grain, lower))
            found |= {leaf: (made, name) for name, leaf in together}
        return found

    def _told(self, ground: Ground, whole: str, names: Mapping[Leaf, str]) -> exp.Select:
        bounds = Bounds(ground)
        told = [self._one(indicator.code, node, bounds) for indicator, node in self._indicators]
        values = Values(ground, names, lambda leaf: truncated(bounds.begin(leaf), ground.grain))
        carried = [
            column(f"{name}_carried")
            for leaf, name in names.items()
            if leaf.fill.kind is FillKind.CARRY
        ]
        outputs = [output for each in told for output in values.outputs(each)]
        worked = exp.select(*ground.key_columns(), column(TS), *outputs, *carried)
        ground.put("told", bounds.joined(worked.from_(table(whole))))
        end = exp.Add(this=column(TS), expression=interval(Window(1, ground.grain)))
        shown = [
            named(exp.Literal.string(ground.level.value), LEVEL),
            *(named(column(k), n) for k, n in zip(ground.keys, self._key_names(), strict=True)),
            named(column(TS), START),
            named(end, END),
        ]
        for each in told:
            code = each.indicator.code
            shown += [column(name) for name in (code, numerator(code), denominator(code))]
            shown += statuses(ground, each, names)
        since = ground.at(start_of(city_time(self._question.since), ground.grain))
        asked: list[exp.Expr] = [exp.GTE(this=column(TS), expression=since)]
        if ground.within:  # a place that is only partly within would be told in part
            listed = ground.places.listed(ground.level, ground.within)
            asked.append(one_of(column(PLACE), [code for code, _, _ in listed]))
        tree = bounds.joined(exp.select(*shown).from_(table("told"))).where(*asked)
        for name, part in ground.tables.items():
            tree = tree.with_(exp.to_identifier(name, quoted=True), as_=part, copy=False)
        return tree

    def _one(self, code: IndicatorCode, node: Node, bounds: Bounds) -> Told:
        indicator = next(i for i, _ in self._indicators if i.code == code)
        leaves = list(leaves_of(node))
        asked = [
            leaf
            for leaf in leaves
            if leaf.fill.kind is FillKind.ZERO or (leaf.frame is not None and not leaf.shifts)
        ]
        newest = leaves if indicator.freshness is not None else []
        return Told(
            indicator,
            node,
            tuple(dict.fromkeys(bounds.begin(leaf) for leaf in asked)),
            tuple(dict.fromkeys(bounds.newest(leaf) for leaf in newest)),
        )

    def _key_names(self) -> tuple[str, ...]:
        return (PLACE, *self._question.dimensions)


def _earliest(leaf: Leaf, first: datetime, grain: Grain) -> datetime:
    """The first period of a leaf that its shifts ask for."""
    at = first
    for shift in leaf.shifts:
        at = back(at, shift) if isinstance(shift, Window) else start_of(at, shift)
    return start_of(at, grain)


def _numbered(ground: Ground, whole: str) -> str:
    rank = over(exp.RowNumber(), [column(key) for key in ground.keys], [column(TS)])
    everything = exp.select(exp.Star(), named(rank, PHASE)).from_(table(whole))
    return ground.put("numbered", everything)


def _check(tree: exp.Expr, relations: Mapping[DatasetCode, ScopedRelation]) -> None:
    """The second lock: outside the relations only our own tables are read, by functions that are known."""
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    for node in outside(tree, [relation.tree for relation in relations.values()]):
        if isinstance(node, exp.Table) and (node.db or node.name not in own):
            raise UnlockedStatement(f"an indicator reads the table {node.name}")
        if isinstance(node, exp.Anonymous) and node.name.lower() not in FUNCTIONS:
            raise UnlockedStatement(f"an indicator calls the function {node.name}")
