"""What the town of the crash tests declares, and a home on which all of it is published.

Rules: one organisation owns every data set, so that what is derived needs no request; the feeds are
fetched several times a second.
"""

import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from access.roles import Role
from catalog.actor import Duty, Person
from catalog.directories import EntryAction
from catalog.ids import ClientId, OrganisationCode
from catalog.store import CatalogueStore
from hub.composition import build_hub
from settings import Settings
from tests.schema.hub import HIGH_WATER_TEXT
from tests.shared_data import READING, STATION

CALENDAR = Path(__file__).parents[2] / "cities" / "chongqing" / "calendar.yaml"
PLACES = """code,name,level,parent_code,statistical_parent_code
500000,重庆市,city,,
500106,沙坪坝区,district,500000,
500106004,磁器口街道,township,500106,
"""
ORGANISATIONS = """organisations:
  - {code: cq_bigdata, name: 大数据局, name_en: Big Data, level: municipal, place: "500000", head: 负责人}
  - {code: cq_water, name: 水利局, name_en: Water, level: municipal, place: "500000", head: 负责人, authority: cq_bigdata}
"""
DOMAIN = """code: flood
title: 防汛
title_en: Flood control
derived:
  - {data_set: high_water, owner: cq_water, purpose: 防汛研判, sql: derived/high_water.sql, inputs: [reading, station]}
"""
HIGH_WATER = """SELECT r.station_code AS code, max(r.level_m) AS peak_m
FROM reading AS r JOIN station AS s ON s.code = r.station_code GROUP BY r.station_code
"""
SOURCES = """sources:
  - id: bureau
    title: 水利局数据库
    kind: sql
    provider: cq_water
    connection: bureau
    feeds:
      - {data_set: station, every_seconds: 0.3, options: {table: station, order: [code]}}
      - {data_set: reading, every_seconds: 0.3, options: {table: reading, cursor: recno, order: [recno]}}
  - id: district
    title: 区县文件
    kind: files
    provider: cq_water
    connection: district
    feeds:
      - {data_set: reading, every_seconds: 0.3, options: {pattern: "*.csv", format: csv}}
"""
KEEPER = Person(ClientId("keeper"), OrganisationCode("cq_water"), frozenset({Duty.STEWARD}))
APP = ClientId("flood-app")
REVIEWER = Person(ClientId("reviewer"), OrganisationCode("cq_bigdata"), frozenset({Duty.STEWARD}))


CONTRACTS: Mapping[str, str] = {
    "station": STATION,
    "reading": READING % {"mode": "append"},
    "high_water": HIGH_WATER_TEXT.replace("cq_shapingba", "cq_water"),
}


def make_town(folder: Path, contracts: Mapping[str, str] = CONTRACTS) -> None:
    """A home with a published catalogue and empty sources, to be copied."""
    city = folder / "city"
    domain = city / "domains" / "flood"
    for made in (domain / "contracts", domain / "derived", folder / "district" / "inbox"):
        made.mkdir(parents=True)
    shutil.copy(CALENDAR, city / "calendar.yaml")
    files = {city / "places.csv": PLACES, city / "organisations.yaml": ORGANISATIONS}
    files |= {domain / "domain.yaml": DOMAIN, domain / "sources.yaml": SOURCES}
    files |= {domain / "derived" / "high_water.sql": HIGH_WATER}
    files |= {domain / "contracts" / f"{n}.odcs.yaml": text for n, text in contracts.items()}
    for file, text in files.items():
        file.write_text(text, "utf-8")
    with closing(sqlite3.connect(folder / "bureau.sqlite")) as bureau, bureau:
        bureau.execute("PRAGMA journal_mode = WAL")
        bureau.execute("CREATE TABLE station (code TEXT PRIMARY KEY, name TEXT, phone TEXT)")
        bureau.execute(
            "CREATE TABLE reading (recno INTEGER PRIMARY KEY, station_code TEXT, "
            "observed_at TEXT, level_m NUMERIC, place_code TEXT)"
        )
    hub = build_hub(Settings(home=folder / "home", city=city))
    publish_entries(hub.store)
    secret = hub.clients.register(APP, KEEPER.organisation, [Role.APP])
    (folder / "secret").write_text(secret, "ascii")
    hub.close()


def publish_entries(store: CatalogueStore) -> None:
    for entry in store.entries():
        store.assess(entry.code, KEEPER, secrecy="不涉密", personal_information="不含")
        for action, by in (
            (EntryAction.APPROVE, KEEPER),
            (EntryAction.SUBMIT, KEEPER),
            (EntryAction.PUBLISH, REVIEWER),
        ):
            store.advance(entry.code, action, by)
