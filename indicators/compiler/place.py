"""Places of rows: rolled up to a level by the tree of each row's own time."""

from collections.abc import Callable, Sequence
from datetime import datetime, time
from functools import lru_cache
from itertools import pairwise

from sqlglot import exp

from catalog.ids import PlaceCode
from catalog.indicators.indicator import Hierarchy
from catalog.places import PlaceLevel, Places, padded
from indicators.compiler.nodes import PLACE, column, number, timestamp
from indicators.compiler.question import Era
from query.filter import in_ranges
from query.rollup import governing_place

Lived = tuple[int, datetime, datetime]
"""A padded code, and the first moment at which it is a place and the first at which it no longer is."""
NEVER, ALWAYS = datetime(1, 1, 1), datetime(9999, 1, 1)  # noqa: DTZ001 - city time


class PlacesInTime:
    """`bind` puts a value into the statement."""

    def __init__(self, eras: Sequence[Era], bind: Callable[[datetime], exp.Expr]) -> None:
        self._eras = sorted(eras, key=_begin)
        self._bind = bind

    def rolled_up(
        self, node: exp.Expr, ts: exp.Expr, level: PlaceLevel, hierarchy: Hierarchy
    ) -> exp.Expr:
        """The place of the level that a row counts for; null where it lies above the level. The whole
        city has every row, also those that say no place.
        """
        if level is PlaceLevel.CITY:
            return number(self.root_code())

        def of(places: Places) -> exp.Expr:
            tree = places if hierarchy is Hierarchy.GOVERNING else Places(())
            return governing_place(node.copy(), level, tree)

        return self._by_time(ts, of)

    def within(self, node: exp.Expr, ts: exp.Expr, codes: Sequence[PlaceCode]) -> exp.Expr:
        def of(places: Places) -> exp.Expr:
            return in_ranges(node.copy(), places.ranges([c for c in codes if c in places]))

        return self._by_time(ts, of)

    def listed(self, level: PlaceLevel, within: Sequence[PlaceCode]) -> list[Lived]:
        """Each place of the level, and from when until when it was one."""
        rows = [
            (padded(place.code), _begin(era), self._end(index))
            for index, era in enumerate(self._eras)
            for place in era.places
            if place.level is level and _inside(era.places, place.code, within)
        ]
        return _joined(rows)

    def assessed(self, level: PlaceLevel, areas: Sequence[PlaceCode]) -> frozenset[int]:
        """The places of the level that lie in one of the areas, or around one."""
        found: set[int] = set()
        for era in self._eras:
            known = [code for code in areas if code in era.places]
            around = {above.code for code in known for above in era.places.ancestors(code)}
            found |= {
                padded(place.code)
                for place in era.places
                if place.level is level
                and (place.code in around or (known and _inside(era.places, place.code, known)))
            }
        return frozenset(found)

    def everywhere(self, codes: Sequence[PlaceCode]) -> bool:
        """Whether the whole city is among the places."""
        return any(
            era.places.get(code).level is PlaceLevel.CITY
            for era in self._eras
            for code in codes
            if code in era.places
        )

    def changed(self, level: PlaceLevel) -> list[tuple[datetime, tuple[int, ...]]]:
        """When another tree began, and the places of the level that begin, end or become others by it."""
        return [
            (_begin(after), tuple(sorted(changed_between(before.places, after.places, level))))
            for before, after in pairwise(self._eras)
        ]

    @property
    def latest(self) -> Places:
        return self._eras[-1].places

    def root_code(self) -> int:
        """The whole city's."""
        roots = (place.code for place in self.latest if place.parent is None)
        return padded(next(roots, PlaceCode("0")))

    def _by_time(self, ts: exp.Expr, of: Callable[[Places], exp.Expr]) -> exp.Expr:
        *before, last = self._eras
        if not before:
            return of(last.places)
        ifs = [
            exp.If(
                this=exp.LT(this=ts.copy(), expression=self._bind(self._end(i))),
                true=of(era.places),
            )
            for i, era in enumerate(before)
        ]
        return exp.Case(ifs=ifs, default=of(last.places))

    def _end(self, index: int) -> datetime:
        return _begin(self._eras[index + 1]) if index + 1 < len(self._eras) else ALWAYS


def _begin(era: Era) -> datetime:
    return NEVER if era.since is None else datetime.combine(era.since, time())


def _inside(places: Places, code: PlaceCode, within: Sequence[PlaceCode]) -> bool:
    if not within:
        return True
    above = {code, *(place.code for place in places.ancestors(code))}
    return bool(above & set(within))


@lru_cache(maxsize=64)
def changed_between(before: Places, after: Places, level: PlaceLevel) -> frozenset[int]:
    """The padded codes of the places of a level that do not hold the same places before and after."""
    then, now = _governors(before, level), _governors(after, level)
    pairs = ((then.get(code), now.get(code)) for code in then.keys() | now.keys())
    return frozenset(
        padded(code) for a, b in pairs if a != b for code in (a, b) if code is not None
    )


def _governors(places: Places, level: PlaceLevel) -> dict[PlaceCode, PlaceCode]:
    """Of each place at the level or below it, the one of the level that governs it."""
    return {
        place.code: above.code
        for place in places
        for above in (place, *places.ancestors(place.code))
        if above.level is level
    }


def _joined(rows: Sequence[Lived]) -> list[Lived]:
    """A place that goes on in the next era is one."""
    found: dict[int, list[Lived]] = {}
    for code, begin, end in rows:
        lived = found.setdefault(code, [])
        if lived and lived[-1][2] == begin:
            lived[-1] = (code, lived[-1][1], end)
        else:
            lived.append((code, begin, end))
    return [each for lived in found.values() for each in lived]


def listed_rows(places: Sequence[Lived]) -> exp.Select:
    """Rows of place, since and until; only of place where all were there all the time."""
    lasting = all((begin, end) == (NEVER, ALWAYS) for _, begin, end in places)
    names = [PLACE] if lasting else [PLACE, "since", "until"]
    tuples = []
    for code, begin, end in places:
        shown = (
            [] if lasting else [exp.Literal.string(at.isoformat(sep=" ")) for at in (begin, end)]
        )
        tuples.append(exp.Tuple(expressions=[number(code), *map(timestamp, shown)]))
    alias = exp.TableAlias(
        this=exp.to_identifier("listed", quoted=True),
        columns=[exp.to_identifier(name, quoted=True) for name in names],
    )
    listed = exp.Values(expressions=tuples, alias=alias)
    return exp.select(*(column(name) for name in names)).from_(listed)
