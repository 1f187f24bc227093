"""What a shared data set promises: its columns, key, relations, rules and terms of sharing.

A `Contract` is a value; `catalog/odcs.py` reads and writes it as an ODCS 3.1 file. Names are ASCII
snake_case (`river_station`, `observed_at`) and become camelCase in GraphQL.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from catalog.ids import DatasetCode, DomainCode, OrganisationCode, RuleId
from catalog.mirror import Mirror

if TYPE_CHECKING:
    from catalog.interfaces.interface import Interface


class Level(StrEnum):
    """The level of government that provides a data set."""

    NATIONAL = "national"
    MUNICIPAL = "municipal"
    DISTRICT = "district"
    TOWNSHIP = "township"


class Kind(StrEnum):
    """The kinds of value a column holds. PLACE is a padded place code, see `catalog/places.py`."""

    STRING = "string"
    INTEGER = "integer"  # 32 bits
    BIGINT = "bigint"
    DECIMAL = "decimal"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"  # an instant
    PLACE = "place"


class Datum(StrEnum):
    """Vertical datums. 吴淞 stands above 56 黄海 by an offset that differs from station to station."""

    WUSONG = "吴淞"
    HUANGHAI = "黄海"
    CNHD_1985 = "85高程"


class ReferenceSystem(StrEnum):
    """What coordinates are in. WGS84 and CGCS2000 agree to a metre; GCJ-02 lies hundreds of metres off
    and is never converted in silence.
    """

    WGS84 = "WGS84"
    CGCS2000 = "CGCS2000"
    GCJ_02 = "GCJ-02"


class Classification(StrEnum):
    """CORE is never served, IMPORTANT is masked unless granted clear, GENERAL is plain."""

    CORE = "core"
    IMPORTANT = "important"
    GENERAL = "general"


class SharingKind(StrEnum):
    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"
    WITHHELD = "withheld"


class PublishMode(StrEnum):
    """APPEND adds new keys; UPSERT replaces known keys; SNAPSHOT replaces the whole, by difference."""

    APPEND = "append"
    UPSERT = "upsert"
    SNAPSHOT = "snapshot"


class Severity(StrEnum):
    """What a failing rule does: reject the batch, set the rows apart, or only tell."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Dimension(StrEnum):
    """The seven quality dimensions of ODCS."""

    ACCURACY = "accuracy"
    COMPLETENESS = "completeness"
    CONFORMITY = "conformity"
    CONSISTENCY = "consistency"
    COVERAGE = "coverage"
    TIMELINESS = "timeliness"
    UNIQUENESS = "uniqueness"


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A kind; `precision` and `scale` only for decimals (at most 38 digits)."""

    kind: Kind
    precision: int = 0
    scale: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """`header` is the source's own name for it (水位); `label` the Chinese one people read.

    A level, elevation or height says its vertical datum: fixed (`datum`), or by the row
    (`datum_column` names the column that holds it).
    """

    name: str
    type: ColumnType
    label: str
    header: str
    description: str = ""
    unit: str | None = None
    datum: Datum | None = None
    datum_column: str | None = None
    classification: Classification = Classification.GENERAL
    required: bool = False
    not_reported: tuple[str, ...] = ()
    """Values by which the source says "no value" (a flow of "0"); they land as null."""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Own columns that name a row of another data set.

    `name` is the nested field on this side (to one), `inverse` the one on the other side (to many).
    """

    name: str
    target: DatasetCode
    columns: tuple[str, ...]
    target_columns: tuple[str, ...]
    inverse: str | None = None


LOCATION = "location"
"""What the API calls the point of a row; a contract with coordinates has no other field of this name."""


@dataclass(frozen=True, slots=True)
class Coordinates:
    """The columns that say where a row lies, in degrees."""

    longitude: str
    latitude: str
    system: ReferenceSystem


@dataclass(frozen=True, slots=True)
class RuleDeclaration:
    """A quality rule as the contract states it; `quality/rule.py` gives it its meaning.

    `expectation` is the Great Expectations type; `column` is None for rules of the whole table.
    `tolerance` is the share of rows (0 to 1) that may fail before the rule itself fails.
    """

    id: RuleId
    expectation: str
    column: str | None
    arguments: Mapping[str, object]
    dimension: Dimension
    severity: Severity
    tolerance: float = 0.0
    description: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Sharing:
    """The fields of the catalogue entry that State Council Decree 809 art. 13 makes mandatory."""

    kind: SharingKind
    mode: str
    format: str
    update_frequency: str
    conditions_of_use: str
    classification: Classification


@dataclass(frozen=True, slots=True)
class Contract:
    """One version of a data set's promise. `place_column` None: it can only be granted whole."""

    data_set: DatasetCode
    version: str
    title: str
    title_en: str
    description: str
    domain: DomainCode
    provider: OrganisationCode
    level: Level
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    rules: tuple[RuleDeclaration, ...]
    place_column: str | None
    publish_mode: PublishMode
    max_age: timedelta | None
    sharing: Sharing
    digest: str
    """SHA-256 of the file's text."""
    interface: "Interface | None" = None
    """服务接口: nothing is kept of it, every read asks its provider. None: a data set."""
    coordinates: Coordinates | None = None
    mirror: Mirror | None = None
    """What of it stands in the row mirror, too."""

    @property
    def major(self) -> int:
        return int(self.version.split(".", 1)[0])

    def column(self, name: str) -> Column:
        """KeyError when the contract has no such column."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def has_column(self, name: str) -> bool:
        return any(column.name == name for column in self.columns)


def camel(name: str) -> str:
    """`observed_at` -> `observedAt`: the GraphQL name of a column, relation or data set."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def pascal(name: str) -> str:
    """`river_station` -> `RiverStation`: the GraphQL name of a data set's type."""
    return "".join(part.capitalize() for part in name.split("_"))
