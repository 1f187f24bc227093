"""What all processes of a hub must know alike: the name that its tokens are for, and its random keys."""

import os
import secrets
from pathlib import Path

AUDIENCE = "vitalhub"


def secret_file(file: Path) -> str:
    """A random key that is made once, in a file only its owner can read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        part = file.with_suffix(".part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(secrets.token_hex(32))
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    return file.read_text("ascii")
