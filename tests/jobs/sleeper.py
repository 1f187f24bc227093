"""A child for the supervisor's tests: says that it runs, and ends when its standard input does."""

import os
import sys
from pathlib import Path

with Path(os.environ["SLEEPER_STARTS"]).open("a", encoding="ascii") as starts:
    starts.write(f"{os.getpid()}\n")
while sys.stdin.buffer.read(4096):
    pass
