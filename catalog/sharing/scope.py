"""What a request's scope must state, and when one scope lies within another.

Every part names its columns (the key among them), its places, and perhaps a row filter over columns
that may be seen. Core columns can be in none. What lies within is decided on the governing tree's
ranges, not on the spelling of codes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from catalog.catalogue import Catalogue
from catalog.contracts import Classification, Contract, Kind
from catalog.ids import PlaceCode
from catalog.places import Places, Range, merged
from catalog.predicate import And, Compare, Not, Op, Or, Predicate, Within, columns_of
from catalog.sharing.grant import GrantedColumn, Part, Visibility
from catalog.sharing.request import LONGEST_PURPOSE, Terms

SMALLEST_IMPORTANT_GROUP = 5
"""No aggregate over important columns tells of fewer rows, unless the provider's decision says so."""
LARGEST_MINIMUM = 1_000
MANY = {Op.IN, Op.NOT_IN, Op.BETWEEN}
BOUNDS = 2


NARROWER = {
    Visibility.CLEAR: {Visibility.MASKED, Visibility.AGGREGATE},
    Visibility.MASKED: set[Visibility](),
    Visibility.AGGREGATE: set[Visibility](),
}
"""What shows less: a mask tells of single rows, an aggregate of true values, so neither holds the other."""


@dataclass(frozen=True, slots=True)
class Shortcoming:
    """One thing that a request lacks, in both languages."""

    zh: str
    en: str


def with_key(parts: Sequence[Part], contract: Contract) -> tuple[Part, ...]:
    """Each part with the key columns it lacks, as a keyed hash where they are important."""
    return tuple(replace(part, columns=part.columns + _lacking(part, contract)) for part in parts)


def shortcomings(terms: Terms, catalogue: Catalogue, at: datetime) -> Iterator[Shortcoming]:
    """Everything that is missing or impossible, so that it can be told at once."""
    for value, zh, en in (
        (terms.purpose, "用途名称", "the purpose"),
        (terms.basis, "使用依据", "the basis of use"),
        (terms.scenario, "使用场景", "the scenario of use"),
        (terms.mode, "共享方式", "the sharing mode"),
        (terms.parts, "使用范围（列、区域、行）", "the scope (columns, places, rows)"),
    ):
        if not (value.strip() if isinstance(value, str) else value):
            yield Shortcoming(zh, en)
    if len(terms.purpose) > LONGEST_PURPOSE or not terms.purpose.isprintable():
        yield Shortcoming(
            f"不超过 {LONGEST_PURPOSE} 个字符、写在一行内的用途名称",
            f"a purpose of at most {LONGEST_PURPOSE} characters on one line",
        )
    if terms.expires is None:
        yield Shortcoming("使用时限（截止时间）", "the period of use (when it ends)")
    elif terms.expires <= max(at, terms.not_before or at):
        yield Shortcoming(
            "晚于现在和起始时间的截止时间", "an end after now and after its beginning"
        )
    contract = catalogue.contracts[terms.data_set]
    for number, part in enumerate(terms.parts, start=1):
        yield from _of_part(number, part, contract, catalogue.places)
    if not terms.quota.sound():
        yield Shortcoming("大于零的每日配额", "daily quotas above zero")
    if not 1 <= terms.minimum_group <= LARGEST_MINIMUM:
        yield Shortcoming(
            f"1 至 {LARGEST_MINIMUM} 的最小分组", f"a minimum group from 1 to {LARGEST_MINIMUM}"
        )
    if not _disjoint(terms.parts, catalogue.places):
        yield Shortcoming("各部分的区域互不重叠", "parts whose places do not overlap")


def within(part: Part, asked: Sequence[Part], places: Places) -> bool:
    """Whether everything that `part` shows was asked for by the parts in `asked` together."""
    able = [a for a in asked if _columns_within(part, a) and _filter_within(part, a)]
    if part.places is None:
        return any(a.places is None for a in able)
    if any(a.places is None for a in able):
        return True
    allowed = merged([r for a in able for r in places.ranges(a.places or ())])
    return all(_contains(allowed, r) for r in places.ranges(part.places))


def servable(parts: Sequence[Part], contract: Contract, places: Places) -> bool:
    """Whether the parts can stand beside each other, show their key, and their row filters hold what
    may be seen.
    """
    filters = [part.row_filter for part in parts if part.row_filter is not None]
    shown = all(_hidden_key(part, contract) is None for part in parts)
    return shown and _disjoint(parts, places) and all(_sound(f, contract, places) for f in filters)


def important_columns(parts: Sequence[Part], contract: Contract) -> frozenset[str]:
    """Those shown, and those a row filter asks about: which rows pass tells of their values."""
    important = {c.name for c in contract.columns if c.classification is Classification.IMPORTANT}
    told = {c.name for part in parts for c in part.columns}
    told |= {n for part in parts if part.row_filter for n in columns_of(part.row_filter)}
    return frozenset(told & important)


def masked_by_default(parts: Sequence[Part], contract: Contract) -> tuple[Part, ...]:
    """The parts as a provider grants them who says nothing of important columns."""
    important = important_columns(parts, contract)
    return tuple(
        replace(
            part,
            columns=tuple(
                GrantedColumn(c.name, Visibility.MASKED)
                if c.name in important and c.visibility is Visibility.CLEAR
                else c
                for c in part.columns
            ),
        )
        for part in parts
    )


