import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from access.errors import UnknownClient
from jobs.models import JobRow
from jobs.owner import owner_name
from jobs.queue import LONGEST_DELAY, Job, JobQueue, Place
from jobs.worker import Worker
from migrations.run import upgrade
from registry.store import Registry
from tests.crash.town import wait_for
from tests.jobs.test_queue import gone_process

OWNER = owner_name("heavy")


@dataclass
class Done:
    """What a worker has done; a job whose key says so is a fault the first time."""

    keys: list[str] = field(default_factory=list)
    recovered: int = 0

    def work(self, job: Job) -> None:
        self.keys.append(job.key)
        if job.key.startswith("broken") and job.attempts == 1:
            raise ZeroDivisionError("the first time")
        if job.key.startswith("refused"):
            raise UnknownClient(client="nobody")

    def recover(self) -> None:
        self.recovered += 1


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[Worker, Done]]:
    url = f"sqlite:///{tmp_path / 'registry.sqlite'}"
    upgrade(url)
    registry, done = Registry(url), Done()
    queue = JobQueue(registry)
    yield Worker(queue, registry, Place.HEAVY, OWNER, {"work": done.work}, done.recover), done
    registry.close()


def ask(worker: Worker, *keys: str) -> None:
    for key in keys:
        worker.queue.ask("work", Place.HEAVY, key, {})


def problems(worker: Worker) -> dict[str, tuple[str, str | None]]:
    with worker.registry.read() as session:
        rows = session.scalars(select(JobRow)).all()
        return {row.key: (row.state, row.problem) for row in rows}


def let_time_pass(worker: Worker) -> None:
    with worker.registry.write() as session:
        past = datetime.now(UTC) - timedelta(minutes=1)
        session.execute(update(JobRow).values(run_after=past))


@contextmanager
def running(worker: Worker, idle: Callable[[], object]) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=worker.run, args=(idle,))
    thread.start()
    try:
        yield thread
    finally:
        worker.stopping.set()
        thread.join()


def test_jobs_are_done_one_by_one_until_there_is_none(shop: tuple[Worker, Done]) -> None:
    worker, done = shop
    ask(worker, "a", "b")
    assert [worker.step(), worker.step(), worker.step()] == [True, True, False]
    assert done.keys == ["a", "b"]
    assert problems(worker) == {"a": ("done", None), "b": ("done", None)}
    assert done.recovered == 0


def test_a_job_that_raises_waits_and_is_tried_again_after_what_it_left_is_set_right(
    shop: tuple[Worker, Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.queue.FIRST_DELAY", LONGEST_DELAY)
    worker, done = shop
    ask(worker, "broken")
    assert worker.step()
    assert problems(worker)["broken"] == ("ready", "ZeroDivisionError: the first time")
    assert not worker.step()
    let_time_pass(worker)
    assert worker.step()
    assert (problems(worker)["broken"], done.recovered) == (("done", None), 1)


def test_a_refusal_is_kept_by_its_code(shop: tuple[Worker, Done]) -> None:
    worker, _ = shop
    ask(worker, "refused")
    worker.step()
    assert str(problems(worker)["refused"][1]).startswith(UnknownClient.code)


def test_what_another_asks_for_is_noticed_at_once(shop: tuple[Worker, Done]) -> None:
    worker, done = shop
    other = Registry(worker.registry.url)
    with running(worker, lambda: None):
        JobQueue(other).ask("work", Place.HEAVY, "late", {})
        wait_for(lambda: done.keys == ["late"])
    other.close()


def test_a_look_that_fails_does_not_end_the_worker(shop: tuple[Worker, Done]) -> None:
    worker, done = shop
    looks: list[int] = []

    def look() -> None:
        looks.append(len(looks))
        if len(looks) == 1:
            raise OSError("the registry is away")

    with running(worker, look) as thread:
        ask(worker, "after")
        wait_for(lambda: done.keys == ["after"])
        assert thread.is_alive()


def test_the_job_of_a_process_that_is_gone_is_taken_over_and_what_it_left_set_right(
    shop: tuple[Worker, Done],
) -> None:
    worker, done = shop
    ask(worker, "left")
    assert worker.queue.claim(Place.HEAVY, gone_process()) is not None
    with running(worker, lambda: None):
        wait_for(lambda: done.keys == ["left"])
    assert done.recovered >= 1


def test_a_worker_that_is_told_to_stop_leaves_the_rest_for_the_next(
    shop: tuple[Worker, Done],
) -> None:
    worker, done = shop
    ask(worker, "a", "b")

    def work_and_stop(job: Job) -> None:
        done.work(job)
        worker.stopping.set()

    worker.handlers = {"work": work_and_stop}
    worker.run()
    assert done.keys == ["a"]
    assert problems(worker)["b"] == ("ready", None)
