import subprocess
import sys

from demo.city import PROJECT

FOLLOWER = """
import sys, threading
from demo.lifeline import follow_parent, stop_event
stop = stop_event()
follow_parent()
print("up", flush=True)
stop.wait()
print("politely", flush=True)
"""


def test_the_end_of_standard_input_ends_a_follower_politely() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FOLLOWER], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as follower:
        assert follower.stdout is not None
        assert follower.stdin is not None
        assert follower.stdout.readline() == b"up\n"
        assert follower.poll() is None
        follower.stdin.close()
        assert follower.stdout.readline() == b"politely\n"
        assert follower.wait(timeout=60) == 0
