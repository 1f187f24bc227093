"""A second opinion on a load: Great Expectations looks at the rows that were published.

It runs in a process of its own that ends with the audit, because the library takes 300 MB and seconds to
import, and no worker is to carry that on.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from catalog.ids import LoadId
from jobs.errors import AuditFailed
from settings import Settings

KIND = "audit"
PROJECT = Path(__file__).parents[1]
TIMEOUT_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Auditor:
    settings: Settings

    def run(self, load: LoadId) -> None:
        """Blocking, some seconds; the results stand beside the gate's afterwards. AuditFailed."""
        environment = os.environ | {
            "VITALHUB_HOME": str(self.settings.home.absolute()),
            "VITALHUB_CITY": str(self.settings.city.absolute()),
        }
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "jobs.auditing", load],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode:
            raise AuditFailed(f"the audit of {load} ended with {done.returncode}")
