import subprocess
import sys

import pytest

from catalog.ids import LoadId
from jobs.audit import Auditor
from jobs.errors import AuditFailed
from quality.verdict import EngineName
from tests.jobs.works import Works, line


def test_a_second_engine_looks_at_the_published_rows_and_stands_beside_the_gate(
    works: Works,
) -> None:
    works.publish_stations()
    works.drop("some.csv", [line(), line(hours=1), line(hours=2, level="99")])
    (load,) = works.extract()
    works.publish(load)
    before = works.hub.quality.run(LoadId(load.id))
    Auditor(works.hub.settings).run(LoadId(load.id))
    after = works.hub.quality.run(LoadId(load.id))
    (second,) = [r for r in after.results if r.engine is EngineName.GREAT_EXPECTATIONS]
    assert (second.rule_id, second.evaluated, second.failed) == ("plausible", 2, 0)
    assert after.digest == before.digest, "a signature of the gate's results still holds"


def test_an_audit_that_cannot_be_made_fails_aloud(works: Works) -> None:
    with pytest.raises(AuditFailed):
        Auditor(works.hub.settings).run(LoadId("0" * 32))


def test_neither_the_worker_nor_the_server_imports_great_expectations() -> None:
    asked = "import sys, jobs.heavy, hub.composition; print('great_expectations' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
