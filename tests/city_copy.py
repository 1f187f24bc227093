"""A copy of the city's declared content that a test may change."""

import shutil
from pathlib import Path

from settings import Settings


def city_copy(target: Path) -> Path:
    """`target`, with everything that Chongqing declares."""
    shutil.copytree(Settings().city, target)
    return target
