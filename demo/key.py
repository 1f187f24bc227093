"""The key by which the hub signs its requests to the ministry: made once per home, mode 0600."""

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Key:
    key_id: str
    secret: str = field(repr=False)


def ministry_key(home: Path) -> Key:
    """The key of this home; made by the first who asks."""
    file = home / "ministry" / "key.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        key = {"key_id": "vitalhub-chongqing", "secret": secrets.token_urlsafe(32)}
        write_private(file, json.dumps(key))
    return Key(**json.loads(file.read_text("utf-8")))


def write_private(file: Path, text: str) -> None:
    """The whole text or none of it, readable by the owner alone from the first byte."""
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)
