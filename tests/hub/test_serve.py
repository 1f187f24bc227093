"""The server's own process."""

import subprocess
import sys

ASKED = """
import resource
from hub.serve import OPEN_FILES, allow_files
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
allow_files()
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0] in {OPEN_FILES, hard})
"""


def test_the_hub_may_open_as_many_files_as_the_system_lets_it() -> None:
    """Where 1,024 is the beginning, idle strangers would otherwise use them up."""
    told = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "True"
