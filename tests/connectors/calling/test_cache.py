"""Kept answers: for their time, within their bytes."""

from datetime import UTC, datetime

from connectors.calling.answer import Answer
from connectors.calling.cache import AnswerCache

AT = datetime(2026, 8, 1, tzinfo=UTC)


def answer(size: int = 10) -> Answer:
    return Answer((), found=True, size=size, called_at=AT)


def test_an_answer_is_kept_for_its_seconds_and_not_longer() -> None:
    cache = AnswerCache(60)
    cache.keep(b"k", answer(), 100)
    assert cache.get(b"k", 159.9) is not None
    assert cache.get(b"k", 160) is None
    assert cache.get(b"k", 100) is None


def test_nothing_is_kept_where_the_contract_says_zero() -> None:
    cache = AnswerCache(0)
    cache.keep(b"k", answer(), 100)
    assert cache.get(b"k", 100) is None


def test_the_answers_used_least_recently_go_when_the_bytes_are_spent() -> None:
    cache = AnswerCache(60, max_bytes=35)
    for key in (b"a", b"b", b"c"):
        cache.keep(key, answer(), 0)
    assert cache.get(b"a", 1) is not None
    cache.keep(b"d", answer(), 1)
    assert cache.get(b"b", 1) is None
    assert cache.get(b"a", 1) is not None
    cache.keep(b"e", answer(36), 1)
    assert cache.get(b"e", 1) is None
    assert cache.get(b"a", 1) is not None
