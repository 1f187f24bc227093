"""A grant: what an approved share request lets one client read. It is written once and never changes.

Its state is the latest of its append-only events. Parts have disjoint places; a column that a part
does not list is null in that part's rows. A core column can be in no part, an important one is
masked unless the provider's decision said clear.
"""

from dataclasses import astuple, dataclass
from datetime import datetime
from enum import StrEnum

from catalog.ids import ClientId, DatasetCode, GrantId, OrganisationCode, PlaceCode, RequestId
from catalog.predicate import Predicate


class Visibility(StrEnum):
    """How a granted column is seen: as it is, through a keyed hash that keeps equality, or only in
    aggregates over groups that are large enough.
    """

    CLEAR = "clear"
    MASKED = "masked"
    AGGREGATE = "aggregate"


class GrantEvent(StrEnum):
    ACTIVATED = "activated"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"
    RESTORED = "restored"
    """The grant that was to replace it was revoked before it began: the announced end is off."""


@dataclass(frozen=True, slots=True)
class GrantedColumn:
    name: str
    visibility: Visibility = Visibility.CLEAR


@dataclass(frozen=True, slots=True)
class Part:
    """`places` None: the whole set, only where the contract declares no place column."""

    columns: tuple[GrantedColumn, ...]
    places: tuple[PlaceCode, ...] | None
    row_filter: Predicate | None = None

    def visibility(self, column: str) -> Visibility | None:
        """None when the part does not hold the column."""
        for granted in self.columns:
            if granted.name == column:
                return granted.visibility
        return None


@dataclass(frozen=True, slots=True)
class Quota:
    """What a day may bring, in city time; None sets no limit."""

    calls: int | None = None
    rows: int | None = None
    bytes: int | None = None

    def narrowed(self, other: "Quota") -> "Quota":
        """What `other` limits as it says, everything else as before."""
        return Quota(
            self.calls if other.calls is None else other.calls,
            self.rows if other.rows is None else other.rows,
            self.bytes if other.bytes is None else other.bytes,
        )

    def within(self, asked: "Quota") -> bool:
        """Whether it allows no more than `asked`."""
        return all(
            wanted is None or (limit is not None and limit <= wanted)
            for limit, wanted in zip(astuple(self), astuple(asked), strict=True)
        )

    def sound(self) -> bool:
        """A limit of nothing is no grant."""
        return all(limit is None or limit > 0 for limit in astuple(self))


NO_LIMIT = Quota()


@dataclass(frozen=True, slots=True)
class Grant:
    """The right of `client` (an application of `organisation`) to read one data set."""

    id: GrantId
    request: RequestId
    client: ClientId
    organisation: OrganisationCode
    data_set: DatasetCode
    contract_major: int
    purpose: str
    legal_basis: str
    parts: tuple[Part, ...]
    not_before: datetime
    expires: datetime
    derivation: bool
    """Whether the organisation's derived data sets may read through this grant."""
    quota: Quota = NO_LIMIT
    minimum_group: int = 1
    """No aggregate may tell of fewer rows than these."""

    def columns(self) -> frozenset[str]:
        return frozenset(column.name for part in self.parts for column in part.columns)

    def in_force(self, at: datetime) -> bool:
        """Within its period; whether it is suspended or revoked is told by its events."""
        return self.not_before <= at < self.expires
