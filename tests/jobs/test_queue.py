import subprocess
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from connectors.landing import process_mark
from jobs.models import JobRow
from jobs.owner import owner_name
from jobs.queue import LONGEST_DELAY, MAX_ATTEMPTS, Job, JobQueue, Place
from registry.store import Registry


@pytest.fixture(autouse=True)
def long_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is tried again when a test lets time pass, and no sooner."""
    monkeypatch.setattr("jobs.queue.FIRST_DELAY", LONGEST_DELAY)


@pytest.fixture
def queue(registry: Registry) -> JobQueue:
    return JobQueue(registry)


def claimed(queue: JobQueue) -> Job:
    job = queue.claim(Place.HEAVY, "worker")
    assert job is not None
    return job


def gone_process() -> str:
    """The name of an owner that no longer runs."""
    with subprocess.Popen(["sleep", "60"]) as process:
        mark = process_mark(process.pid)
        process.kill()
    host, _, role = owner_name("heavy").split(":")
    return f"{host}:{mark}:{role}"


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
    assert not queue.renew(first)
    queue.done(first)
    queue.failed(first, "late")
    assert queue.renew(second)
    assert queue.open_keys() == {"load a"}


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


def test_the_lease_of_a_process_that_is_gone_is_taken_back_at_once(queue: JobQueue) -> None:
    for key in ("gone", "alive", "elsewhere"):
        queue.ask("load", Place.HEAVY, key, {})
    owners = [gone_process(), owner_name("heavy"), "another-host:1.2:heavy"]
    jobs = [queue.claim(Place.HEAVY, owner) for owner in owners]
    assert queue.release_gone(Place.HEAVY) == 1
    again = queue.claim(Place.HEAVY, owner_name("heavy"))
    assert again is not None
    assert jobs[0] is not None
    assert (again.id, again.attempts) == (jobs[0].id, 2)
    assert queue.claim(Place.HEAVY, owner_name("heavy")) is None


def test_finished_jobs_are_forgotten_after_a_day(queue: JobQueue, registry: Registry) -> None:
    for key in ("old", "new"):
        queue.ask("load", Place.HEAVY, key, {})
        queue.done(claimed(queue))
    with registry.write() as session:
        past = datetime.now(UTC) - timedelta(days=1, minutes=1)
        session.execute(update(JobRow).where(JobRow.key == "old").values(finished_at=past))
    queue.forget_finished()
    with registry.read() as session:
        assert session.scalars(select(JobRow.key)).all() == ["new"]


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
