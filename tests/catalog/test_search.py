"""What a search of the catalogue finds, on each of the two stores."""

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from catalog.contracts import Classification, Level, SharingKind
from catalog.directories import EntryAction, EntryFields, EntryState
from catalog.entries import entry_row, new_entry, organisations, revise
from catalog.ids import OrganisationCode
from catalog.search import LONGEST
from catalog.writing import Writing
from registry.store import Registry
from tests.catalog.conftest import NOW, World, build_world, contract_text, person

WATER, DISTRICT = OrganisationCode("cq_water"), OrganisationCode("cq_shapingba")
KEEPER = person(WATER)
ODD = ("100%", "a_b", "正/反", "引\"号'", "反\\斜", "[a]", "甲", "乙", "Résumé")


@dataclass
class Shelf:
    """A catalogue with single entries in it, put there without their steps."""

    world: World

    @property
    def registry(self) -> Registry:
        return self.world.registry

    def put(
        self,
        code: str,
        name: str,
        *items: str,
        of: OrganisationCode = WATER,
        published: tuple[str, ...] | None = None,
        state: EntryState = EntryState.PUBLISHED,
    ) -> None:
        """`published`: the name and the items of the published wording."""
        with self.registry.write() as session:
            writing = Writing(session, person(of), NOW)
            row = new_entry(writing, code, fields(name, items, of), level=Level.MUNICIPAL, why="")
            if published is not None:
                wording = fields(published[0], published[1:], of)
                row.published = asdict(wording) | {"data_items": list(wording.data_items)}
            row.state = state

    def find(
        self,
        search: str,
        kept: Collection[OrganisationCode] | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[str]:
        found = self.world.store.entries(search, kept=kept, limit=limit, offset=offset)
        return [entry.code for entry in found]


def fields(name: str, items: tuple[str, ...], of: OrganisationCode) -> EntryFields:
    return EntryFields(
        name=name,
        data_items=items,
        provider=of,
        format="数据库",
        update_frequency="实时",
        sharing_kind=SharingKind.CONDITIONAL,
        sharing_mode="接口",
        conditions_of_use="防汛",
        classification=Classification.GENERAL,
    )


@pytest.fixture
def shelf(registry_url: str, tmp_path: Path) -> Iterator[Shelf]:
    world = build_world(tmp_path, registry_url)
    yield Shelf(world)
    world.registry.close()


def test_a_part_of_code_name_or_data_item_is_found(shelf: Shelf) -> None:
    shelf.put("river", "河道水情", "站码", "水位 Level")
    shelf.put("lake", "湖泊", "站码")
    assert shelf.find("水情") == ["river"]
    assert shelf.find("lak") == ["lake"]
    assert shelf.find("站码") == ["lake", "river"]
    assert shelf.find("水位 l") == ["river"]
    assert shelf.find("RIVER") == ["river"]
    assert shelf.find("站码", limit=1, offset=1) == ["river"]
    assert shelf.find("data_items") == []


def test_marks_of_patterns_and_of_json_stand_for_themselves(shelf: Shelf) -> None:
    shelf.put("odd", "奇名", *ODD)
    shelf.put("plain", "平名", "100", "ab")
    for item in ODD:
        assert shelf.find(item) == ["odd"], item
    for mark in ("%", "_", "[", "]", "\\", '"'):
        assert shelf.find(mark) == ["odd"], mark
    for none in ("甲乙", '甲", "乙', "u7532", "100_", "a%b", '["', ", "):
        assert shelf.find(none) == [], none


def test_a_search_looks_at_the_wording_that_the_reader_sees(shelf: Shelf) -> None:
    shelf.put("river", "新名", "新项", published=("旧名", "旧项"), state=EntryState.CHANGE_DUE)
    for new, old in (("新名", "旧名"), ("新项", "旧项")):
        assert shelf.find(new, {WATER}) == ["river"]
        assert shelf.find(old, {WATER}) == []
        assert shelf.find(new, {DISTRICT}) == []
        assert shelf.find(old, {DISTRICT}) == ["river"]
        assert shelf.find(old, ()) == ["river"]
    assert shelf.find("riv", {DISTRICT}) == ["river"]


def test_drafts_and_withdrawn_entries_are_seen_by_who_keeps_them(shelf: Shelf) -> None:
    shelf.put("draft", "草稿", "水位", state=EntryState.DRAFT)
    shelf.put("gone", "旧册", "水位", published=("旧册", "水位"), state=EntryState.WITHDRAWN)
    shelf.put("open", "公开", "水位", published=("公开", "水位"))
    shelf.put("other", "区县", "水位", of=DISTRICT, state=EntryState.DRAFT)
    assert shelf.find("水位", ()) == ["open"]
    assert shelf.find("", ()) == ["open"]
    assert shelf.find("水位", {WATER}) == ["draft", "gone", "open"]
    assert shelf.find("水位", {WATER, DISTRICT}) == ["draft", "gone", "open", "other"]
    assert shelf.find("水位") == ["draft", "gone", "open", "other"]


def test_an_entry_that_was_published_by_its_steps_is_seen_by_everybody(shelf: Shelf) -> None:
    shelf.world.publish({"river": contract_text("river", title="河道水情")})
    assert shelf.find("电话", ()) == ["river"]
    with shelf.registry.write() as session:
        row = entry_row(session, "river")
        known = organisations(session)
        revise(
            Writing(session, KEEPER, NOW), row, fields("改", ("改",), WATER), known=known, why=""
        )
    assert shelf.find("电话", ()) == ["river"]
    assert shelf.find("电话", {WATER}) == []
    assert EntryAction.REVISE in {e.action for e in shelf.world.store.history("river")}


def test_a_search_longer_than_any_text_finds_nothing(shelf: Shelf) -> None:
    shelf.put("river", "河道水情", "站码")
    for length in (LONGEST, LONGEST + 1, 60_000):
        assert shelf.find("%" * length) == []
        assert shelf.find("水" * length) == []
