"""ODCS 3.1 YAML -> Contract.

The standard's own JSON schema checks the file first; then our rules: ASCII names, a key, a known
provider level, a vertical datum on every height, no names that collide in GraphQL. What the
standard has no place for stands in its `customProperties`:

- of the contract: provider, level, titleEn, sharingKind, sharingMode, format, updateFrequency,
  conditionsOfUse, classification, publishMode, placeColumn (or `none`), maxAgeMinutes, coordinates
  (longitude and latitude: a decimal or double column each; system: WGS84, CGCS2000 or GCJ-02),
  mirror (see `catalog/mirror.py`)
- of a column: unit, datum, datumColumn, height (true: needs a datum), place (true: a place code),
  notReported (a list of values that mean "no value")
- of a relationship: name, inverse
- of a rule: tolerance
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from jsonschema import Draft201909Validator
from jsonschema.protocols import Validator

from catalog.contracts import (
    LOCATION,
    Classification,
    Column,
    ColumnType,
    Contract,
    Coordinates,
    Datum,
    Dimension,
    ForeignKey,
    Kind,
    Level,
    PublishMode,
    ReferenceSystem,
    RuleDeclaration,
    Severity,
    Sharing,
    SharingKind,
    camel,
)
from catalog.declaration import Document, KeyPath, check_schema, read_document
from catalog.ids import DatasetCode, DomainCode, OrganisationCode, RuleId
from catalog.mirror import Mirror, MirrorReader

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
MAX_NAME = 48
SEMVER = re.compile(r"\d+\.\d+\.\d+\Z")
DECIMAL = re.compile(r"decimal\((\d{1,2}),\s*(\d{1,2})\)\Z", re.IGNORECASE)
DEGREES = frozenset({Kind.DECIMAL, Kind.DOUBLE})
RESERVED_SUFFIXES = ("_aggregate", "_connection", "_by_key", "_filter", "_order", "_group", "_row")

Member = TypeVar("Member", bound=StrEnum)


def read_contract(file: Path, text: str | None = None) -> Contract:
    """The contract in `file`; DeclarationError names file and line of the first problem."""
    document = read_document(file, text)
    check_schema(document, odcs_schema())
    return contract_in(document, hashlib.sha256(document.text.encode()).hexdigest())


def contract_in(document: Document, digest: str) -> Contract:
    """The contract in a document that has passed the standard's schema; DeclarationError."""
    return _Reader(document, digest).contract()


@cache
def odcs_schema() -> Validator:
    schema = json.loads((files("open_data_contract_standard") / "schema.json").read_text("utf-8"))
    return Draft201909Validator(schema)


