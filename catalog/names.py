"""The names the API makes of contracts, and which of them are taken.

A data set `river_station` becomes the root fields `riverStation`, `riverStationByKey`, ... and the
types `RiverStation`, `RiverStationFilter`, ...; a relation's inverse becomes a field of the other
side. An import is refused, with file and line, when two declarations would make the same name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from catalog.contract_files import NAMES, contract_document
from catalog.contracts import LOCATION, Contract, ForeignKey, camel, pascal
from catalog.declaration import KeyPath
from catalog.ids import DatasetCode
from catalog.interfaces.interface import ListOf, Member, ObjectOf

FIELD_SUFFIXES = ("", "Connection", "Aggregate", "ByKey")
TYPE_SUFFIXES = (
    "",
    "Filter",
    "Order",
    "ListFilter",
    "ListOrder",
    "Column",
    "LatestBy",
    "Connection",
    "Edge",
    "AggregateRow",
    "AggregateOrder",
    "Keys",
    "KeyOrder",
    "Group",
    "Bucket",
    "RollUp",
    "Having",
    "CellFilter",
    "CellColumn",
)
MEASURE_TYPES = frozenset(
    f"{kind}{suffix}"
    for kind in (
        "String", "Int", "BigInt", "Decimal", "Float", "Boolean", "Date", "DateTime", "PlaceCode",
        "Masked", "HiddenInt", "HiddenBigInt", "HiddenDecimal", "HiddenFloat",
    )
    for suffix in ("Measures", "MeasuresFilter", "MeasuresOrder", "PercentileFilter")
)  # fmt: skip
"""Shared by all data sets, see `schema/data/measures.py`."""

RESERVED_FIELDS = frozenset(
    {
        "me", "explain", "health", "node", "nodes",
        "entry", "entries", "catalogue", "catalogueEntry", "catalogueEntries", "entryHistory",
        "organisation", "organisations", "place", "places", "domain", "domains",
        "dataSet", "dataSets", "contract", "contracts", "contractVersions",
        "request", "requests", "shareRequest", "shareRequests", "decision", "decisions",
        "grant", "grants", "signature", "signatures",
        "load", "loads", "source", "sources", "publication", "publications",
        "quality", "qualityReport", "qualityReports", "quarantine", "signOff",
        "usage", "usageRecords", "audit", "replay", "client", "clients", "document", "documents",
        "indicator", "indicators", "event", "events", "alert", "alerts",
        "interfaceHealth",
        "query", "mutation", "subscription",
    }
)  # fmt: skip
RESERVED_TYPES = frozenset(
    {
        "Query", "Mutation", "Subscription", "String", "Int", "Float", "Boolean", "ID",
        "DateTime", "Date", "Decimal", "BigInt", "PlaceCode", "JSON", "PageInfo", "Node",
        "Me", "Health", "Entry", "EntryFields", "EntryEvent", "EntryState", "EntryAction", "Facts",
        "Organisation", "Place", "Domain", "DataSet", "Contract", "ContractVersion", "Column",
        "Request", "ShareRequest", "RequestState", "RequestEvent", "Decision", "Signature",
        "Grant", "GrantEvent", "Part", "Visibility", "Load", "Source", "Publication", "Verdict",
        "Rule", "RuleResult", "Quality", "QualityReport", "Quarantine", "RejectedRow", "SignOff",
        "Usage", "UsageRecord", "Client", "Indicator", "Event", "Alert", "Level", "SharingKind",
        "Classification", "Datum", "Dimension", "Severity", "Ordering", "SortOrder",
        "StringFilter", "IntFilter", "FloatFilter", "BooleanFilter", "DateFilter",
        "DateTimeFilter", "DecimalFilter", "BigIntFilter", "PlaceCodeFilter", "PlaceFilter",
        "ApprovalInput", "CatalogueColumn", "CatalogueEntry", "CatalogueImport", "CellProblem",
        "DecisionInput", "EngineName", "GrantState", "GrantStep", "ImportLine", "LineOutcome",
        "LoadState", "OfficeSignature", "Op", "OrderDirection", "PartInput", "ProviderContact",
        "QualitySignOff", "QuarantinePage", "QuarantineReason", "QuarantineRow", "RefusalInput",
        "RequestAction", "RequestStep", "RowCondition", "RowDecision", "RowFate", "RowPosition",
        "RuleOutcome", "ScopeColumn", "ScopePart", "ShareGrant", "Side", "SignOffDecision",
        "SourceValue", "TermsInput", "TimeUnit", "PlaceLevel", "PercentileOrder",
        "EntryStep", "RelatedValuesOrder", "RelatedNumbersOrder", "Quota", "QuotaInput", "QuotaLeft", "UsagePage", "UsageColumns", "UsageWhere", "Replay",
        "Explanation", "FieldExplanation", "FieldRefusal", "OperationPrice", "ReadColumns",
        "PersistedDocument", "ClientLimits",
        "LocationFilter", "LocationCircle", "LocationBox", "LocationPoint",
        "InterfaceHealth", "CallOutcome", "UsageCalls", "BreakerPhase", "Resource",
    }
) | MEASURE_TYPES  # fmt: skip


def check_names(
    new: Sequence[Contract],
    known: Mapping[DatasetCode, Contract],
    files: Mapping[DatasetCode, Path],
    texts: Mapping[DatasetCode, str],
) -> None:
    """DeclarationError at the first of `new` whose names collide with the core or another contract."""
    taken = _Taken({**known, **{contract.data_set: contract for contract in new}})
    for contract in new:
        problem = taken.root_problem(contract) or taken.inverse_problem(contract)
        if problem is not None:
            document = contract_document(files[contract.data_set], texts[contract.data_set])
            raise document.error(*problem)


Problem = tuple[KeyPath, str]


class _Taken:
    """Who makes which name, over all contracts, in one pass over them."""

    def __init__(self, every: Mapping[DatasetCode, Contract]) -> None:
        self._every = every
        self._fields: dict[str, list[DatasetCode]] = {}
        self._types: dict[str, list[DatasetCode]] = {}
        self._inverses: dict[DatasetCode, list[tuple[DatasetCode, ForeignKey]]] = {}
        for code, contract in every.items():
            for name in _fields(contract):
                self._fields.setdefault(name, []).append(code)
            for name in _types(contract):
                self._types.setdefault(name, []).append(code)
            for key in contract.foreign_keys:
                self._inverses.setdefault(key.target, []).append((code, key))

    def root_problem(self, contract: Contract) -> Problem | None:
        for made, takers, reserved, what in (
            (_fields(contract), self._fields, RESERVED_FIELDS, "field"),
            (_types(contract), self._types, RESERVED_TYPES, "type"),
        ):
            for name in made:
                others = [code for code in takers[name] if code != contract.data_set]
                if others or name in reserved:
                    other = others[-1] if others else "the API's core"
                    return NAMES[contract.interface is not None], (
                        f"{contract.data_set} makes the {what} {name}, which {other} has already."
                    )
        return None

    def inverse_problem(self, contract: Contract) -> Problem | None:
        """Each field of a target has one origin: its columns, its own keys, the inverses of others."""
        for index, key in enumerate(contract.foreign_keys):
            target = self._every.get(key.target)
            if key.inverse is None or target is None:
                continue
            own = {camel(column.name) for column in target.columns}
            own |= {camel(other.name) for other in target.foreign_keys}
            own |= {LOCATION} if target.coordinates is not None else set()
            own |= {
                camel(other.inverse)
                for code, other in self._inverses[key.target]
                if other.inverse is not None and (code, other.name) != (contract.data_set, key.name)
            }
            if camel(key.inverse) in own:
                return ("schema", 0, "relationships", index), (
                    f"the inverse {key.inverse} of {key.name} is already a field of {key.target}."
                )
        return None


def _fields(contract: Contract) -> tuple[str, ...]:
    return tuple(camel(contract.data_set) + suffix for suffix in FIELD_SUFFIXES)


def _types(contract: Contract) -> tuple[str, ...]:
    own = pascal(contract.data_set)
    members = contract.interface.members if contract.interface is not None else ()
    return (*(own + suffix for suffix in TYPE_SUFFIXES), *nested_types(own, members))


def nested_types(own: str, members: Iterable[Member]) -> Iterator[str]:
    """The types of objects within an interface's answer, named after the way to them."""
    for member in members:
        shape = member.shape
        while isinstance(shape, ListOf):
            shape = shape.item
        if isinstance(shape, ObjectOf):
            name = own + pascal(member.name)
            yield name
            yield from nested_types(name, shape.members)
