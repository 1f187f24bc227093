import os
import subprocess
import sys
from pathlib import Path

from connectors.models import LoadState
from tests.crash.town import DISTRICT, PATIENCE_SECONDS, wait_for
from tests.jobs.works import READING, Works

ROOT = Path(__file__).parents[2]


def test_the_workers_process_does_its_jobs_and_ends_with_its_input(works: Works) -> None:
    works.town.drop(3)
    works.hub.schedule.look(works.catalogue)
    environment = {"VITALHUB_HOME": str(works.town.home), "VITALHUB_CITY": str(works.town.city)}
    process = subprocess.Popen(
        [sys.executable, "-m", "jobs.heavy"],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        wait_for(lambda: (DISTRICT, READING) in works.hub.ledger.feeds())
        wait_for(lambda: not any(works.town.inbox.iterdir()))
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(PATIENCE_SECONDS) == 0
    states = {load.state for load in works.loads() if load.source == DISTRICT}
    assert states == {LoadState.HANDED_OVER}
    assert works.incoming() == []
