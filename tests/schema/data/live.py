"""Live services in the small hub: a hostile server behind two interfaces, published and granted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from access.roles import Role
from catalog.contracts import Contract
from catalog.directories import EntryAction
from catalog.domain import Domain
from catalog.ids import DatasetCode, DomainCode
from catalog.sharing.grant import Grant
from connectors.connections import Connections, InterfaceConnection
from tests.connectors.calling.hostile import Hostile
from tests.connectors.calling.lookup import TERMS, lookup, lookup_text
from tests.schema.hub import AUTHORITY_STEWARD, Hub, person, whole
from tests.shared_data import grant

LOT, OTHER = DatasetCode("parking_lot"), DatasetCode("other_lot")
COLUMNS = ("code", "free", "fee", "seen", "opened", "ratio", "serial", "open", "owner")


@dataclass(frozen=True, slots=True)
class Town:
    """The hub, what stands behind its interfaces, and an application that holds everything."""

    hub: Hub
    hostile: Hostile
    app: str


def town_of(hub: Hub, hostile: Hostile) -> Town:
    lots = InterfaceConnection(
        kind="interface", url=f"http://{hostile.pair}", allow=(hostile.pair,)
    )
    hub.connections = Connections({"lots": lots})
    publish(hub, "parking_lot", "other_lot")
    hub.granted("app", *whole(), live(), live(OTHER))
    return Town(hub, hostile, hub.secrets["token"])


def live(
    code: DatasetCode = LOT, columns: Sequence[str] = COLUMNS, masked: Sequence[str] = ()
) -> Grant:
    return grant(code, columns, masked=masked)


def publish(hub: Hub, *names: str, terms: str = TERMS) -> None:
    """As `publish_catalogue` does with data sets."""
    texts = {DatasetCode(n): lookup_text(terms=terms).replace("parking_lot", n) for n in names}
    contracts: tuple[Contract, ...] = tuple(lookup(terms=terms, name=name) for name in names)
    domain = Domain(
        code=DomainCode("flood"),
        title="防汛",
        title_en="Flood",
        contracts=contracts,
        contract_texts=texts,
        contract_files={code: Path(f"{code}.interface.yaml") for code in texts},
        sources=(),
        derivations=(),
    )
    hub.store.import_domain(domain, person("operator", "cq_bigdata", Role.OPERATOR))
    for code in texts:
        keeper = person("keeper", "cq_water", Role.STEWARD)
        hub.store.assess(code, keeper, secrecy="不涉密", personal_information="不含")
        for action, by in (
            (EntryAction.APPROVE, keeper),
            (EntryAction.SUBMIT, keeper),
            (EntryAction.PUBLISH, AUTHORITY_STEWARD),
        ):
            hub.store.advance(code, action, by)
