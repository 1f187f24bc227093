import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from jobs.models import JobRow
from jobs.queue import MAX_ATTEMPTS, Job, JobQueue, Place
from registry.store import Registry


@pytest.fixture
def queue(registry: Registry) -> JobQueue:
    return JobQueue(registry)


def claimed(queue: JobQueue) -> Job:
    job = queue.claim(Place.HEAVY, "worker")
    assert job is not None
    return job


def let_time_pass(registry: Registry, by: timedelta) -> None:
    """Move what waits for a moment, and what is leased, into the past."""
    with registry.write() as session:
        past = datetime.now(UTC) - by
        session.execute(update(JobRow).values(run_after=past))
        session.execute(
            update(JobRow).where(JobRow.lease_until.is_not(None)).values(lease_until=past)
        )


def test_asking_twice_asks_once(queue: JobQueue) -> None:
    queue.ask("load", Place.HEAVY, "load a", {"n": 1})
    queue.ask("load", Place.HEAVY, "load a", {"n": 2})
    queue.done(claimed(queue))
    assert queue.claim(Place.HEAVY, "worker") is None


def test_a_job_asked_for_again_while_it_runs_runs_once_more(queue: JobQueue) -> None:
    queue.ask("load", Place.HEAVY, "load a", {})
    first = claimed(queue)
    queue.ask("load", Place.HEAVY, "load a", {})
    queue.ask("load", Place.HEAVY, "load a", {})
    queue.done(first)
    queue.done(claimed(queue))
    assert queue.claim(Place.HEAVY, "worker") is None


def test_a_place_only_gets_its_own_jobs(queue: JobQueue) -> None:
    queue.ask("publish", Place.SERVER, "publish a", {"load": "a"})
    assert queue.claim(Place.HEAVY, "worker") is None
    job = queue.claim(Place.SERVER, "server")
    assert job is not None
    assert job.text("load") == "a"


def test_a_leased_job_is_taken_over_only_after_its_lease(
    queue: JobQueue, registry: Registry
) -> None:
    queue.ask("load", Place.HEAVY, "load a", {})
    first = claimed(queue)
    assert queue.claim(Place.HEAVY, "other") is None
    let_time_pass(registry, timedelta(minutes=5))
    second = queue.claim(Place.HEAVY, "other")
    assert second is not None
    assert second.id == first.id
    assert not queue.renew(first, "worker")
    assert queue.renew(second, "other")


def test_a_failing_job_waits_longer_each_time_and_is_given_up_with_its_problem(
    queue: JobQueue, registry: Registry
) -> None:
    queue.ask("load", Place.HEAVY, "load a", {})
    for _ in range(MAX_ATTEMPTS):
        job = claimed(queue)
        queue.failed(job, "the disk is full")
        assert queue.claim(Place.HEAVY, "worker") is None
        let_time_pass(registry, timedelta(minutes=1))
    assert queue.claim(Place.HEAVY, "worker") is None
    with registry.read() as session:
        row = session.get_one(JobRow, job.id)
        assert (row.state, row.problem, row.attempts) == (
            "failed",
            "the disk is full",
            MAX_ATTEMPTS,
        )


def test_a_server_that_starts_takes_back_the_leases_of_the_one_that_died(queue: JobQueue) -> None:
    queue.ask("publish", Place.SERVER, "publish a", {})
    assert queue.claim(Place.SERVER, "dead server") is not None
    queue.release_place(Place.SERVER)
    assert queue.claim(Place.SERVER, "new server") is not None


def test_many_claimers_never_get_the_same_job(queue: JobQueue) -> None:
    for number in range(12):
        queue.ask("load", Place.HEAVY, f"load {number}", {})
    got: list[str] = []
    lock = threading.Lock()

    def work(name: str) -> None:
        while (job := queue.claim(Place.HEAVY, name)) is not None:
            with lock:
                got.append(job.key)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(f"load {number}" for number in range(12))


def test_the_registry_tells_when_another_process_changed_it(
    queue: JobQueue, registry: Registry
) -> None:
    with registry.watch() as changed:
        assert changed()
        quiet = changed()
        queue.ask("load", Place.HEAVY, "load a", {})
        assert changed()
    if registry.engine.dialect.name == "sqlite":
        assert not quiet
