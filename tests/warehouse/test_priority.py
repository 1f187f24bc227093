import os
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from warehouse.priority import NICE, PROCESS_NICE, others_stand_back, stand_back

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="priorities of threads are Linux's")


def priority(thread: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, thread)


def threads() -> set[int]:
    return {int(task.name) for task in Path("/proc/self/task").iterdir()}


def test_a_thread_that_stands_back_leaves_the_others_as_they_are() -> None:
    found = []

    def work() -> None:
        stand_back()
        found.append(priority(threading.get_native_id()))

    before = priority(threading.get_native_id())
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [max(before, NICE)]
    assert priority(threading.get_native_id()) == before


def test_the_engines_threads_stand_back_and_pythons_do_not() -> None:
    before, ending = threads(), threading.Event()
    usual = priority(threading.get_native_id())
    mine = threading.Thread(target=ending.wait)
    with others_stand_back():
        engine = duckdb.connect(config={"threads": 3})
        mine.start()
    own = mine.native_id
    assert own is not None
    begun = threads() - before - {own}
    assert begun
    assert {priority(thread) for thread in begun} == {max(usual, NICE)}
    assert priority(own) == usual
    ending.set()
    mine.join()
    engine.close()


def test_a_process_of_its_own_session_lowers_the_session_too() -> None:
    told = "from warehouse.priority import process_stands_back as f, SESSION; import os; f();"
    told += "print(os.nice(0), SESSION.read_text() if SESSION.exists() else '')"
    before = os.nice(0)
    ran = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, check=True, start_new_session=True
    )
    nice, *session = ran.stdout.decode().split()
    assert int(nice) == min(19, before + PROCESS_NICE)
    if session:
        assert session[-1] == str(PROCESS_NICE)
