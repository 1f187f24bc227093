"""Instants and names of constraints, on both stores."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import ForeignKey, MetaData, UniqueConstraint, inspect
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from catalog.clock import CITY_ZONE
from registry.base import NAMING, Base
from registry.store import Registry


class Shelf(DeclarativeBase):
    """Rows of these tests alone, so that the product's metadata stays its own."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = Base.type_annotation_map


class Book(Shelf):
    __tablename__ = "book"
    __table_args__ = (UniqueConstraint("title"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(index=True)
    lent_at: Mapped[datetime | None] = mapped_column(default=None)
    notes: Mapped[dict[str, object]] = mapped_column(default=dict)
    after: Mapped[int | None] = mapped_column(ForeignKey("book.id"), default=None)


@pytest.fixture
def shelf(registry_url: str) -> Iterator[Registry]:
    registry = Registry(registry_url)
    Shelf.metadata.create_all(registry.engine)
    yield registry
    registry.close()


def kept(shelf: Registry, moment: datetime) -> datetime | None:
    with shelf.write() as session:
        book = Book(title=moment.isoformat(), lent_at=moment)
        session.add(book)
        session.flush()
        number = book.id
    with shelf.read() as session:
        found = session.get(Book, number)
        assert found is not None
        moment_found = found.lent_at
        with shelf.write() as other:
            other.delete(other.get_one(Book, number))
        return moment_found


def test_an_instant_of_the_city_zone_comes_back_as_the_same_instant_in_utc(shelf: Registry) -> None:
    moment = datetime(2026, 8, 19, 22, 0, 0, 123456, tzinfo=CITY_ZONE)
    found = kept(shelf, moment)
    assert found == moment
    assert found is not None
    assert found.tzinfo is UTC


def test_no_instant_stays_none(shelf: Registry) -> None:
    with shelf.write() as session:
        session.add(Book(id=1, title="one"))
    with shelf.read() as session:
        assert session.get_one(Book, 1).lent_at is None


def test_an_instant_without_a_zone_is_refused(shelf: Registry) -> None:
    naive = datetime(2026, 8, 19, 22, 0)  # noqa: DTZ001 - the refusal is the point
    with pytest.raises(StatementError, match="time zone"), shelf.write() as session:
        session.add(Book(title="naive", lent_at=naive))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    moment=st.datetimes(datetime(1949, 10, 1), datetime(2200, 1, 1)),  # noqa: DTZ001 - zoned below
    offset=st.integers(-12 * 60, 14 * 60),
)
def test_every_instant_comes_back_equal(shelf: Registry, moment: datetime, offset: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert kept(shelf, zoned) == zoned


def test_instants_sort_in_the_store_as_they_do_in_time(shelf: Registry) -> None:
    east = datetime(2026, 8, 20, 1, 0, tzinfo=CITY_ZONE)
    west = datetime(2026, 8, 19, 18, 0, tzinfo=UTC)
    with shelf.write() as session:
        session.add_all([Book(title="later", lent_at=west), Book(title="earlier", lent_at=east)])
    with shelf.read() as session:
        titles = [book.title for book in session.query(Book).order_by(Book.lent_at)]
    assert titles == ["earlier", "later"]


def test_json_keeps_chinese_text_and_nested_values(shelf: Registry) -> None:
    notes = {"河道": {"levels": [181.0, None, True]}}
    with shelf.write() as session:
        session.add(Book(id=1, title="one", notes=notes))
    with shelf.read() as session:
        assert session.get_one(Book, 1).notes == notes


def test_constraints_have_the_names_that_migrations_count_on(shelf: Registry) -> None:
    found = inspect(shelf.engine)
    assert found.get_pk_constraint("book")["name"] == "pk_book"
    assert [item["name"] for item in found.get_unique_constraints("book")] == ["uq_book_title"]
    assert [item["name"] for item in found.get_foreign_keys("book")] == ["fk_book_after_book"]
    assert "ix_book_title" in {item["name"] for item in found.get_indexes("book")}