def default_minimum(parts: Sequence[Part], contract: Contract, asked: int) -> int:
    """The smallest group of a grant whose provider says nothing of it."""
    important = important_columns(parts, contract)
    return max(asked, SMALLEST_IMPORTANT_GROUP) if important else asked


def known_places(parts: Sequence[Part], places: Places) -> bool:
    return all(code in places for part in parts for code in part.places or ())


def _lacking(part: Part, contract: Contract) -> tuple[GrantedColumn, ...]:
    return tuple(
        GrantedColumn(
            name,
            Visibility.CLEAR
            if contract.column(name).classification is Classification.GENERAL
            else Visibility.MASKED,
        )
        for name in contract.key
        if part.visibility(name) is None
    )


def _of_part(number: int, part: Part, contract: Contract, places: Places) -> Iterator[Shortcoming]:
    names = [column.name for column in part.columns]
    for name in sorted({n for n in names if not _servable(contract, n)}):
        yield Shortcoming(
            f"第 {number} 部分去掉不可共享的列 {name}",
            f"part {number} without the column {name}, which is not shared",
        )
    hidden = _hidden_key(part, contract)
    if hidden is not None:
        yield Shortcoming(
            f"第 {number} 部分的主键列 {hidden} 为明文或脱敏，不能仅供统计",
            f"part {number} with the key column {hidden} clear or masked, not for aggregates only",
        )
    if len(names) != len(set(names)):
        yield Shortcoming(f"第 {number} 部分每列只写一次", f"part {number} with each column once")
    if not set(names) - set(contract.key):
        yield Shortcoming(
            f"第 {number} 部分所需的列", f"the columns of part {number} beside the key"
        )
    yield from _of_places(number, part, contract, places)
    if part.row_filter is not None and not _sound(part.row_filter, contract, places):
        yield Shortcoming(
            f"第 {number} 部分的行条件只用可共享的列和有效的值",
            f"a row filter of part {number} over shared columns with fitting values",
        )


def _of_places(
    number: int, part: Part, contract: Contract, places: Places
) -> Iterator[Shortcoming]:
    if contract.place_column is None:
        if part.places is not None:
            yield Shortcoming(
                f"第 {number} 部分不写区域（该数据集不分区域，只能整体申请）",
                f"part {number} without places: the data set has none and is asked for whole",
            )
        return
    if not part.places:
        yield Shortcoming(f"第 {number} 部分的区域", f"the places of part {number}")
    for code in part.places or ():
        if code not in places:
            yield Shortcoming(
                f"第 {number} 部分用有效的区域编码代替 {code}",
                f"part {number} with a known place instead of {code}",
            )


def _disjoint(parts: Sequence[Part], places: Places) -> bool:
    if not known_places(parts, places):
        return True  # told already
    if any(part.places is None for part in parts):
        return len(parts) == 1
    ranges = sorted(r for part in parts for r in places.ranges(part.places or ()))
    return all(low[1] < high[0] for low, high in pairwise(ranges))


def _hidden_key(part: Part, contract: Contract) -> str | None:
    """A key column that rows could not show."""
    return next((n for n in contract.key if part.visibility(n) is Visibility.AGGREGATE), None)


def _servable(contract: Contract, name: str) -> bool:
    return (
        contract.has_column(name)
        and contract.column(name).classification is not Classification.CORE
    )


def _sound(predicate: Predicate, contract: Contract, places: Places) -> bool:
    if contract.interface is not None:
        return False  # a live service is asked by its arguments alone
    if not all(_servable(contract, name) for name in columns_of(predicate)):
        return False
    match predicate:
        case Compare(_, op, operand):
            if op in MANY:
                return isinstance(operand, tuple) and (
                    op is not Op.BETWEEN or len(operand) == BOUNDS
                )
            return not isinstance(operand, tuple)
        case Within(column, codes):
            place = contract.column(column).type.kind is Kind.PLACE
            return place and all(code in places for code in codes)
        case And(terms) | Or(terms):
            return bool(terms) and all(_sound(term, contract, places) for term in terms)
        case Not(term):
            return _sound(term, contract, places)


def _columns_within(part: Part, asked: Part) -> bool:
    for column in part.columns:
        wanted = asked.visibility(column.name)
        if wanted is None or column.visibility not in {wanted} | NARROWER[wanted]:
            return False
    return True


def _filter_within(part: Part, asked: Part) -> bool:
    """A filter that was asked for must stay, alone or as one term of a conjunction."""
    if asked.row_filter is None or part.row_filter == asked.row_filter:
        return True
    return isinstance(part.row_filter, And) and asked.row_filter in part.row_filter.terms


def _contains(allowed: Sequence[Range], wanted: Range) -> bool:
    return any(low <= wanted[0] and wanted[1] <= high for low, high in allowed)


def all_places(places: Places) -> tuple[PlaceCode, ...]:
    """The roots of the governing tree: everywhere."""
    return tuple(place.code for place in places if place.parent is None)
