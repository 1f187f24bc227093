"""One run of the comparison at the tiny scale, shared by the tests of what it found.

Beside the hub: plain Strawberry, the bare query, the fixed reply. PostGraphile takes part where Node 22 and
PostgreSQL 15 are, which nothing here installs.
"""

import pytest

from bench.city.command import EVERYBODY, PROGRAMS
from bench.city.layout import Layout
from bench.city.question import REPEATED
from bench.city.run import Outcome, Plan, run
from bench.city.scale import SCALES

ASKED = ("Q1", "Q2", "Q3", "Q3b", "Q4", "Q5", "Q6", REPEATED.name)


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("bench")
    layout = Layout(folder, SCALES["tiny"])
    layout.own.mkdir()
    folder.chmod(0o711)  # PostgreSQL, as a user of its own, finds its folder
    return Plan(layout, PROGRAMS, seconds=0.2, rounds=1, questions=ASKED, contenders=EVERYBODY)


@pytest.fixture(scope="session")
def outcome(plan: Plan) -> Outcome:
    return run(plan)
