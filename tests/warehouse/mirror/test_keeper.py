"""The mirror follows what is published, whatever happens to its file or its writer."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.mirror.world import LATEST, SIGHTING, World, latest, row, sighting
from warehouse.mirror import changes
from warehouse.mirror.orders import Reply
from warehouse.mirror.standing import MirrorState, Standing


def standing(world: World) -> Standing:
    return world.keeper.standings.now[SIGHTING]


def test_a_published_set_is_mirrored_as_it_is_served(world: World) -> None:
    made = world.publish(row("a", 1), row("b", 2, rough=None, exact=None, day=None))
    assert world.keeper.step()
    assert world.mirrored() == world.served()
    assert (standing(world).state, standing(world).seq) == (MirrorState.READY, made.seq)


def test_what_changed_is_added_and_what_ended_goes(tmp_path: Path) -> None:
    world = World(tmp_path, sighting("snapshot"))
    world.publish(row("a", 1), row("a", 2), row("b", 1))
    world.keeper.step()
    world.publish(row("a", 1), row("a", 2, small=7), row("c", 1))
    world.keeper.step()
    assert [each["code"] for each in world.mirrored() or []] == ["a", "a", "c"]
    assert world.mirrored() == world.served()
    world.close()


def test_a_set_that_is_behind_by_several_publications_catches_up_in_one_step(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    world.publish(row("a", 1))
    world.keeper.step()
    for hour in range(2, 6):
        world.publish(row("a", 1, small=hour), row("a", hour))
    assert world.keeper.step()
    assert world.mirrored() == world.served()
    assert caplog.text.count("sighting mirrored: change") == 1


def test_only_the_latest_row_of_a_key_is_mirrored_where_that_is_declared(tmp_path: Path) -> None:
    world = World(tmp_path, sighting("snapshot", LATEST))
    for rows in (
        [row("a", 1), row("a", 3), row("b", 2)],
        [row("a", 1), row("b", 2), row("b", 1)],  # the latest of a ended
        [row("a", 1, small=8), row("a", 2), row("c", 2)],
    ):
        world.publish(*rows)
        assert world.keeper.step()
        assert world.mirrored() == latest(world.served())
    world.close()


def test_a_late_row_does_not_take_the_place_of_the_latest(tmp_path: Path) -> None:
    world = World(tmp_path, sighting("append", LATEST))
    world.publish(row("a", 5))
    world.keeper.step()
    world.publish(row("a", 3), row("b", 1))
    assert world.keeper.step()
    assert [each["code"] for each in world.mirrored() or []] == ["a", "b"]
    assert world.mirrored() == latest(world.served())
    world.close()


def test_a_set_never_published_has_no_rows_to_read(world: World) -> None:
    assert world.keeper.step()
    assert standing(world) == Standing(MirrorState.BUILDING)


def test_an_empty_version_is_a_version(tmp_path: Path) -> None:
    world = World(tmp_path, sighting("snapshot"))
    world.publish()
    assert world.keeper.step()
    assert world.mirrored() == []
    world.publish(row("a", 1))
    world.keeper.step()
    world.publish()
    assert world.keeper.step()
    assert world.mirrored() == []
    world.close()


def test_a_start_goes_on_where_the_file_ended(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.publish(row("a", 1))
    world.keeper.step()
    world.stop()
    world.publish(row("a", 2))
    world.start()
    caplog.set_level("INFO")
    assert world.keeper.step()
    assert world.mirrored() == world.served()
    assert "mirrored: change" in caplog.text


def test_core_columns_are_not_in_the_file(world: World) -> None:
    world.publish(row("a", 1))
    world.keeper.step()
    world.stop()
    assert "涉密".encode() not in world.file.read_bytes()


Damage = Callable[[Path], None]


def damage_missing(file: Path) -> None:
    file.unlink()


def damage_empty(file: Path) -> None:
    file.write_bytes(b"")


def damage_garbage(file: Path) -> None:
    file.write_bytes(b"not a database at all, but long enough to be looked at" * 400)


def damage_torn(file: Path) -> None:
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.truncate(size // 2)


def damage_page(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.seek(3 * 4096)
        stream.write(b"\xa5" * 4096 * 4)


def damage_foreign(file: Path) -> None:
    file.unlink()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE sighting (mine TEXT)")
    connection.close()


def damage_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()
    (file / "mine").write_text("kept")


def damage_other_format(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()


def damage_table_gone(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE sighting")
    connection.close()


DAMAGES = [
    damage_missing,
    damage_empty,
    damage_garbage,
    damage_torn,
    damage_page,
    damage_foreign,
    damage_folder,
    damage_other_format,
    damage_table_gone,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)
def test_a_file_that_is_not_sound_at_the_start_is_written_anew(
    world: World, damage: Damage
) -> None:
    world.publish(*(row(f"c{n}", 1) for n in range(400)))
    world.keeper.step()
    world.stop()
    for log in world.home.glob("mirror.sqlite-*"):
        log.unlink()
    damage(world.file)
    world.start()
    assert world.keeper.step(), world.keeper.fault
    assert world.mirrored() == world.served()


def test_what_is_not_ours_is_set_aside_whole(world: World) -> None:
    world.file.mkdir()
    (world.file / "mine").write_text("kept")
    world.keeper.step()
    world.stop()
    for log in world.home.glob("mirror.sqlite-*"):
        log.unlink()
    world.file.write_bytes(b"mine, too")
    world.start()
    assert world.keeper.step()
    aside = sorted(world.home.glob("mirror.sqlite.set-aside-*"))
    assert [(aside[0] / "mine").read_text(), aside[1].read_bytes()] == ["kept", b"mine, too"]


@pytest.mark.parametrize("damage", [damage_missing, damage_foreign, damage_folder])
def test_a_file_that_is_replaced_under_the_hub_is_written_anew(
    world: World, damage: Damage
) -> None:
    world.publish(row("a", 1))
    world.keeper.step()
    generation = world.keeper.standings.generation
    damage(world.file)
    assert world.keeper.step()
    assert world.mirrored() == world.served()
    assert world.keeper.standings.generation > generation


@pytest.mark.parametrize("damage", [damage_garbage, damage_page, damage_torn, damage_empty])
def test_a_file_that_a_reader_doubts_is_looked_through(world: World, damage: Damage) -> None:
    world.publish(*(row(f"c{n}", 1) for n in range(400)))
    world.keeper.step()
    world.writer.rest()
    damage(world.file)
    world.keeper.standings.doubt()
    assert world.keeper.step()
    assert world.mirrored() == world.served()


def test_a_mirror_of_another_warehouse_is_not_taken_for_ours(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = World(tmp_path / "one", sighting()), World(tmp_path / "two", sighting())
    one.publish(row("a", 1))
    one.keeper.step()
    one.stop()
    two.loads = 7  # another load made the same version number
    two.publish(row("b", 1))
    one.file.rename(two.file)
    two.keeper.step()
    assert two.mirrored() == two.served()
    two.close()
    one.close()


def test_another_declaration_of_the_mirror_builds_it_anew(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    world.publish(row("a", 1), row("a", 2))
    world.keeper.step()
    world.contract = sighting(mirror=LATEST)
    assert world.keeper.step()
    assert caplog.text.count("mirrored: build") == 2
    assert world.mirrored() == latest(world.served())


def test_a_new_column_is_mirrored_before_anything_else_is_published(world: World) -> None:
    world.publish(row("a", 1))
    world.keeper.step()
    world.contract = sighting(more="      - {name: extra, businessName: 新, logicalType: string}\n")
    world.engine.prepare(world.contract)
    assert world.keeper.step()
    with sqlite3.connect(world.file) as connection:
        assert connection.execute("SELECT extra FROM sighting").fetchall() == [(None,)]
    connection.close()


def test_a_set_whose_contract_declares_no_mirror_any_more_leaves_the_file(world: World) -> None:
    world.publish(row("a", 1))
    world.keeper.step()
    world.contract = replace(world.contract, mirror=None)
    assert world.keeper.step()
    assert world.keeper.standings.now == {}
    with sqlite3.connect(world.file) as connection:
        assert (
            connection.execute("SELECT name FROM sqlite_schema WHERE name = 'sighting'").fetchall()
            == []
        )
    connection.close()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"rough": float("nan")}, "rough: NaN"),
        ({"rough": float("-inf")}, "rough: NaN"),
        ({"code": "a\0b"}, "code: 文本含 NUL"),
    ],
)
def test_a_set_that_no_row_store_holds_faithfully_is_left_to_the_engine(
    world: World, values: dict[str, object], says: str
) -> None:
    world.publish(row("a", 1))
    world.keeper.step()
    world.publish(dict(row("a", 2)) | values)
    assert world.keeper.step()
    assert world.mirrored() is None
    assert standing(world).state is MirrorState.UNFIT
    assert standing(world).reason.startswith(says)
    world.stop()
    world.start()
    world.keeper.step()
    assert standing(world).state is MirrorState.UNFIT


def test_a_set_that_became_fit_is_mirrored_again(tmp_path: Path) -> None:
    world = World(tmp_path, sighting("snapshot"))
    world.publish(row("a", 1, rough=float("inf")))
    world.keeper.step()
    world.publish(row("a", 1))
    assert world.keeper.step()
    assert world.mirrored() == world.served()
    world.close()


def test_keys_that_are_not_those_of_single_rows_are_never_served_from_the_mirror(
    world: World,
) -> None:
    world.publish(row("a", 1), row("a", 1, small=2))  # no gate stood before it
    assert world.keeper.step()
    assert standing(world).state is MirrorState.UNFIT
    assert "主键不唯一" in standing(world).reason
    assert world.mirrored() is None


def test_rows_that_do_not_add_up_are_written_anew(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.publish(row("a", 1), row("a", 2))
    world.keeper.step()
    with sqlite3.connect(world.file) as connection:
        connection.execute("DELETE FROM sighting")
        connection.execute('UPDATE "$publication" SET rows = 0')
    connection.close()
    world.publish(row("a", 3))
    assert world.keeper.step()
    assert "do not agree" in caplog.text
    assert world.mirrored() == world.served()


def test_a_whole_set_is_written_in_parts_beside_what_is_read_and_again_after_a_crash(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "WHOLE_FROM", 0)
    monkeypatch.setattr(changes, "FILE_ROWS", 2)
    world.publish(*(row("a", hour) for hour in range(10)))
    world.keeper.step()
    before = world.mirrored()
    world.publish(*(row("a", hour, small=hour) for hour in range(9)), row("b", 1))
    real = world.writer.order
    told: list[str] = []

    def dying(order: Mapping[str, Any], seconds: float | None = None) -> Reply:
        told.append(order["do"])
        if told == ["build"]:
            Path(order["files"][-1]).unlink()  # the writer gets half way
        return real(order, seconds)

    monkeypatch.setattr(world.writer, "order", dying)
    assert not world.keeper.step()
    assert world.mirrored() == before
    assert standing(world).state is MirrorState.FAULT
    assert world.keeper.step()
    assert told.count("build") == 2
    assert world.mirrored() == world.served()


def test_an_upsert_of_an_old_instant_keeps_its_text(world: World) -> None:
    old = datetime(1986, 6, 1, 4, 30, 0, 5, tzinfo=UTC)
    world.publish(row("a", 1), row("b", 1, at=old, rough=1e-7), row("c", 1, rough=-0.0))
    world.keeper.step()
    assert world.mirrored() == world.served()


def test_a_file_that_cannot_be_made_is_said_and_tried_again(world: World) -> None:
    world.publish(row("a", 1))
    held = world.home / "away"
    world.file.with_name("mirror.sqlite.part").mkdir()
    assert not world.keeper.step()
    assert not world.keeper.is_up
    assert "mirror.sqlite.part" in world.keeper.fault
    assert standing(world).state is MirrorState.FAULT
    world.file.with_name("mirror.sqlite.part").rename(held)
    assert world.keeper.step()
    assert world.mirrored() == world.served()
