import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from jobs.supervisor import Supervisor
from tests.crash.town import wait_for


@pytest.fixture
def starts(tmp_path: Path) -> Path:
    file = tmp_path / "starts"
    file.touch()
    return file


@pytest.fixture
def supervisor(starts: Path, tmp_path: Path) -> Iterator[Supervisor]:
    environment = {"SLEEPER_STARTS": str(starts)}
    made = Supervisor("tests.jobs.sleeper", environment, tmp_path / "sleeper.log")
    yield made
    made.stop()


def started(starts: Path) -> list[int]:
    return [int(pid) for pid in starts.read_text("ascii").split()]


def test_a_child_that_is_killed_is_started_again(supervisor: Supervisor, starts: Path) -> None:
    wait_for(lambda: len(started(starts)) == 1)
    os.kill(started(starts)[0], signal.SIGKILL)
    wait_for(lambda: len(started(starts)) == 2)
    wait_for(lambda: supervisor.pid == started(starts)[1])


def test_the_child_ends_with_the_supervisor_and_stays_ended(
    supervisor: Supervisor, starts: Path
) -> None:
    wait_for(lambda: len(started(starts)) == 1)
    child = psutil.Process(supervisor.pid)
    supervisor.stop()
    assert not child.is_running()
    assert len(started(starts)) == 1


def test_what_the_child_prints_stands_in_its_log(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    broken = Supervisor("tests.jobs.no_such_program", {}, log)
    wait_for(lambda: "no_such_program" in log.read_text("utf-8"))
    broken.stop()


def test_a_child_that_cannot_be_started_is_tried_again(
    supervisor: Supervisor, starts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for(lambda: len(started(starts)) == 1)
    with monkeypatch.context() as patched:
        patched.setattr(supervisor, "_command", ["/no/such/program"])
        os.kill(started(starts)[0], signal.SIGKILL)
        wait_for(lambda: not psutil.pid_exists(started(starts)[0]))
    wait_for(lambda: len(started(starts)) == 2)
