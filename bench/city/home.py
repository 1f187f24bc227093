"""A real home of the hub with the bench's data sets published, granted and asked for by one client.

Rules: the content is the city's own (places, organisations, calendar) with the bench's domain; rows come
in by the product's own publish step, in the small form through the gate as well; the client's grants are
those that a share request, signed and decided, leads to. Nothing is made twice: the last file written
says that the home is done.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from time import perf_counter

import duckdb

from access.limits import ClientLimits, LimitStore
from access.roles import Role
from bench.city.generate import DATA_SETS
from bench.town import publish_all
from catalog.actor import Person
from catalog.contracts import Contract, Kind
from catalog.ids import ClientId, DatasetCode, LoadId, OrganisationCode, PlaceCode
from catalog.sharing.decision import Approve
from catalog.sharing.grant import GrantedColumn, Part
from catalog.sharing.request import Terms
from hub.composition import Hub, build_hub
from quality.gate import check
from settings import Settings
from warehouse.engine import LoadPlan
from warehouse.scratch import Scratch

DOMAIN = Path(__file__).parent / "domain"
CLIENT = ClientId("bench")
ASKS, PROVIDES = OrganisationCode("cq_water"), OrganisationCode("cq_bigdata")
CITY_CODE = PlaceCode("500000")
DONE = "bench.json"
LARGEST_PAGE = 10_000
"""What an operator may allow a client; the default is a tenth of it."""
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Home:
    """`published` and `gated`: seconds that each data set took to be published, and to be checked."""

    home: Path
    city: Path
    secret: str = field(repr=False)
    published: Mapping[str, float]
    gated: Mapping[str, float]


def prepared_home(folder: Path, rows: Path, city: Path, *, gate: bool, memory: str) -> Home:
    """The home in `folder`, made now or earlier."""
    done = folder / DONE
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        made = _made(folder, rows, city, gate=gate, memory=memory)
        kept = asdict(made) | {"home": str(made.home), "city": str(made.city)}
        done.write_text(json.dumps(kept), "utf-8")
    kept = json.loads(done.read_text("utf-8"))
    return Home(**kept | {"home": Path(kept["home"]), "city": Path(kept["city"])})


def content(folder: Path, city: Path) -> Path:
    """The city's places, organisations and calendar, with the bench's domain alone."""
    folder.mkdir(parents=True)
    for name in ("places.csv", "organisations.yaml", "calendar.yaml"):
        shutil.copy(city / name, folder)
    shutil.copytree(DOMAIN, folder / "domains" / "operation")
    return folder


def _made(folder: Path, rows: Path, city: Path, *, gate: bool, memory: str) -> Home:
    home, own = folder / "home", content(folder / "city", city)
    hub = build_hub(Settings(home=home, city=own, memory_limit=memory))
    try:
        publish_all(hub)
        catalogue = hub.store.load()
        published, gated = {}, {}
        for name in DATA_SETS:
            contract = catalogue.contracts[DatasetCode(name)]
            plan = _landed(hub, contract, rows / f"{name}.parquet")
            if gate:
                gated[name] = _gated(hub, contract, plan)
            began = perf_counter()
            hub.engine.publish(plan)
            published[name] = perf_counter() - began
            _grant(hub, contract)
        hub.engine.maintain()
        secret = hub.clients.register(CLIENT, ASKS, [Role.APP])
        LimitStore(hub.registry).set(CLIENT, ClientLimits(page_limit=LARGEST_PAGE))
    finally:
        hub.close()
    return Home(home, own, secret, published, gated)


def _landed(hub: Hub, contract: Contract, file: Path) -> LoadPlan:
    """The generated rows as a checked batch in the landing folder; the same file, not a copy."""
    load = LoadId(sha256(contract.data_set.encode()).hexdigest()[:32])
    landed = hub.settings.landing / load
    landed.mkdir()
    os.link(file, landed / "rows.parquet")
    return LoadPlan(load, contract, landed / "rows.parquet", "bench", landed / "unfit.parquet")


def _gated(hub: Hub, contract: Contract, plan: LoadPlan) -> float:
    """As a source would have given them: as text, to be checked; seconds that the check took."""
    folder = plan.rows.parent
    raw = folder / "raw.parquet"
    texts = ", ".join(
        f"{as_text(contract, column.name)} AS {column.name}" for column in contract.columns
    )
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT {texts}, 'bench' AS _file, _row AS _line, NULL::VARCHAR AS _broken"
            f" FROM '{plan.rows}' ORDER BY _row) TO '{raw}' (FORMAT parquet)"
        )
    plan.rows.unlink()
    began = perf_counter()
    with Scratch([folder]) as scratch:
        verdict = check(raw, contract, folder, now=datetime.now(UTC), scratch=scratch)
    hub.quality.record(plan.load_id, contract, verdict)
    return perf_counter() - began


def as_text(contract: Contract, name: str) -> str:
    """A column of the generated rows as sources write it."""
    kind = contract.column(name).type.kind
    if kind is Kind.PLACE:
        short = f"CASE WHEN {name} % 1000000000 = 0 THEN 6 ELSE 9 END"
        return f"left({name}::VARCHAR, {short})"
    if kind is Kind.TIMESTAMP:
        return f"strftime({name} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ')"
    return f"{name}::VARCHAR"


def _grant(hub: Hub, contract: Contract) -> None:
    """A request of the client's organisation, signed and decided by whom it belongs to."""
    asks = Person(CLIENT, ASKS, frozenset({"app", "steward"}))
    decides = Person(ClientId("provider"), PROVIDES, frozenset({"steward"}))
    columns = tuple(GrantedColumn(column.name) for column in contract.columns)
    places = (CITY_CODE,) if contract.place_column else None
    terms = Terms(
        data_set=contract.data_set,
        purpose="城市运行研判",
        basis="《重庆市数据条例》第二十条",
        scenario="城市运行态势与事件办理研判",
        parts=(Part(columns, places),),
        mode="接口",
        expires=datetime.now(UTC) + YEAR,
    )
    request = hub.sharing.draft(asks, terms)
    hub.sharing.sign(request.id, asks)
    hub.sharing.submit(request.id, asks)
    hub.sharing.sign(request.id, decides)
    hub.sharing.decide(request.id, Approve(), decides)