class _Reader:
    """One walk over a document that has passed the standard's schema."""

    def __init__(self, document: Document, digest: str) -> None:
        self.document = document
        self.digest = digest
        self.root: Mapping[str, Any] = document.content  # an object, says the schema
        self.custom = _custom(self.root)

    def contract(self) -> Contract:
        root = self.root
        tables: Sequence[Mapping[str, Any]] = root.get("schema") or []
        if len(tables) != 1:
            raise self.document.error(("schema",), "a contract describes exactly one table.")
        table, path = tables[0], ("schema", 0)
        code = DatasetCode(self.name(table.get("name"), (*path, "name")))
        if code.endswith(RESERVED_SUFFIXES):
            raise self.document.error((*path, "name"), f"{code} ends with a suffix the API uses.")
        version = str(root["version"])
        if not SEMVER.match(version):
            raise self.document.error(("version",), "version has the form 1.0.0.")
        properties: Sequence[Mapping[str, Any]] = table.get("properties") or []
        columns = tuple(self.column(p, (*path, "properties", i)) for i, p in enumerate(properties))
        foreign_keys = tuple(
            self.foreign_key(r, (*path, "relationships", i))
            for i, r in enumerate(table.get("relationships") or [])
        )
        self.check_names(columns, foreign_keys, path)
        key = self.key(properties, path)
        contract = Contract(
            data_set=code,
            version=version,
            title=str(table.get("businessName") or root.get("name") or code),
            title_en=str(self.custom.get("titleEn", code)),
            description=str(table.get("description") or ""),
            domain=DomainCode(str(root.get("domain", ""))),
            provider=OrganisationCode(self.required("provider")),
            level=self.member("level", Level),
            columns=columns,
            key=key,
            foreign_keys=foreign_keys,
            rules=tuple(self.rules(table, properties, path)),
            place_column=self.place_column(columns),
            publish_mode=self.member("publishMode", PublishMode),
            max_age=self.max_age(),
            sharing=Sharing(
                kind=self.member("sharingKind", SharingKind),
                mode=self.required("sharingMode"),
                format=self.required("format"),
                update_frequency=self.required("updateFrequency"),
                conditions_of_use=self.required("conditionsOfUse"),
                classification=self.member("classification", Classification),
            ),
            digest=self.digest,
            coordinates=self.coordinates(columns),
            mirror=self.mirror(code, columns, key),
        )
        self.check_references(contract, path)
        return contract

    def column(self, item: Mapping[str, Any], path: KeyPath) -> Column:
        custom = _custom(item)
        name = self.name(item.get("name"), (*path, "name"))
        if not item.get("businessName"):
            raise self.document.error(path, f"{name} has no businessName (its Chinese label).")
        datum = custom.get("datum")
        if datum is not None and datum not in list(Datum):
            raise self.document.error(
                path, f"{name}: datum {datum!r} is not one of {', '.join(Datum)}."
            )
        column = Column(
            name=name,
            type=self.type_of(item, custom, path),
            label=str(item["businessName"]),
            header=str(item.get("physicalName") or name),
            description=str(item.get("description") or ""),
            unit=str(custom["unit"]) if "unit" in custom else None,
            datum=Datum(datum) if datum else None,
            datum_column=str(custom["datumColumn"]) if "datumColumn" in custom else None,
            classification=Classification(item.get("classification", "general")),
            required=bool(item.get("required") or item.get("primaryKey")),
            not_reported=tuple(str(v) for v in custom.get("notReported", ())),
        )
        if custom.get("height") and column.datum is None and column.datum_column is None:
            raise self.document.error(
                path, f"{name} is a height and names no vertical datum: add datum or datumColumn."
            )
        return column

    def type_of(
        self, item: Mapping[str, Any], custom: Mapping[str, Any], path: KeyPath
    ) -> ColumnType:
        if custom.get("place"):
            return ColumnType(Kind.PLACE)
        logical, physical = item.get("logicalType"), str(item.get("physicalType") or "").lower()
        if logical == "number":
            decimal = DECIMAL.match(physical)
            if decimal:
                return ColumnType(Kind.DECIMAL, int(decimal[1]), int(decimal[2]))
            if physical.startswith(("decimal", "numeric")):  # never a double in silence
                raise self.document.error(
                    (*path, "physicalType"), f"{physical!r} is not decimal(precision,scale)."
                )
            return ColumnType(Kind.DOUBLE)
        if logical == "integer":
            return ColumnType(Kind.BIGINT if physical == "bigint" else Kind.INTEGER)
        if logical in {"string", "boolean", "date", "timestamp"}:
            return ColumnType(Kind(logical))
        raise self.document.error(path, f"logicalType {logical!r} is not served.")

    def key(self, properties: Sequence[Mapping[str, Any]], path: KeyPath) -> tuple[str, ...]:
        marked = [p for p in properties if p.get("primaryKey")]
        if not marked:
            raise self.document.error((*path, "properties"), "no column is marked primaryKey.")
        for number, item in enumerate(properties):
            if item.get("primaryKey") and item.get("classification") == Classification.CORE:
                raise self.document.error(
                    (*path, "properties", number),
                    f"{item['name']} is of the key and classified core: it is never served, so no row "
                    "could be told from another. Choose another key, or classify the column as important.",
                )
        return tuple(str(p["name"]) for p in sorted(marked, key=_position))

    def foreign_key(self, item: Mapping[str, Any], path: KeyPath) -> ForeignKey:
        custom = _custom(item)
        own, other = _references(item.get("from")), _references(item.get("to"))
        targets = {table for table, _ in other}
        if len(targets) != 1 or not custom.get("name"):
            raise self.document.error(path, "a relationship has a name and one target table.")
        return ForeignKey(
            name=self.name(custom["name"], path),
            target=DatasetCode(targets.pop()),
            columns=tuple(column for _, column in own),
            target_columns=tuple(column for _, column in other),
            inverse=self.name(custom["inverse"], path) if "inverse" in custom else None,
        )

    def rules(
        self, table: Mapping[str, Any], properties: Sequence[Mapping[str, Any]], path: KeyPath
    ) -> list[RuleDeclaration]:
        found = [
            self.rule(q, None, (*path, "quality", i))
            for i, q in enumerate(table.get("quality") or [])
        ]
        for number, item in enumerate(properties):
            where = (*path, "properties", number, "quality")
            found += [
                self.rule(q, str(item["name"]), (*where, i))
                for i, q in enumerate(item.get("quality") or [])
            ]
        seen: set[str] = set()
        for rule in found:
            if rule.id in seen:
                raise self.document.error((*path, "quality"), f"two rules have the id {rule.id}.")
            seen.add(rule.id)
        return found

    def rule(self, item: Mapping[str, Any], column: str | None, path: KeyPath) -> RuleDeclaration:
        if item.get("type") != "custom" or item.get("engine") != "greatExpectations":
            raise self.document.error(
                path, "a rule has type: custom and engine: greatExpectations."
            )
        body = item.get("implementation")
        if not isinstance(body, dict) or "type" not in body:
            raise self.document.error(path, "implementation names an expectation type.")
        if not item.get("id") or item.get("severity") not in list(Severity):
            raise self.document.error(
                path, f"a rule has an id and a severity of {', '.join(Severity)}."
            )
        return RuleDeclaration(
            id=RuleId(str(item["id"])),
            expectation=str(body["type"]),
            column=column,
            arguments=dict(body.get("kwargs") or {}),
            dimension=Dimension(item.get("dimension", "conformity")),
            severity=Severity(item["severity"]),
            tolerance=float(_custom(item).get("tolerance", 0.0)),
            description=str(item.get("description") or ""),
            line=self.document.line_of(path),
        )

    def place_column(self, columns: Sequence[Column]) -> str | None:
        name = self.required("placeColumn")
        if name == "none":
            return None
        if not any(c.name == name and c.type.kind is Kind.PLACE for c in columns):
            raise self.document.error(
                ("customProperties",), f"placeColumn {name} is not a column with place: true."
            )
        return name

    def coordinates(self, columns: Sequence[Column]) -> Coordinates | None:
        given = self.custom.get("coordinates")
        if given is None:
            return None
        if not isinstance(given, dict) or set(given) != {"longitude", "latitude", "system"}:
            raise self.document.error(
                ("customProperties",), "coordinates holds longitude, latitude and system."
            )
        longitude, latitude, system = given["longitude"], given["latitude"], given["system"]
        degrees = [column.name for column in columns if column.type.kind in DEGREES]
        for name in (longitude, latitude):
            if name not in degrees:
                raise self.document.error(
                    ("customProperties",), f"coordinates: {name} is not a decimal or double column."
                )
        if longitude == latitude:
            raise self.document.error(
                ("customProperties",), f"coordinates: {longitude} is both longitude and latitude."
            )
        if system not in list(ReferenceSystem):
            raise self.document.error(
                ("customProperties",),
                f"coordinates: system {system!r} is not one of {', '.join(ReferenceSystem)}.",
            )
        return Coordinates(longitude, latitude, ReferenceSystem(system))

    def mirror(
        self, code: DatasetCode, columns: Sequence[Column], key: Sequence[str]
    ) -> Mirror | None:
        if "mirror" not in self.custom:
            return None
        position = self.custom_path("mirror")
        if code.startswith("sqlite_"):
            raise self.document.error(
                position, f"{code}: a name that begins with sqlite_ cannot be mirrored; rename it."
            )
        reader = MirrorReader(columns, key, lambda problem: self.document.error(position, problem))
        return reader.mirror(self.custom["mirror"])

    def max_age(self) -> timedelta | None:
        minutes = self.custom.get("maxAgeMinutes")
        return None if minutes is None else timedelta(minutes=float(minutes))

    def check_names(
        self, columns: Sequence[Column], foreign_keys: Sequence[ForeignKey], path: KeyPath
    ) -> None:
        taken = {LOCATION: "the filter by coordinates"} if "coordinates" in self.custom else {}
        for name in [c.name for c in columns] + [f.name for f in foreign_keys]:
            other = taken.setdefault(camel(name), name)
            if other is not name:
                raise self.document.error(
                    (*path, "properties"), f"{name} and {other} are both {camel(name)} in the API."
                )

    def check_references(self, contract: Contract, path: KeyPath) -> None:
        used = [c.datum_column for c in contract.columns if c.datum_column]
        used += [name for key in contract.foreign_keys for name in key.columns]
        for name in used:
            if not contract.has_column(name):
                raise self.document.error(path, f"names the column {name}, which it has not.")

    def name(self, value: object, path: KeyPath) -> str:
        if not isinstance(value, str) or len(value) > MAX_NAME or not NAME.match(value):
            raise self.document.error(
                path, f"{value!r} is not an identifier (a-z, 0-9, single _, <= {MAX_NAME})."
            )
        return value

    def custom_path(self, name: str) -> KeyPath:
        """Where a custom property of the contract stands."""
        for index, item in enumerate(self.root.get("customProperties") or []):
            if item["property"] == name:
                return ("customProperties", index)
        return ("customProperties",)

    def required(self, name: str) -> str:
        value = self.custom.get(name)
        if value in (None, ""):
            raise self.document.error(
                ("customProperties",), f"the custom property {name} is missing."
            )
        return str(value)

    def member(self, name: str, kind: type[Member]) -> Member:
        value = self.required(name)
        if value not in list(kind):
            raise self.document.error(
                ("customProperties",), f"{name} {value!r} is not one of {', '.join(kind)}."
            )
        return kind(value)


def _custom(item: Mapping[str, Any]) -> dict[str, Any]:
    return {p["property"]: p["value"] for p in item.get("customProperties") or []}


def _position(item: Mapping[str, Any]) -> int:
    return int(item.get("primaryKeyPosition", 0))


def _references(value: str | Sequence[str] | None) -> list[tuple[str, str]]:
    names = [value] if isinstance(value, str) else list(value or [])
    return [(table, column) for table, _, column in (n.partition(".") for n in names)]
