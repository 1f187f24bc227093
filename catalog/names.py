"""The names the API makes of contracts, and which of them are taken.

A data set `river_station` becomes the root fields `riverStation`, `riverStationByKey`, ... and the
types `RiverStation`, `RiverStationFilter`, ...; a relation's inverse becomes a field of the other
side. An import is refused, with file and line, when two declarations would make the same name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from catalog.contracts import Contract, camel, pascal
from catalog.declaration import Document, read_document
from catalog.ids import DatasetCode

FIELD_SUFFIXES = ("", "Connection", "Aggregate", "ByKey")
TYPE_SUFFIXES = (
    "",
    "Filter",
    "Order",
    "Group",
    "Connection",
    "Edge",
    "Aggregate",
    "AggregateRow",
    "Row",
)

RESERVED_FIELDS = frozenset(
    {
        "me", "health", "node", "nodes",
        "entry", "entries", "catalogue", "catalogueEntry", "catalogueEntries", "entryHistory",
        "organisation", "organisations", "place", "places", "domain", "domains",
        "dataSet", "dataSets", "contract", "contracts", "contractVersions",
        "request", "requests", "shareRequest", "shareRequests", "decision", "decisions",
        "grant", "grants", "signature", "signatures",
        "load", "loads", "source", "sources", "publication", "publications",
        "quality", "qualityReport", "qualityReports", "quarantine", "signOff",
        "usage", "usageRecords", "audit", "replay", "client", "clients", "document", "documents",
        "indicator", "indicators", "event", "events", "alert", "alerts",
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
        "SourceValue", "TermsInput", "Quota", "QuotaInput", "QuotaLeft", "UsagePage", "UsageColumns", "Replay",
        "PersistedDocument", "ClientLimits",
    }
)  # fmt: skip


def check_names(
    new: Sequence[Contract],
    known: Mapping[DatasetCode, Contract],
    files: Mapping[DatasetCode, Path],
    texts: Mapping[DatasetCode, str],
) -> None:
    """DeclarationError at the first of `new` whose names collide with the core or another contract."""
    every = {**known, **{contract.data_set: contract for contract in new}}
    for contract in new:
        document = read_document(files[contract.data_set], texts[contract.data_set])
        others = [c for code, c in every.items() if code != contract.data_set]
        _check_root(contract, others, document)
        _check_inverses(contract, every, document)


def _check_root(contract: Contract, others: Sequence[Contract], document: Document) -> None:
    for made, reserved, what in (
        (_fields(contract), RESERVED_FIELDS, "field"),
        (_types(contract), RESERVED_TYPES, "type"),
    ):
        taken = dict.fromkeys(reserved, "the API's core")
        for other in others:
            names = _fields(other) if what == "field" else _types(other)
            taken |= dict.fromkeys(names, other.data_set)
        for name in made:
            if name in taken:
                raise document.error(
                    ("schema", 0, "name"),
                    f"{contract.data_set} makes the {what} {name}, which {taken[name]} has already.",
                )


def _check_inverses(
    contract: Contract, every: Mapping[DatasetCode, Contract], document: Document
) -> None:
    """Each field of a target has one origin: its columns, its own keys, the inverses of others."""
    for index, key in enumerate(contract.foreign_keys):
        if key.inverse is None or key.target not in every:
            continue
        taken = [
            name
            for origin, name in _fields_of_type(every[key.target], every.values())
            if origin != (contract.data_set, key.name)
        ]
        if camel(key.inverse) in taken:
            raise document.error(
                ("schema", 0, "relationships", index),
                f"the inverse {key.inverse} of {key.name} is already a field of {key.target}.",
            )


def _fields_of_type(
    target: Contract, every: Iterable[Contract]
) -> Iterator[tuple[tuple[str, str], str]]:
    for column in target.columns:
        yield (target.data_set, ""), camel(column.name)
    for key in target.foreign_keys:
        yield (target.data_set, ""), camel(key.name)
    for contract in every:
        for key in contract.foreign_keys:
            if key.target == target.data_set and key.inverse is not None:
                yield (contract.data_set, key.name), camel(key.inverse)


def _fields(contract: Contract) -> tuple[str, ...]:
    return tuple(camel(contract.data_set) + suffix for suffix in FIELD_SUFFIXES)


def _types(contract: Contract) -> tuple[str, ...]:
    return tuple(pascal(contract.data_set) + suffix for suffix in TYPE_SUFFIXES)
