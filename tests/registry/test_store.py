"""The registry's door, on both stores where the rule is general, on SQLite where it is SQLite's."""

import sqlite3
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import IntegrityError

from registry.store import Registry
from tests.registry.test_base import Book, Shelf


@pytest.fixture
def shelf(registry_url: str) -> Iterator[Registry]:
    registry = Registry(registry_url)
    Shelf.metadata.create_all(registry.engine)
    yield registry
    registry.close()


@pytest.fixture
def file(sqlite_url: str) -> Iterator[Registry]:
    registry = Registry(sqlite_url)
    Shelf.metadata.create_all(registry.engine)
    yield registry
    registry.close()


def titles(registry: Registry) -> list[str]:
    with registry.read() as session:
        return list(session.scalars(select(Book.title).order_by(Book.id)))


def test_a_write_is_kept(shelf: Registry) -> None:
    with shelf.write() as session:
        session.add(Book(title="kept"))
    assert titles(shelf) == ["kept"]


def test_a_write_that_fails_leaves_nothing(shelf: Registry) -> None:
    with pytest.raises(IntegrityError), shelf.write() as session:
        session.add_all([Book(title="lost"), Book(title="lost")])
    assert titles(shelf) == []


def test_what_a_read_session_changes_is_not_kept(shelf: Registry) -> None:
    with shelf.read() as session:
        session.add(Book(title="stray"))
        session.flush()
    assert titles(shelf) == []


def test_a_foreign_key_holds(shelf: Registry) -> None:
    with pytest.raises(IntegrityError), shelf.write() as session:
        session.add(Book(title="dangling", after=99))


def test_rows_stay_readable_after_a_write(shelf: Registry) -> None:
    with shelf.write() as session:
        book = Book(title="kept")
        session.add(book)
    assert book.title == "kept"


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 30_000)],
)
def test_every_sqlite_connection_is_durable_and_patient(
    file: Registry, pragma: str, value: object
) -> None:
    with file.read() as first, file.write() as second:
        for session in (first, second):
            assert session.execute(text(f"PRAGMA {pragma}")).scalar() == value


def statements(registry: Registry) -> list[str]:
    """What is sent to the store from now on, by fresh connections."""
    sent: list[str] = []

    def listen(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_trace_callback(sent.append)

    event.listen(registry.engine, "connect", listen)
    registry.engine.dispose()
    return sent


def test_a_write_takes_the_lock_from_its_start_and_a_read_takes_none(file: Registry) -> None:
    sent = statements(file)
    with file.write() as session:
        session.scalars(select(Book)).all()
    assert "BEGIN IMMEDIATE" in sent
    sent.clear()
    with file.read() as session:
        session.scalars(select(Book)).all()
    assert "BEGIN" in sent
    assert "BEGIN IMMEDIATE" not in sent


def test_a_connection_that_wrote_begins_a_later_read_without_the_lock(shelf: Registry) -> None:
    with shelf.write() as session:
        session.add(Book(title="first"))
    with shelf.read() as reader, shelf.write() as writer:
        assert reader.scalar(select(Book.title)) == "first"
        writer.add(Book(title="second"))


def test_writers_wait_for_each_other_and_lose_no_update(shelf: Registry) -> None:
    """Each reads, then writes: with a plain BEGIN, SQLite refuses and PostgreSQL forgets."""
    with shelf.write() as session:
        session.add(Book(id=1, title="0"))
    started = threading.Barrier(4)
    problems: list[Exception] = []

    def count() -> None:
        started.wait()
        try:
            for _ in range(10):
                with shelf.write() as session:
                    book = session.get_one(Book, 1)
                    book.title = str(int(book.title) + 1)
        except Exception as error:  # noqa: BLE001 - told to the test below
            problems.append(error)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert titles(shelf) == ["40"]


def test_a_reader_sees_one_state_while_another_writes(shelf: Registry) -> None:
    with shelf.write() as session:
        session.add(Book(title="before"))
    with shelf.read() as reader:
        assert reader.scalar(select(Book.title)) == "before"
        with shelf.write() as writer:
            writer.execute(update(Book).values(title="after"))
        reader.expire_all()
        assert reader.scalar(select(Book.title)) == "before"
    assert titles(shelf) == ["after"]


def test_a_change_by_another_connection_is_noticed_once(file: Registry) -> None:
    with file.watch() as changed:
        changed()
        assert not changed()
        with file.write() as session:
            session.add(Book(title="new"))
        assert changed()
        assert not changed()


def test_a_watched_registry_still_takes_writes(file: Registry) -> None:
    with file.watch() as changed:
        changed()
        with file.write() as session:
            session.add(Book(title="new"))
    assert titles(file) == ["new"]
